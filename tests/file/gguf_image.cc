#include "file/gguf_image.h"

namespace cria::file::testing {

std::string encoded_text(std::string_view text) {
  return le<uint64_t>(text.size()) + std::string(text);
}

std::string encoded_key(std::string_view key, uint32_t type, std::string_view value) {
  return encoded_text(key) + le(type) + std::string(value);
}

std::string encoded_array(uint32_t elem_type, uint64_t count, std::string_view elements) {
  return le(elem_type) + le(count) + std::string(elements);
}

std::string encoded(const TensorHeader& tensor) {
  std::string out = encoded_text(tensor.name);
  out += le(tensor.n_dims.value_or(static_cast<uint32_t>(tensor.dims.size())));
  for (const uint64_t dim : tensor.dims) out += le(dim);
  return out + le(tensor.type) + le(tensor.offset);
}

std::string GgufImage::bytes() const {
  std::string out = magic + le(version) + le(n_tensors.value_or(tensors.size())) +
                    le(n_keys.value_or(keys.size()));
  for (const std::string& key : keys) out += key;
  for (const std::string& tensor : tensors) out += tensor;
  if (data.empty()) return out;
  out.resize((out.size() + alignment - 1) / alignment * alignment, '\0');
  return out + data;
}

GgufImage valid_image() {
  GgufImage image;
  image.keys = {
      encoded_key("general.architecture", kString, encoded_text("llama")),
      encoded_key("u8", kU8, le<uint8_t>(200)),
      encoded_key("i8", kI8, le<int8_t>(-100)),
      encoded_key("u16", kU16, le<uint16_t>(60000)),
      encoded_key("i16", kI16, le<int16_t>(-30000)),
      encoded_key("u32", kU32, le<uint32_t>(4000000000)),
      encoded_key("i32", kI32, le<int32_t>(-2000000000)),
      encoded_key("f32", kF32, le<float>(0.5f)),
      encoded_key("bool", kBool, le<uint8_t>(1)),
      encoded_key("u64", kU64, le<uint64_t>(1ull << 63)),
      encoded_key("i64", kI64, le<int64_t>(INT64_MIN)),
      encoded_key("f64", kF64, le<double>(-0.25)),
      encoded_key(
          "texts", kArray,
          encoded_array(kString, 3, encoded_text("a") + encoded_text("") + encoded_text("b c"))),
      encoded_key("floats", kArray, encoded_array(kF32, 2, le(1.5f) + le(-2.0f))),
      encoded_key("ids", kArray, encoded_array(kI32, 2, le<int32_t>(-7) + le<int32_t>(9))),
      encoded_key("flags", kArray, encoded_array(kBool, 2, std::string("\0\1", 2))),
      encoded_key("none", kArray, encoded_array(kU16, 0, "")),
  };
  image.tensors = {
      encoded({.name = "a", .dims = {4, 3}, .type = 0, .offset = 0}),          // f32, 48 bytes
      encoded({.name = "b", .dims = {32, 2}, .type = 8, .offset = 64}),        // q8_0, 68 bytes
      encoded({.name = "c", .dims = {1, 1, 2, 3}, .type = 1, .offset = 160}),  // f16, 12 bytes
  };
  image.data.assign(172, '\0');
  for (size_t i = 0; i < image.data.size(); ++i) image.data[i] = static_cast<char>(i);
  return image;
}

}  // namespace cria::file::testing
