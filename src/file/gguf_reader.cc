// Reads GGUF v2 and v3, little-endian. Knows nothing of what keys and tensors mean, but for
// general.alignment. Every count is held against the bytes that are left before it sizes anything.
// Source: the GGUF specification.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/checked.h"
#include "file/meta_scalar.h"
#include "file/readers.h"

namespace cria::file {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr uint32_t kDefaultAlignment = 32;
constexpr uint32_t kMinAlignment = 8;
constexpr uint32_t kMaxAlignment = 64 * 1024;
constexpr uint32_t kMaxDims = 4;
constexpr uint64_t kMaxNameBytes = 65535;  // the specification's limit for keys

// The least that an entry can take: lengths, a name of one byte, type ids, one dimension, an
// offset.
constexpr uint64_t kMinKeyValueBytes = 8 + 1 + 4 + 1;
constexpr uint64_t kMinTensorHeaderBytes = 8 + 1 + 4 + 8 + 4 + 8;

// Real files hold tens of keys and at most a few thousand tensors. An entry costs us up to five
// times its least size in the file; with these limits a hostile one costs at most about 10 MB.
constexpr uint64_t kMaxKeyValues = 16384;
constexpr uint64_t kMaxTensors = 65536;

// The same message with the code for what is well formed but not known here.
Status as_unsupported(const Status& status) {
  return Status(StatusCode::unsupported, status.message());
}

// Type ids that were once in files and were taken out of the format.
const char* removed_type_name(uint32_t id) {
  switch (id) {
    case 4:
      return "q4_2";
    case 5:
      return "q4_3";
    case 31:
      return "q4_0_4_4";
    case 32:
      return "q4_0_4_8";
    case 33:
      return "q4_0_8_8";
    case 36:
      return "iq4_nl_4_4";
    case 37:
      return "iq4_nl_4_8";
    case 38:
      return "iq4_nl_8_8";
    default:
      return nullptr;
  }
}

class GgufReader {
 public:
  GgufReader(Bytes bytes, std::string_view name)
      : catalog_(std::make_shared<Catalog>()), bytes_(bytes), in_(bytes, name) {
    catalog_->source_name = name;
  }

  Result<std::shared_ptr<Catalog>> read() {
    CRIA_RETURN_IF_ERROR(read_header());
    CRIA_RETURN_IF_ERROR(read_metadata());
    CRIA_RETURN_IF_ERROR(read_tensor_headers());
    CRIA_RETURN_IF_ERROR(catalog_->index());
    CRIA_RETURN_IF_ERROR(find_data_section());
    CRIA_RETURN_IF_ERROR(place_tensors());
    CRIA_RETURN_IF_ERROR(check_no_overlap());
    return catalog_;
  }

 private:
  Status read_header();
  Status read_version();
  Status read_count(std::string_view field, uint64_t min_item_bytes, uint64_t limit, uint64_t& out);
  Status read_string(std::string_view field, std::string_view& out);
  Status read_name(std::string_view field, std::string_view& out);
  Status read_metadata();
  Status read_type(std::string_view field, MetaType& out);
  Status read_value(std::string_view field, MetaValue& out);
  Status read_array(std::string_view field, MetaArray& out);
  Status check_array_items(std::string_view field, const MetaArray& array);
  Status read_tensor_headers();
  Status read_tensor_header();
  Status read_dims(std::string_view field, TensorView& view);
  Status read_dtype(std::string_view field, TensorView& view);
  Status find_data_section();
  Status place_tensors();
  Status check_no_overlap() const;

