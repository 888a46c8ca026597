// GGUF files put together field by field, so that a test can get any one of them wrong. Shares no
// code with the writer, and so checks it too.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cria::file::testing {

// Value type ids of the specification.
enum : uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};

// The little-endian bytes of a number.
template <typename T>
std::string le(T value) {
  std::string out(sizeof value, '\0');
  std::memcpy(out.data(), &value, sizeof value);
  return out;
}

// Length and bytes.
std::string encoded_text(std::string_view text);
std::string encoded_key(std::string_view key, uint32_t type, std::string_view value);
// An array value: element type, count, elements.
std::string encoded_array(uint32_t elem_type, uint64_t count, std::string_view elements);

struct TensorHeader {
  std::string name = "t";
  std::optional<uint32_t> n_dims = std::nullopt;  // else dims.size()
  std::vector<uint64_t> dims = {8};
  uint32_t type = 0;
  uint64_t offset = 0;
};
std::string encoded(const TensorHeader& tensor);

struct GgufImage {
  std::string magic = "GGUF";
  uint32_t version = 3;
  std::optional<uint64_t> n_tensors = std::nullopt;  // else tensors.size()
  std::optional<uint64_t> n_keys = std::nullopt;     // else keys.size()
  std::vector<std::string> keys;
  std::vector<std::string> tensors;
  uint64_t alignment = 32;  // of the data section; no key is added for it
  std::string data;

  std::string bytes() const;
};

// A small valid file: every value type, an array of each kind, three tensors of different types.
GgufImage valid_image();

}  // namespace cria::file::testing
