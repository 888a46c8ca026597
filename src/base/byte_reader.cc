#include "base/byte_reader.h"

#include "base/checked.h"

namespace cria {

Status ByteReader::require(std::string_view field, uint64_t n) const {
  if (n <= remaining()) return {};
  return error(field, "found ", remaining(), " bytes left, expected ", n,
               "; the file is cut short or its sizes are wrong: download it again");
}

Status ByteReader::require_items(std::string_view field, uint64_t count,
                                 uint64_t item_bytes) const {
  const auto total = checked_mul(count, item_bytes);
  if (total && *total <= remaining()) return {};
  return error(field, "found a count of ", count, ", expected at most ",
               item_bytes == 0 ? remaining() : remaining() / item_bytes, " with ", remaining(),
               " bytes left; the file is cut short or damaged: download it again");
}

Status ByteReader::read_bytes(std::string_view field, uint64_t n, Bytes& out) {
  CRIA_RETURN_IF_ERROR(require(field, n));
  out = bytes_.subspan(position_, n);
  position_ += n;
  return {};
}

Status ByteReader::read_text(std::string_view field, uint64_t n, std::string_view& out) {
  Bytes bytes;
  CRIA_RETURN_IF_ERROR(read_bytes(field, n, bytes));
  out = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  return {};
}

Status ByteReader::skip(std::string_view field, uint64_t n) {
  CRIA_RETURN_IF_ERROR(require(field, n));
  position_ += n;
  return {};
}

Status ByteReader::seek(std::string_view field, uint64_t position) {
  if (position > bytes_.size()) {
    return error(field, "found an offset of ", position, ", expected at most the file's ",
                 bytes_.size(), " bytes");
  }
  position_ = position;
  return {};
}

}  // namespace cria
