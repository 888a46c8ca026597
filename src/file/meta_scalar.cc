#include "file/meta_scalar.h"

namespace cria::file {
namespace {

// Reads a Stored and keeps it as a Kept: uint64_t, int64_t or double.
template <typename Stored, typename Kept>
Status read_number(ByteReader& in, std::string_view field, MetaValue& out) {
  Stored stored = 0;
  CRIA_RETURN_IF_ERROR(in.read(field, stored));
  out.value = static_cast<Kept>(stored);
  return {};
}

Status read_boolean(ByteReader& in, std::string_view field, MetaValue& out) {
  const uint64_t position = in.position();
  uint8_t stored = 0;
  CRIA_RETURN_IF_ERROR(in.read(field, stored));
  if (stored > 1)
    return in.error_at(position, field, "found a bool of ", stored, ", expected 0 or 1");
  out.value = stored == 1;
  return {};
}

}  // namespace

std::optional<MetaType> find_meta_type(uint32_t id) {
  if (id > static_cast<uint32_t>(MetaType::f64)) return std::nullopt;
  return static_cast<MetaType>(id);
}

uint64_t meta_type_bytes(MetaType type) {
  switch (type) {
    case MetaType::u8:
    case MetaType::i8:
    case MetaType::boolean:
      return 1;
    case MetaType::u16:
    case MetaType::i16:
      return 2;
    case MetaType::u32:
    case MetaType::i32:
    case MetaType::f32:
      return 4;
    case MetaType::u64:
    case MetaType::i64:
    case MetaType::f64:
      return 8;
    case MetaType::string:
    case MetaType::array:
      return 0;
  }
  return 0;
}

Status read_meta_scalar(ByteReader& in, std::string_view field, MetaType type, MetaValue& out) {
  out.type = type;
  switch (type) {
    case MetaType::u8:
      return read_number<uint8_t, uint64_t>(in, field, out);
    case MetaType::i8:
      return read_number<int8_t, int64_t>(in, field, out);
    case MetaType::u16:
      return read_number<uint16_t, uint64_t>(in, field, out);
    case MetaType::i16:
      return read_number<int16_t, int64_t>(in, field, out);
    case MetaType::u32:
      return read_number<uint32_t, uint64_t>(in, field, out);
    case MetaType::i32:
      return read_number<int32_t, int64_t>(in, field, out);
    case MetaType::f32:
      return read_number<float, double>(in, field, out);
    case MetaType::boolean:
      return read_boolean(in, field, out);
    case MetaType::u64:
      return read_number<uint64_t, uint64_t>(in, field, out);
    case MetaType::i64:
      return read_number<int64_t, int64_t>(in, field, out);
    case MetaType::f64:
      return read_number<double, double>(in, field, out);
    case MetaType::string:
    case MetaType::array:
      break;
  }
  return Status(StatusCode::internal, "read_meta_scalar was asked for a string or an array");
}

}  // namespace cria::file
