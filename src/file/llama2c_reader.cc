// Reads llama2.c checkpoints: legacy (fp32, no magic), version 1 (fp32) and version 2 (int8 in
// groups), under the names that a GGUF file of the same model has.
// Source: the exporters and the two run programs of karpathy's llama2.c.
#include <array>
#include <cstring>

#include "base/checked.h"
#include "file/readers.h"

namespace cria::file {
namespace {

constexpr uint32_t kLlama2cMagic = 0x616b3432;  // "ak42" as a number: its bytes stand as "24ka"
constexpr uint64_t kHeaderBytes = 256;          // of versions 1 and 2, padded with zeros
constexpr int64_t kMaxLayers = 1024;   // bounds our own memory; the largest models have some 130
constexpr float kNormEpsilon = 1e-5f;  // the run programs have these two as constants
constexpr float kRopeBase = 10000.0f;

enum class Encoding { legacy_f32, f32, grouped_i8 };

struct Header {
  Encoding encoding = Encoding::legacy_f32;
  int64_t d_model = 0, d_ff = 0, n_layers = 0, n_heads = 0, n_kv_heads = 0, n_vocab = 0, n_ctx = 0;
  bool shared_classifier = true;
  int64_t group_size = 0;  // grouped_i8 only

  int64_t head_dim() const { return d_model / n_heads; }
  int64_t d_kv() const { return head_dim() * n_kv_heads; }
};

// A matrix as it stands in the file: n_cols inputs, n_rows outputs.
struct Shape {
  int64_t n_cols;
  int64_t n_rows;
};

class Llama2cReader {
 public:
  Llama2cReader(Bytes bytes, std::string_view name)
      : catalog_(std::make_shared<Catalog>()), bytes_(bytes), in_(bytes, name) {
    catalog_->source_name = name;
  }

  Result<std::shared_ptr<Catalog>> read() {
    CRIA_RETURN_IF_ERROR(read_header());
    CRIA_RETURN_IF_ERROR(check_header());
    constexpr int64_t kTensorsPerLayer = 9;
    catalog_->tensors.reserve(static_cast<size_t>(header_.n_layers * kTensorsPerLayer + 3));
    CRIA_RETURN_IF_ERROR(header_.encoding == Encoding::legacy_f32 ? read_legacy_tensors()
                                                                  : read_tensors());
    CRIA_RETURN_IF_ERROR(check_end());
    add_metadata();
    CRIA_RETURN_IF_ERROR(catalog_->index());
    return catalog_;
  }

 private:
  Status read_header();
  Status read_version();
  Status read_sizes();
  Status read_flags();
  Status check_header() const;
  Status read_legacy_tensors();
  Status read_tensors();
  Status read_vector(std::string name, int64_t n_elems);
  Status read_matrix(std::string name, Shape shape);
  Status read_layer_vectors(std::string_view suffix, int64_t n_elems);
  Status read_layer_matrices(std::string_view suffix, Shape shape);
  Status take(std::string_view name, int64_t n_elems, uint64_t elem_bytes, Bytes& out);
  void add_tensor(std::string name, TensorView view, uint64_t file_offset);
  Status check_end() const;
  void add_metadata();

