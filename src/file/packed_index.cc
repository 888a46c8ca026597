#include "file/packed_index.h"

#include "base/checksum.h"
#include "base/str_cat.h"

namespace cria::file {
namespace {

constexpr std::string_view kPackedMagic = "CRIA-PW\n";
constexpr uint32_t kMaxText = 1 << 16;
constexpr uint64_t kLeastEntryBytes = 52;

Status read_name(ByteReader& in, std::string_view field, std::string_view& out) {
  uint32_t n = 0;
  CRIA_RETURN_IF_ERROR(in.read(field, n));
  if (n > kMaxText) {
    return in.error(field, "found a text of ", n, " bytes, expected at most ", kMaxText);
  }
  return in.read_text(field, n, out);
}

Status read_entry(ByteReader& in, PackedEntry& entry) {
  CRIA_RETURN_IF_ERROR(read_name(in, "name of a matrix", entry.name));
  CRIA_RETURN_IF_ERROR(read_name(in, "layout", entry.layout));
  CRIA_RETURN_IF_ERROR(in.read("type", entry.dtype));
  CRIA_RETURN_IF_ERROR(in.read("rows", entry.n_rows));
  CRIA_RETURN_IF_ERROR(in.read("columns", entry.n_cols));
  CRIA_RETURN_IF_ERROR(in.read("offset", entry.offset));
  CRIA_RETURN_IF_ERROR(in.read("bytes", entry.n_bytes));
  CRIA_RETURN_IF_ERROR(in.read("checksum", entry.sum));
  if (entry.offset % kPackedAlignment != 0) {
    return in.error("offset", "found ", entry.offset, ", expected a multiple of ",
                    kPackedAlignment);
  }
  if (entry.n_bytes > in.size() || entry.offset > in.size() - entry.n_bytes) {
    return in.error("offset", "found ", entry.offset, " and ", entry.n_bytes,
                    " bytes, expected an end within the file's ", in.size());
  }
  return {};
}

class HeadWriter {
 public:
  template <typename T>
  requires std::is_arithmetic_v<T>
  void add(T value) { head_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void add(std::string_view text) {
    add(static_cast<uint32_t>(text.size()));
    head_ += text;
  }
  void add_raw(std::string_view text) { head_ += text; }
  const std::string& text() const { return head_; }

 private:
  std::string head_;
};

}  // namespace

Result<PackedIndex> read_packed_index(ByteReader& in) {
  PackedIndex index;
  std::string_view magic;
  CRIA_RETURN_IF_ERROR(in.read_text("magic", kPackedMagic.size(), magic));
  if (magic != kPackedMagic) return in.error_at(0, "magic", "this is no file of packed weights");
  uint32_t version = 0;
  CRIA_RETURN_IF_ERROR(in.read("version", version));
  if (version != kPackedFileVersion) {
    return invalid_argument(in.source_name(), ": holds packed weights of another version: found ",
                            version, ", expected ", kPackedFileVersion,
                            "; make it again with cria pack");
  }
  CRIA_RETURN_IF_ERROR(in.read("model", index.fingerprint));
  CRIA_RETURN_IF_ERROR(in.read("size of the model", index.source_bytes));
  uint64_t n_entries = 0;
  CRIA_RETURN_IF_ERROR(in.read("number of matrices", n_entries));
  CRIA_RETURN_IF_ERROR(in.require_items("number of matrices", n_entries, kLeastEntryBytes));
  index.entries.resize(n_entries);
  for (PackedEntry& entry : index.entries) CRIA_RETURN_IF_ERROR(read_entry(in, entry));
  const uint64_t end = in.position();
  uint64_t sum = 0;
  CRIA_RETURN_IF_ERROR(in.read("checksum of the head", sum));
  CRIA_RETURN_IF_ERROR(in.seek("head", 0));
  Bytes head;
  CRIA_RETURN_IF_ERROR(in.read_bytes("head", end, head));
  if (checksum(head) != sum) return in.error("checksum of the head", "is wrong");
  return index;
}

std::string packed_head(const PackedIndex& index) {
  HeadWriter head;
  head.add_raw(kPackedMagic);
  head.add(kPackedFileVersion);
  head.add(index.fingerprint);
  head.add(index.source_bytes);
  head.add(static_cast<uint64_t>(index.entries.size()));
  for (const PackedEntry& entry : index.entries) {
    head.add(entry.name);
    head.add(entry.layout);
    head.add(entry.dtype);
    head.add(entry.n_rows);
    head.add(entry.n_cols);
    head.add(entry.offset);
    head.add(entry.n_bytes);
    head.add(entry.sum);
  }
  head.add(checksum(as_bytes(head.text())));
  return head.text();
}

}  // namespace cria::file
