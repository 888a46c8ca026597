#include "model/packed_file.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "base/checked.h"
#include "base/checksum.h"
#include "base/output_file.h"
#include "base/str_cat.h"
#include "model/fingerprint.h"

namespace cria::model {
namespace {

constexpr std::string_view kMagic = "CRIA-PW\n";
// Panels begin where pages do.
constexpr uint64_t kAlignment = 4096;
// What is summed up at once.
constexpr uint64_t kPiece = uint64_t{4} << 20;
constexpr uint32_t kMaxText = 1 << 16;

// Panels of a matrix before they are read by anybody: checksum of each piece, seeded by the last.
uint64_t sum_of_panels(Bytes panels) {
  uint64_t sum = 0;
  for (uint64_t at = 0; at < panels.size(); at += kPiece) {
    sum = checksum(panels.subspan(at, std::min(kPiece, panels.size() - at)), sum);
  }
  return sum;
}

std::string layout_of(const kernels::PackedKernel& kernel) {
  return str_cat(kernel.isa, ": ", kernel.layout, "; ", kernel.width, " columns");
}

// A matrix that stands in the file.
struct Packed {
  NamedLinear named;
  std::string layout;
  uint64_t n_bytes = 0;
  uint64_t sum = 0;

  Bytes panels() const { return {named.linear->packed.panels, static_cast<size_t>(n_bytes)}; }
};

std::vector<Packed> packed_matrices(const Model& model) {
  std::vector<Packed> all;
  for (NamedLinear& named : named_linears(model.weights)) {
    const kernels::PackedKernel* kernel =
        gemm::packed_kernel(model.kernels, named.linear->weight.dtype);
    if (kernel == nullptr) continue;
    const uint64_t n_bytes = gemm::packed_bytes(model.kernels, named.linear->weight);
    all.push_back({.named = std::move(named), .layout = layout_of(*kernel), .n_bytes = n_bytes});
  }
  return all;
}

uint64_t align_up(uint64_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

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

// data_start: where the first matrix stands. The head's size does not depend on it.
std::string head_of(const Model& model, const std::vector<Packed>& matrices, uint64_t data_start) {
  HeadWriter head;
  head.add_raw(kMagic);
  head.add(kPackedFileVersion);
  head.add(fingerprint(*model.catalog));
  head.add(model.catalog->size_bytes());
  head.add(static_cast<uint64_t>(matrices.size()));
  uint64_t offset = data_start;
  for (const Packed& each : matrices) {
    const TensorView& w = each.named.linear->weight;
    head.add(each.named.name);
    head.add(each.layout);
    head.add(static_cast<uint32_t>(w.dtype));
    head.add(static_cast<uint64_t>(w.n_rows()));
    head.add(static_cast<uint64_t>(w.n_cols()));
    head.add(offset);
    head.add(each.n_bytes);
    head.add(each.sum);
    offset += align_up(each.n_bytes);
  }
  head.add(checksum(as_bytes(head.text())));
  return head.text();
}

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
  if (entry.offset % kAlignment != 0) {
    return in.error("offset", "found ", entry.offset, ", expected a multiple of ", kAlignment);
  }
  if (entry.n_bytes > in.size() || entry.offset > in.size() - entry.n_bytes) {
    return in.error("offset", "found ", entry.offset, " and ", entry.n_bytes,
                    " bytes, expected an end within the file's ", in.size());
  }
  return {};
}

template <typename Found, typename Expected>
Status of_another(std::string_view path, const char* what, const Found& found,
                  const Expected& expected) {
  return invalid_argument(path, ": holds packed weights of another ", what, ": found ", found,
                          ", expected ", expected, "; make it again with cria pack");
}

Status check_matrix(const ByteReader& in, const PackedEntry& entry, const Packed& wanted) {
  const TensorView& w = wanted.named.linear->weight;
  if (entry.layout != wanted.layout) {
    return of_another(in.source_name(), "kernel table or layout", entry.layout, wanted.layout);
  }
  if (entry.name != wanted.named.name || entry.dtype != static_cast<uint32_t>(w.dtype) ||
      entry.n_rows != static_cast<uint64_t>(w.n_rows()) ||
      entry.n_cols != static_cast<uint64_t>(w.n_cols()) || entry.n_bytes != wanted.n_bytes) {
    return in.error("matrix", "found ", entry.name, " [", entry.n_rows, ", ", entry.n_cols,
                    "], expected ", wanted.named.name, " [", w.n_rows(), ", ", w.n_cols(), "]");
  }
  return {};
}

// Errors: io_error where the disk fails; corrupt.
Status check_sums(const MappedFile& file, const std::vector<PackedEntry>& entries,
                  ThreadPool& pool) {
  std::atomic<size_t> wrong = SIZE_MAX;
  std::atomic<bool> unreadable = false;
  const auto check = [&](int64_t begin, int64_t end, int) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      const PackedEntry& entry = entries[i];
      if (!file.prefault(entry.offset, entry.offset + entry.n_bytes).ok()) unreadable = true;
      if (unreadable) return;
      if (sum_of_panels(file.bytes().subspan(entry.offset, entry.n_bytes)) != entry.sum) wrong = i;
    }
  };
  pool.for_each(static_cast<int64_t>(entries.size()), 1, check);
  if (unreadable) return io_error(file.path(), ": cannot be read; the disk may be failing");
  if (wrong == SIZE_MAX) return {};
  const PackedEntry& entry = entries[wrong];
  return corrupt(file.path(), ": at byte ", entry.offset, ": ", entry.name,
                 ": its checksum is wrong; make the file again with cria pack");
}

}  // namespace