  std::shared_ptr<Catalog> catalog_;
  Bytes bytes_;
  ByteReader in_;
  Header header_;
};

Status Llama2cReader::read_header() {
  if (!looks_like_llama2c(bytes_)) {
    catalog_->format = "llama2.c legacy";
    return read_sizes();
  }
  CRIA_RETURN_IF_ERROR(in_.skip("magic", sizeof kLlama2cMagic));
  CRIA_RETURN_IF_ERROR(read_version());
  CRIA_RETURN_IF_ERROR(read_sizes());
  CRIA_RETURN_IF_ERROR(read_flags());
  CRIA_RETURN_IF_ERROR(in_.require("header", kHeaderBytes - in_.position()));
  return in_.seek("header", kHeaderBytes);
}

Status Llama2cReader::read_version() {
  const uint64_t position = in_.position();
  int32_t version = 0;
  CRIA_RETURN_IF_ERROR(in_.read("version", version));
  if (version != 1 && version != 2) {
    return unsupported(
        in_.error_at(position, "version", "found ", version, ", expected 1 or 2").message());
  }
  header_.encoding = version == 1 ? Encoding::f32 : Encoding::grouped_i8;
  catalog_->format = str_cat("llama2.c v", version);
  return {};
}

Status Llama2cReader::read_sizes() {
  struct Field {
    const char* name;
    int64_t Header::*value;
  };
  static constexpr Field kFields[] = {
      {"dim", &Header::d_model},           {"hidden_dim", &Header::d_ff},
      {"n_layers", &Header::n_layers},     {"n_heads", &Header::n_heads},
      {"n_kv_heads", &Header::n_kv_heads}, {"vocab_size", &Header::n_vocab},
      {"seq_len", &Header::n_ctx}};
  const bool legacy = header_.encoding == Encoding::legacy_f32;
  for (const Field& field : kFields) {
    const uint64_t position = in_.position();
    int32_t stored = 0;
    CRIA_RETURN_IF_ERROR(in_.read(field.name, stored));
    int64_t value = stored;
    if (legacy && field.value == &Header::n_vocab && value < 0) {
      header_.shared_classifier = false;  // that is how the legacy format says it
      value = -value;
    }
    if (value <= 0) {
      return in_.error_at(
          position, field.name, "found ", value, ", expected at least 1",
          legacy ? " (read as a legacy llama2.c checkpoint, which has no magic)" : "");
    }
    header_.*field.value = value;
  }
  return {};
}

Status Llama2cReader::read_flags() {
  const uint64_t position = in_.position();
  uint8_t shared = 0;
  CRIA_RETURN_IF_ERROR(in_.read("shared_classifier", shared));
  if (shared > 1) {
    return in_.error_at(position, "shared_classifier", "found ", shared, ", expected 0 or 1");
  }
  header_.shared_classifier = shared == 1;
  if (header_.encoding != Encoding::grouped_i8) return {};
  int32_t group_size = 0;
  const uint64_t group_position = in_.position();
  CRIA_RETURN_IF_ERROR(in_.read("group_size", group_size));
  if (group_size < 1) {
    return in_.error_at(group_position, "group_size", "found ", group_size,
                        ", expected at least 1");
  }
  header_.group_size = group_size;
  return {};
}

// What the sizes must satisfy before they are multiplied.
Status Llama2cReader::check_header() const {
  const Header& h = header_;
  const auto refuse = [&](std::string_view field, const auto&... what) {
    return in_.error_at(0, field, what...,
                        h.encoding == Encoding::legacy_f32
                            ? " (read as a legacy llama2.c checkpoint, which has no magic)"
                            : "");
  };
  if (h.n_layers > kMaxLayers) {
    return refuse("n_layers", "found ", h.n_layers, ", expected at most ", kMaxLayers);
  }
  if (h.d_model % h.n_heads != 0) {
    return refuse("n_heads", "found ", h.n_heads, ", expected a divisor of dim, ", h.d_model);
  }
  if (h.head_dim() % 2 != 0) {
    return refuse("n_heads", "found ", h.n_heads, " heads of ", h.head_dim(),
                  " values, expected an even number of values for RoPE");
  }
  if (h.n_heads % h.n_kv_heads != 0) {
    return refuse("n_kv_heads", "found ", h.n_kv_heads, ", expected a divisor of n_heads, ",
                  h.n_heads);
  }
  return {};
}

Status Llama2cReader::read_legacy_tensors() {
  const Header& h = header_;
  CRIA_RETURN_IF_ERROR(read_matrix("token_embd.weight", {h.d_model, h.n_vocab}));
  CRIA_RETURN_IF_ERROR(read_layer_vectors("attn_norm", h.d_model));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("attn_q", {h.d_model, h.d_model}));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("attn_k", {h.d_model, h.d_kv()}));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("attn_v", {h.d_model, h.d_kv()}));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("attn_output", {h.d_model, h.d_model}));
  CRIA_RETURN_IF_ERROR(read_layer_vectors("ffn_norm", h.d_model));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("ffn_gate", {h.d_model, h.d_ff}));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("ffn_down", {h.d_ff, h.d_model}));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("ffn_up", {h.d_model, h.d_ff}));
  CRIA_RETURN_IF_ERROR(read_vector("output_norm.weight", h.d_model));
  // Tables of RoPE's cosines, then its sines: n_ctx rows of head_dim / 2 each. Computed, not read.
  Bytes ignored;
  CRIA_RETURN_IF_ERROR(take("RoPE tables", h.n_ctx * h.head_dim(), sizeof(float), ignored));
  if (h.shared_classifier) return {};
  return read_matrix("output.weight", {h.d_model, h.n_vocab});
}

Status Llama2cReader::read_tensors() {
  const Header& h = header_;
  CRIA_RETURN_IF_ERROR(read_layer_vectors("attn_norm", h.d_model));
  CRIA_RETURN_IF_ERROR(read_layer_vectors("ffn_norm", h.d_model));
  CRIA_RETURN_IF_ERROR(read_vector("output_norm.weight", h.d_model));
  CRIA_RETURN_IF_ERROR(read_matrix("token_embd.weight", {h.d_model, h.n_vocab}));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("attn_q", {h.d_model, h.d_model}));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("attn_k", {h.d_model, h.d_kv()}));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("attn_v", {h.d_model, h.d_kv()}));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("attn_output", {h.d_model, h.d_model}));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("ffn_gate", {h.d_model, h.d_ff}));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("ffn_down", {h.d_ff, h.d_model}));
  CRIA_RETURN_IF_ERROR(read_layer_matrices("ffn_up", {h.d_model, h.d_ff}));
  if (h.shared_classifier) return {};
  return read_matrix("output.weight", {h.d_model, h.n_vocab});
}