  std::shared_ptr<Catalog> catalog_;
  Bytes bytes_;
  ByteReader in_;
  uint64_t n_key_values_ = 0;
  uint64_t n_tensors_ = 0;
  uint64_t alignment_ = kDefaultAlignment;
  uint64_t data_begin_ = 0;
  std::vector<uint64_t> offset_positions_;  // where each tensor's offset field stands, for messages
};

Status GgufReader::read_header() {
  std::string_view magic;
  CRIA_RETURN_IF_ERROR(in_.read_text("magic", kMagic.size(), magic));
  if (magic != kMagic) {
    return in_.error_at(0, "magic", "found ", quoted(magic), ", expected 'GGUF'");
  }
  CRIA_RETURN_IF_ERROR(read_version());
  CRIA_RETURN_IF_ERROR(read_count("tensor count", kMinTensorHeaderBytes, kMaxTensors, n_tensors_));
  return read_count("key-value count", kMinKeyValueBytes, kMaxKeyValues, n_key_values_);
}

Status GgufReader::read_version() {
  const uint64_t position = in_.position();
  uint32_t version = 0;
  CRIA_RETURN_IF_ERROR(in_.read("version", version));
  if (version == 2 || version == 3) {
    catalog_->format = str_cat("GGUF v", version);
    return {};
  }
  if (version != 0 && (version & 0xffff) == 0) {
    return as_unsupported(in_.error_at(position, "version", "found a big-endian file (version ",
                                       __builtin_bswap32(version),
                                       "), expected a little-endian one; convert it"));
  }
  return as_unsupported(in_.error_at(
      position, "version", "found ", version, ", expected 2 or 3; convert the model again",
      version > 3 ? ", or use a newer version of this program" : ""));
}

Status GgufReader::read_count(std::string_view field, uint64_t min_item_bytes, uint64_t limit,
                              uint64_t& out) {
  const uint64_t position = in_.position();
  CRIA_RETURN_IF_ERROR(in_.read(field, out));
  CRIA_RETURN_IF_ERROR(in_.require_items(field, out, min_item_bytes));
  if (out > limit) {
    return in_.error_at(position, field, "found ", out, ", expected at most ", limit);
  }
  return {};
}

Status GgufReader::read_string(std::string_view field, std::string_view& out) {
  uint64_t n_bytes = 0;
  CRIA_RETURN_IF_ERROR(in_.read(field, n_bytes));
  return in_.read_text(field, n_bytes, out);
}

Status GgufReader::read_name(std::string_view field, std::string_view& out) {
  const uint64_t position = in_.position();
  CRIA_RETURN_IF_ERROR(read_string(field, out));
  if (out.empty() || out.size() > kMaxNameBytes) {
    return in_.error_at(position, field, "found ", out.size(), " bytes, expected 1 to ",
                        kMaxNameBytes);
  }
  return {};
}

Status GgufReader::read_metadata() {
  catalog_->metadata.reserve(n_key_values_);
  for (uint64_t i = 0; i < n_key_values_; ++i) {
    std::string_view key;
    MetaValue value;
    CRIA_RETURN_IF_ERROR(read_name("key", key));
    const std::string field = str_cat("key ", quoted(key));
    CRIA_RETURN_IF_ERROR(read_type(field, value.type));
    value.file_offset = in_.position();
    CRIA_RETURN_IF_ERROR(read_value(field, value));
    catalog_->metadata.emplace_back(key, value);
  }
  return {};
}

Status GgufReader::read_type(std::string_view field, MetaType& out) {
  const uint64_t position = in_.position();
  uint32_t id = 0;
  CRIA_RETURN_IF_ERROR(in_.read(field, id));
  const auto type = find_meta_type(id);
  if (!type) {
    return in_.error_at(position, field, "found a value type of ", id, ", expected 0 to 12");
  }
  out = *type;
  return {};
}

Status GgufReader::read_value(std::string_view field, MetaValue& out) {
  if (out.type == MetaType::string) {
    std::string_view text;
    CRIA_RETURN_IF_ERROR(read_string(field, text));
    out.value = text;
    return {};
  }
  if (out.type == MetaType::array) {
    MetaArray array;
    CRIA_RETURN_IF_ERROR(read_array(field, array));
    out.value = array;
    return {};
  }
  return read_meta_scalar(in_, field, out.type, out);
}

// Arrays stay encoded: decoded, a hostile one could cost many times its size in the file.
Status GgufReader::read_array(std::string_view field, MetaArray& out) {
  const uint64_t type_position = in_.position();
  CRIA_RETURN_IF_ERROR(read_type(field, out.elem_type));
  if (out.elem_type == MetaType::array) {
    return as_unsupported(in_.error_at(type_position, field,
                                       "found an array of arrays, expected an array of numbers, "
                                       "bools or strings"));
  }
  CRIA_RETURN_IF_ERROR(in_.read(field, out.count));
  const uint64_t item_bytes = meta_type_bytes(out.elem_type);
  constexpr uint64_t kMinStringBytes = 8;
  CRIA_RETURN_IF_ERROR(
      in_.require_items(field, out.count, item_bytes != 0 ? item_bytes : kMinStringBytes));
  const uint64_t begin = in_.position();
  CRIA_RETURN_IF_ERROR(check_array_items(field, out));
  out.encoded = bytes_.subspan(begin, in_.position() - begin);
  return {};
}

Status GgufReader::check_array_items(std::string_view field, const MetaArray& array) {
  if (array.elem_type == MetaType::string) {
    for (uint64_t i = 0; i < array.count; ++i) {
      std::string_view ignored;
      CRIA_RETURN_IF_ERROR(read_string(field, ignored));
    }
    return {};
  }
  if (array.elem_type == MetaType::boolean) {
    for (uint64_t i = 0; i < array.count; ++i) {
      MetaValue ignored;
      CRIA_RETURN_IF_ERROR(read_meta_scalar(in_, field, MetaType::boolean, ignored));
    }
    return {};
  }
  return in_.skip(field, array.count * meta_type_bytes(array.elem_type));
}

Status GgufReader::read_tensor_headers() {
  // Again, now that the metadata is behind us and fewer bytes are left.
  CRIA_RETURN_IF_ERROR(in_.require_items("tensor count", n_tensors_, kMinTensorHeaderBytes));
  catalog_->tensors.reserve(n_tensors_);
  offset_positions_.reserve(n_tensors_);
  for (uint64_t i = 0; i < n_tensors_; ++i) CRIA_RETURN_IF_ERROR(read_tensor_header());
  return {};
}

Status GgufReader::read_tensor_header() {
  NamedTensor tensor;
  CRIA_RETURN_IF_ERROR(read_name("tensor name", tensor.name));
  const std::string field = str_cat("tensor ", quoted(tensor.name));
  CRIA_RETURN_IF_ERROR(read_dims(field, tensor.view));
  CRIA_RETURN_IF_ERROR(read_dtype(field, tensor.view));
  offset_positions_.push_back(in_.position());
  CRIA_RETURN_IF_ERROR(in_.read(field, tensor.file_offset));
  catalog_->tensors.push_back(tensor);
  return {};
}

Status GgufReader::read_dims(std::string_view field, TensorView& view) {
  const uint64_t position = in_.position();
  uint32_t n_dims = 0;
  CRIA_RETURN_IF_ERROR(in_.read(field, n_dims));
  if (n_dims < 1 || n_dims > kMaxDims) {
    return in_.error_at(position, field, "found ", n_dims, " dimensions, expected 1 to ", kMaxDims);
  }
  view.n_dims = static_cast<int>(n_dims);
  uint64_t n_elems = 1;
  for (uint32_t i = 0; i < n_dims; ++i) {
    const uint64_t dim_position = in_.position();
    uint64_t dim = 0;
    CRIA_RETURN_IF_ERROR(in_.read(field, dim));
    if (dim == 0) {
      return in_.error_at(dim_position, field, "found dimension ", i, " of 0, expected at least 1");
    }
    const auto product = checked_mul(n_elems, dim);
    if (!product || *product > static_cast<uint64_t>(INT64_MAX)) {
      return in_.error_at(dim_position, field, "found dimension ", i, " of ", dim,
                          ", expected at most 9223372036854775807 elements in all");
    }
    n_elems = *product;
    view.dims[i] = static_cast<int64_t>(dim);
  }
  return {};
}

Status GgufReader::read_dtype(std::string_view field, TensorView& view) {
  const uint64_t position = in_.position();
  uint32_t id = 0;
  CRIA_RETURN_IF_ERROR(in_.read(field, id));
  const DTypeInfo* info = find_dtype(id);
  if (info == nullptr) {
    const char* removed = removed_type_name(id);
    return as_unsupported(in_.error_at(
        position, field, "found type id ", id,
        removed != nullptr ? str_cat(" (", removed, ", which GGUF no longer has)") : std::string(),
        ", expected one of this version's table; convert the model to another type"));
  }
  const auto n_cols = static_cast<uint64_t>(view.dims[0]);
  if (n_cols % info->block_elems != 0) {
    return in_.error_at(position, field, "found rows of ", n_cols,
                        " elements, expected a multiple of ", info->block_elems, ", the block of ",
                        info->name);
  }
  std::optional<uint64_t> size_bytes = row_bytes(info->dtype, n_cols);
  for (size_t i = 1; i < kMaxDims && size_bytes; ++i) {
    size_bytes = checked_mul(*size_bytes, static_cast<uint64_t>(view.dims[i]));
  }
  if (!size_bytes || *size_bytes > bytes_.size()) {
    return in_.error_at(position, field, "found a shape of ", shape_text(view), " of ", info->name,
                        ", expected one that the file's ", bytes_.size(), " bytes can hold");
  }
  view.dtype = info->dtype;
  view.size_bytes = *size_bytes;
  return {};
}

Status GgufReader::find_data_section() {
  uint32_t alignment = kDefaultAlignment;
  CRIA_RETURN_IF_ERROR(catalog_->get("general.alignment", alignment));
  if (alignment < kMinAlignment || alignment > kMaxAlignment ||
      (alignment & (alignment - 1)) != 0) {
    return in_.error_at(catalog_->find("general.alignment")->file_offset, "key 'general.alignment'",
                        "found ", alignment, ", expected a power of two from ", kMinAlignment,
                        " to ", kMaxAlignment);
  }
  alignment_ = alignment;
  const auto begin = checked_align_up(in_.position(), alignment_);
  if (!begin) return in_.error("tensor data", "found no room, expected padding");
  data_begin_ = *begin;
  // A file without tensors may end where its headers end; one that ends inside their padding was
  // cut.
  if (in_.remaining() != 0 && bytes_.size() < data_begin_) {
    return in_.error("padding of the headers", "found ", in_.remaining(), " bytes, expected ",
                     data_begin_ - in_.position(), "; the file is cut short: download it again");
  }
  return {};
}

// Offsets in the file count from the data section; ours from the file's start.
Status GgufReader::place_tensors() {
  for (size_t i = 0; i < catalog_->tensors.size(); ++i) {
    NamedTensor& tensor = catalog_->tensors[i];
    const std::string field = str_cat("tensor ", quoted(tensor.name));
    const uint64_t offset = tensor.file_offset;
    if (offset % alignment_ != 0) {
      return in_.error_at(offset_positions_[i], field, "found an offset of ", offset,
                          ", expected a multiple of the alignment, ", alignment_);
    }
    const auto begin = checked_add(data_begin_, offset);
    const auto end = begin ? checked_add(*begin, tensor.view.size_bytes) : std::nullopt;
    if (!end || *end > bytes_.size()) {
      return in_.error_at(offset_positions_[i], field, "found ", tensor.view.size_bytes,
                          " bytes at offset ", offset, " of the data section at byte ", data_begin_,
                          ", expected an end within the file's ", bytes_.size(),
                          " bytes; the file is cut short or damaged: download it again");
    }
    tensor.file_offset = *begin;
    tensor.view.data = bytes_.data() + *begin;
  }
  return {};
}

Status GgufReader::check_no_overlap() const {
  const std::vector<NamedTensor>& tensors = catalog_->tensors;
  std::vector<uint32_t> order(tensors.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return tensors[a].file_offset < tensors[b].file_offset;
  });
  for (size_t i = 1; i < order.size(); ++i) {
    const NamedTensor& before = tensors[order[i - 1]];
    const NamedTensor& after = tensors[order[i]];
    const uint64_t end = before.file_offset + before.view.size_bytes;
    if (end <= after.file_offset) continue;
    return in_.error_at(offset_positions_[order[i]], str_cat("tensor ", quoted(after.name)),
                        "found its data at byte ", after.file_offset, ", expected ", end,
                        " or later, where that of tensor ", quoted(before.name), " ends");
  }
  return {};
}

}  // namespace

bool looks_like_gguf(Bytes bytes) {
  const size_t n = std::min(bytes.size(), kMagic.size());
  return n != 0 && std::memcmp(bytes.data(), kMagic.data(), n) == 0;
}

Result<std::shared_ptr<Catalog>> read_gguf(Bytes bytes, std::string_view name) {
  return GgufReader(bytes, name).read();
}

}  // namespace cria::file