Result<PackedIndex> read_packed_index(ByteReader& in) {
  PackedIndex index;
  std::string_view magic;
  CRIA_RETURN_IF_ERROR(in.read_text("magic", kMagic.size(), magic));
  if (magic != kMagic) return in.error_at(0, "magic", "this is no file of packed weights");
  uint32_t version = 0;
  CRIA_RETURN_IF_ERROR(in.read("version", version));
  if (version != kPackedFileVersion) {
    return of_another(in.source_name(), "version", version, kPackedFileVersion);
  }
  CRIA_RETURN_IF_ERROR(in.read("model", index.fingerprint));
  CRIA_RETURN_IF_ERROR(in.read("size of the model", index.source_bytes));
  uint64_t n_entries = 0;
  CRIA_RETURN_IF_ERROR(in.read("number of matrices", n_entries));
  CRIA_RETURN_IF_ERROR(in.require_items("number of matrices", n_entries, 52));
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

uint64_t packed_file_bytes(const Model& model) {
  uint64_t n_bytes = 0;
  for (const Packed& each : packed_matrices(model)) n_bytes += align_up(each.n_bytes);
  return n_bytes;
}

Status save_packed(const Model& model, const std::string& path) {
  std::vector<Packed> matrices = packed_matrices(model);
  if (matrices.empty()) {
    return Status(StatusCode::unsupported,
                  str_cat(model.path, ": has no weights that are packed for kernels ",
                          model.kernels.name, "; they are used where they stand"));
  }
  for (Packed& each : matrices) each.sum = sum_of_panels(each.panels());
  const uint64_t data_start = align_up(head_of(model, matrices, 0).size());
  std::string head = head_of(model, matrices, data_start);
  head.resize(data_start);
  const std::string padding(kAlignment, '\0');
  auto out = OutputFile::create(path);
  if (!out.ok()) return out.status();
  CRIA_RETURN_IF_ERROR(out->write(as_bytes(head)));
  for (const Packed& each : matrices) {
    CRIA_RETURN_IF_ERROR(out->write(each.panels()));
    if (&each == &matrices.back()) break;
    const uint64_t n_padding = align_up(each.n_bytes) - each.n_bytes;
    CRIA_RETURN_IF_ERROR(out->write(as_bytes(padding).first(n_padding)));
  }
  return out->commit();
}

Status attach_packed(const std::string& path, ThreadPool& pool, Model& model) {
  auto file = MappedFile::open(path);
  if (!file.ok()) return file.status();
  ByteReader in((*file)->bytes(), path);
  const auto index = read_packed_index(in);
  if (!index.ok()) return index.status();
  const uint64_t own = fingerprint(*model.catalog);
  if (index->fingerprint != own || index->source_bytes != model.catalog->size_bytes()) {
    return of_another(path, "model", index->fingerprint, own);
  }
  const std::vector<Packed> matrices = packed_matrices(model);
  if (index->entries.size() != matrices.size()) {
    return in.error("number of matrices", "found ", index->entries.size(), ", expected ",
                    matrices.size());
  }
  for (size_t i = 0; i < matrices.size(); ++i) {
    CRIA_RETURN_IF_ERROR(check_matrix(in, index->entries[i], matrices[i]));
  }
  CRIA_RETURN_IF_ERROR(check_sums(**file, index->entries, pool));
  auto entry = index->entries.begin();
  for (Linear* linear : linears_to_pack(model.weights)) {
    if (gemm::packed_kernel(model.kernels, linear->weight.dtype) == nullptr) continue;
    linear->packed = gemm::panels_in_file(model.kernels, linear->weight, *file, entry->offset);
    ++entry;
  }
  let_go_of_packed(*model.catalog, model.weights);
  return {};
}

}  // namespace cria::model
