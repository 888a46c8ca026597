#include "file/gguf_writer.h"

#include "base/checked.h"
#include "file/append.h"

namespace cria::file {
namespace {

constexpr uint64_t kAlignment = 32;  // what readers take where no key says otherwise
constexpr uint32_t kVersion = 3;

void append_array_head(std::string& out, MetaType elem_type, size_t count) {
  append_number(out, static_cast<uint32_t>(elem_type));
  append_number(out, static_cast<uint64_t>(count));
}

uint64_t padding_after(uint64_t size_bytes) {
  return (kAlignment - size_bytes % kAlignment) % kAlignment;
}

template <typename Stored, typename Kept>
void append_kept(std::string& out, const MetaValue& value) {
  append_number(out, static_cast<Stored>(std::get<Kept>(value.value)));
}

void append_value(std::string& out, const MetaValue& value) {
  switch (value.type) {
    case MetaType::u8:
      return append_kept<uint8_t, uint64_t>(out, value);
    case MetaType::u16:
      return append_kept<uint16_t, uint64_t>(out, value);
    case MetaType::u32:
      return append_kept<uint32_t, uint64_t>(out, value);
    case MetaType::u64:
      return append_kept<uint64_t, uint64_t>(out, value);
    case MetaType::i8:
      return append_kept<int8_t, int64_t>(out, value);
    case MetaType::i16:
      return append_kept<int16_t, int64_t>(out, value);
    case MetaType::i32:
      return append_kept<int32_t, int64_t>(out, value);
    case MetaType::i64:
      return append_kept<int64_t, int64_t>(out, value);
    case MetaType::f32:
      return append_kept<float, double>(out, value);
    case MetaType::f64:
      return append_kept<double, double>(out, value);
    case MetaType::boolean:
      return append_kept<uint8_t, bool>(out, value);
    case MetaType::string:
      return append_text(out, std::get<std::string_view>(value.value));
    case MetaType::array: {
      const auto& array = std::get<MetaArray>(value.value);
      append_array_head(out, array.elem_type, array.count);
      out.append(reinterpret_cast<const char*>(array.encoded.data()), array.encoded.size());
    }
  }
}

Status write_padding(OutputFile& file) {
  static constexpr std::byte kZeros[kAlignment] = {};
  return file.write({kZeros, padding_after(file.n_bytes_written())});
}

}  // namespace

void GgufWriter::add_key(std::string_view key, MetaType type) {
  append_text(metadata_, key);
  append_number(metadata_, static_cast<uint32_t>(type));
  ++n_metadata_;
}

void GgufWriter::add_u32(std::string_view key, uint32_t value) {
  add_key(key, MetaType::u32);
  append_number(metadata_, value);
}

void GgufWriter::add_f32(std::string_view key, float value) {
  add_key(key, MetaType::f32);
  append_number(metadata_, value);
}

void GgufWriter::add_bool(std::string_view key, bool value) {
  add_key(key, MetaType::boolean);
  metadata_ += value ? '\1' : '\0';
}

void GgufWriter::add_string(std::string_view key, std::string_view value) {
  add_key(key, MetaType::string);
  append_text(metadata_, value);
}

void GgufWriter::add_strings(std::string_view key, const std::vector<std::string>& values) {
  add_key(key, MetaType::array);
  append_array_head(metadata_, MetaType::string, values.size());
  for (const std::string& value : values) append_text(metadata_, value);
}

void GgufWriter::add_f32s(std::string_view key, const std::vector<float>& values) {
  add_key(key, MetaType::array);
  append_array_head(metadata_, MetaType::f32, values.size());
  for (const float value : values) append_number(metadata_, value);
}

void GgufWriter::add_i32s(std::string_view key, const std::vector<int32_t>& values) {
  add_key(key, MetaType::array);
  append_array_head(metadata_, MetaType::i32, values.size());
  for (const int32_t value : values) append_number(metadata_, value);
}

void GgufWriter::add_value(std::string_view key, const MetaValue& value) {
  add_key(key, value.type);
  append_value(metadata_, value);
}

Status GgufWriter::add_tensor(std::string_view name, DType dtype,
                              const std::vector<int64_t>& dims) {
  const auto refuse = [&](const auto&... what) {
    return invalid_argument("tensor ", quoted(name), ": ", what...);
  };
  if (name.empty()) return refuse("found an empty name, expected at least one byte");
  if (dtype == DType::grouped_i8) return refuse("found type grouped_i8, which GGUF does not have");
  if (dims.empty() || dims.size() > 4) {
    return refuse("found ", dims.size(), " dimensions, expected 1 to 4");
  }
  for (const Tensor& tensor : tensors_) {
    if (tensor.name == name) return refuse("found it a second time, expected each name once");
  }
  std::optional<uint64_t> size_bytes = row_bytes(dtype, static_cast<uint64_t>(dims[0]));
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] <= 0)
      return refuse("found dimension ", i, " of ", dims[i], ", expected at least 1");
    if (i != 0 && size_bytes) size_bytes = checked_mul(*size_bytes, static_cast<uint64_t>(dims[i]));
  }
  if (!size_bytes) {
    return refuse("found rows of ", dims[0], " elements, expected a multiple of ",
                  dtype_info(dtype).block_elems, ", the block of ", dtype_info(dtype).name,
                  ", and a size under 2^64 bytes");
  }
  tensors_.push_back({std::string(name), dtype, dims, *size_bytes});
  return {};
}

Status GgufWriter::write(const std::string& path,
                         FunctionRef<Status(size_t i_tensor, Sink sink)> fill) const {
  std::string header = "GGUF";
  append_number(header, kVersion);
  append_number(header, static_cast<uint64_t>(tensors_.size()));
  append_number(header, n_metadata_);
  header += metadata_;
  uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    append_text(header, tensor.name);
    append_number(header, static_cast<uint32_t>(tensor.dims.size()));
    for (const int64_t dim : tensor.dims) append_number(header, static_cast<uint64_t>(dim));
    append_number(header, static_cast<uint32_t>(tensor.dtype));
    append_number(header, offset);
    offset += tensor.size_bytes + padding_after(tensor.size_bytes);
  }
  auto file = OutputFile::create(path);
  if (!file.ok()) return file.status();
  CRIA_RETURN_IF_ERROR(file->write(as_bytes(header)));
  CRIA_RETURN_IF_ERROR(write_padding(*file));
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const uint64_t begin = file->n_bytes_written();
    CRIA_RETURN_IF_ERROR(fill(i, [&](Bytes bytes) { return file->write(bytes); }));
    const uint64_t n_written = file->n_bytes_written() - begin;
    if (n_written != tensors_[i].size_bytes) {
      return Status(StatusCode::internal,
                    str_cat(path, ": tensor ", quoted(tensors_[i].name), ": ", n_written,
                            " bytes were written, expected ", tensors_[i].size_bytes));
    }
    CRIA_RETURN_IF_ERROR(write_padding(*file));
  }
  return file->commit();
}

}  // namespace cria::file