Status Llama2cReader::read_layer_vectors(std::string_view suffix, int64_t n_elems) {
  for (int64_t i = 0; i < header_.n_layers; ++i) {
    CRIA_RETURN_IF_ERROR(read_vector(str_cat("blk.", i, ".", suffix, ".weight"), n_elems));
  }
  return {};
}

Status Llama2cReader::read_layer_matrices(std::string_view suffix, Shape shape) {
  for (int64_t i = 0; i < header_.n_layers; ++i) {
    CRIA_RETURN_IF_ERROR(read_matrix(str_cat("blk.", i, ".", suffix, ".weight"), shape));
  }
  return {};
}

// Requires n_elems >= 0: the header's sizes are 31 bits each, so a product of two fits.
Status Llama2cReader::take(std::string_view name, int64_t n_elems, uint64_t elem_bytes,
                           Bytes& out) {
  CRIA_RETURN_IF_ERROR(in_.require_items(name, static_cast<uint64_t>(n_elems), elem_bytes));
  return in_.read_bytes(name, static_cast<uint64_t>(n_elems) * elem_bytes, out);
}

Status Llama2cReader::read_vector(std::string name, int64_t n_elems) {
  const uint64_t file_offset = in_.position();
  Bytes values;
  CRIA_RETURN_IF_ERROR(take(name, n_elems, sizeof(float), values));
  TensorView view;
  view.n_dims = 1;
  view.dims[0] = n_elems;
  view.data = values.data();
  view.size_bytes = values.size();
  add_tensor(std::move(name), view, file_offset);
  return {};
}

Status Llama2cReader::read_matrix(std::string name, Shape shape) {
  const uint64_t file_offset = in_.position();
  const int64_t n_elems = shape.n_cols * shape.n_rows;
  const bool grouped = header_.encoding == Encoding::grouped_i8;
  Bytes values;
  CRIA_RETURN_IF_ERROR(take(name, n_elems, grouped ? 1 : sizeof(float), values));
  TensorView view;
  view.n_dims = 2;
  view.dims[0] = shape.n_cols;
  view.dims[1] = shape.n_rows;
  view.data = values.data();
  view.size_bytes = values.size();
  if (grouped) {
    if (n_elems % header_.group_size != 0) {
      return in_.error_at(file_offset, name, "found ", n_elems, " elements in groups of ",
                          header_.group_size, ", expected a multiple of the group size");
    }
    Bytes scales;
    CRIA_RETURN_IF_ERROR(take(name, n_elems / header_.group_size, sizeof(float), scales));
    view.dtype = DType::grouped_i8;
    view.scales = scales.data();
    view.group_size = header_.group_size;
  }
  add_tensor(std::move(name), view, file_offset);
  return {};
}

void Llama2cReader::add_tensor(std::string name, TensorView view, uint64_t file_offset) {
  NamedTensor tensor;
  tensor.name = catalog_->own(std::move(name));
  tensor.view = view;
  tensor.file_offset = file_offset;
  catalog_->tensors.push_back(tensor);
}

// Nothing may follow: a wrong header, or junk that looks like a legacy one, shows itself here.
Status Llama2cReader::check_end() const {
  if (in_.remaining() == 0) return {};
  return in_.error("end", "found a file of ", in_.size(), " bytes, expected ", in_.position(),
                   " by the sizes in its header");
}

void Llama2cReader::add_metadata() {
  const Header& h = header_;
  const auto add = [this](std::string_view key, MetaType type, auto value) {
    MetaValue meta;
    meta.type = type;
    meta.value = value;
    catalog_->metadata.emplace_back(key, meta);
  };
  const auto add_count = [&](std::string_view key, int64_t value) {
    add(key, MetaType::u32, static_cast<uint64_t>(value));
  };
  add("general.architecture", MetaType::string, std::string_view("llama"));
  add_count("llama.context_length", h.n_ctx);
  add_count("llama.embedding_length", h.d_model);
  add_count("llama.block_count", h.n_layers);
  add_count("llama.feed_forward_length", h.d_ff);
  add_count("llama.attention.head_count", h.n_heads);
  add_count("llama.attention.head_count_kv", h.n_kv_heads);
  add_count("llama.rope.dimension_count", h.head_dim());
  add("llama.attention.layer_norm_rms_epsilon", MetaType::f32, static_cast<double>(kNormEpsilon));
  add("llama.rope.freq_base", MetaType::f32, static_cast<double>(kRopeBase));
  add_count("llama.vocab_size", h.n_vocab);
}

}  // namespace

bool looks_like_llama2c(Bytes bytes) {
  return bytes.size() >= sizeof kLlama2cMagic &&
         std::memcmp(bytes.data(), &kLlama2cMagic, sizeof kLlama2cMagic) == 0;
}

Result<std::shared_ptr<Catalog>> read_llama2c(Bytes bytes, std::string_view name) {
  return Llama2cReader(bytes, name).read();
}

}  // namespace cria::file
