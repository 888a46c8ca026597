// The one way by which foreign bytes become numbers: little-endian, bounded, and able to say where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/str_cat.h"

namespace cria {

using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

// Reads forward through bytes that it does not own. Every read names its field, so that an error
// says file, position, field, what was found and what would have been right.
// Thread compatible. The bytes and the name outlive the reader.
class ByteReader {
 public:
  ByteReader(Bytes bytes, std::string_view source_name)
      : bytes_(bytes), source_name_(source_name) {}

  uint64_t position() const { return position_; }
  uint64_t size() const { return bytes_.size(); }
  uint64_t remaining() const { return bytes_.size() - position_; }
  std::string_view source_name() const { return source_name_; }

  // An arithmetic type, little-endian, any alignment. Errors: corrupt when too few bytes are left.
  template <typename T>
  requires std::is_arithmetic_v<T> Status read(std::string_view field, T& out) {
    CRIA_RETURN_IF_ERROR(require(field, sizeof(T)));
    std::memcpy(&out, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return {};
  }

  // A view of the next n bytes. Errors: corrupt when fewer are left.
  Status read_bytes(std::string_view field, uint64_t n, Bytes& out);
  Status read_text(std::string_view field, uint64_t n, std::string_view& out);
  Status skip(std::string_view field, uint64_t n);
  // Errors: corrupt when position lies past the end.
  Status seek(std::string_view field, uint64_t position);

  // Checks that n more bytes exist; reads nothing.
  Status require(std::string_view field, uint64_t n) const;
  // Checks that count items of at least item_bytes each can still follow: the guard to call before
  // a count from a file sizes anything.
  Status require_items(std::string_view field, uint64_t count, uint64_t item_bytes) const;

  // "FILE: at byte POSITION: FIELD: WHAT", as a corrupt Status. The overload takes a position.
  template <typename... Pieces>
  Status error(std::string_view field, const Pieces&... what) const {
    return error_at(position_, field, what...);
  }
  template <typename... Pieces>
  Status error_at(uint64_t position, std::string_view field, const Pieces&... what) const {
    return corrupt(source_name_, ": at byte ", position, ": ", field, ": ", what...);
  }

 private:
  Bytes bytes_;
  std::string_view source_name_;
  uint64_t position_ = 0;
};

}  // namespace cria
