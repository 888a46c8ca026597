// Random weights in the shape of a known model, so that benchmarks and tests need no download.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "api/guard.h"
#include "api/synth_vocabulary.h"
#include "cria/diagnose.h"
#include "file/gguf_writer.h"
#include "sample/sampler.h"
#include "tensor/half.h"

namespace cria {
namespace {

struct Shape {
  const char* name;
  const char* architecture;
  int n_layers, d_model, d_ff, n_heads, n_kv_heads, head_dim, n_vocab, n_ctx;
  float rope_base;
  bool tied;
};

// Source: the models' published configurations.
constexpr Shape kShapes[] = {
    {"tiny", "llama", 2, 256, 512, 4, 2, 64, 1024, 1024, 1e4f, true},
    {"smollm2-135m", "llama", 30, 576, 1536, 9, 3, 64, 49152, 8192, 1e5f, true},
    {"llama-134m", "llama", 12, 768, 2048, 12, 12, 64, 32000, 2048, 1e4f, false},
    {"qwen2-0.5b", "qwen2", 24, 896, 4864, 14, 2, 64, 151936, 32768, 1e6f, true},
    {"tinyllama-1.1b", "llama", 22, 2048, 5632, 32, 4, 64, 32000, 2048, 1e4f, false},
    {"llama-3.2-1b", "llama", 16, 2048, 8192, 32, 8, 64, 128256, 131072, 5e5f, true},
    {"llama-2-7b", "llama", 32, 4096, 11008, 32, 32, 128, 32000, 4096, 1e4f, false},
    {"mistral-7b", "llama", 32, 4096, 14336, 32, 8, 128, 32000, 32768, 1e4f, false},
    {"llama-3-8b", "llama", 32, 4096, 14336, 32, 8, 128, 128256, 8192, 5e5f, false},
};

Result<Shape> find_shape(std::string_view name) {
  std::string known;
  for (const Shape& shape : kShapes) {
    if (name == shape.name) return shape;
    known += str_cat(known.empty() ? "" : ", ", shape.name);
  }
  return invalid_argument("shape: found ", quoted(name), ", expected one of ", known);
}

// Where a block keeps its fp16 scale and minimum, and what they are for weights of standard
// deviation 1 when all other bytes are random. Byte -1: none.
struct BlockScales {
  DType dtype;
  int d_at, min_at;
  float d;           // 1 / (standard deviation of the integers)
  float min_factor;  // minimum = min_factor * d: moves the mean to about 0
};
constexpr BlockScales kBlockScales[] = {
    {DType::q4_0, 0, -1, 1 / 4.6f, 0},      {DType::q4_1, 0, 2, 1 / 4.6f, -7.5f},
    {DType::q5_0, 0, -1, 1 / 9.2f, 0},      {DType::q5_1, 0, 2, 1 / 9.2f, -15.5f},
    {DType::q8_0, 0, -1, 1 / 73.9f, 0},     {DType::q2_k, 80, 82, 1 / 17.0f, 1.5f},
    {DType::q3_k, 108, -1, 1 / 42.5f, 0},   {DType::q4_k, 0, 2, 1 / 258.0f, 7.5f},
    {DType::q5_k, 0, 2, 1 / 526.0f, 15.5f}, {DType::q6_k, 208, -1, 1 / 1369.0f, 0},
};

// Makes the bytes of rows one after the other.
class RowMaker {
 public:
  RowMaker(DType dtype, int64_t n_cols, uint64_t seed)
      : info_(dtype_info(dtype)),
        n_cols_(n_cols),
        rng_(seed),
        deviation_(1 / std::sqrt(static_cast<float>(n_cols))),
        row_(static_cast<size_t>(*row_bytes(dtype, static_cast<uint64_t>(n_cols)))) {}

  Bytes next() {
    if (info_.quantized) {
      fill_blocks();
    } else {
      fill_floats();
    }
    return row_;
  }

 private:
  void fill_random() {
    size_t i = 0;
    for (; i + 8 <= row_.size(); i += 8) {
      const uint64_t bits = rng_.next_u64();
      std::memcpy(&row_[i], &bits, 8);
    }
    const uint64_t bits = rng_.next_u64();
    std::memcpy(row_.data() + i, &bits, row_.size() - i);
  }

  void fill_blocks() {
    fill_random();
    const auto* scales = std::find_if(std::begin(kBlockScales), std::end(kBlockScales),
                                      [&](const auto& row) { return row.dtype == info_.dtype; });
    const float d = scales->d * deviation_;
    for (size_t block = 0; block < row_.size(); block += info_.block_bytes) {
      put_f16(block + static_cast<size_t>(scales->d_at), d);
      if (scales->min_at >= 0) {
        put_f16(block + static_cast<size_t>(scales->min_at), d * scales->min_factor);
      }
    }
  }

  // Uniform, with the same deviation as the blocks.
  void fill_floats() {
    const size_t size = info_.block_bytes;
    for (int64_t c = 0; c < n_cols_; ++c) {
      const float unit = static_cast<float>(rng_.next_unit()) * 2 - 1;
      const float value = unit * 1.7320508f * deviation_;
      std::byte* at = row_.data() + static_cast<size_t>(c) * size;
      const uint16_t half = info_.dtype == DType::bf16 ? f32_to_bf16(value) : f32_to_f16(value);
      std::memcpy(at, info_.dtype == DType::f32 ? static_cast<const void*>(&value) : &half, size);
    }
  }

  void put_f16(size_t at, float value) {
    const uint16_t half = f32_to_f16(value);
    std::memcpy(&row_[at], &half, sizeof half);
  }

  const DTypeInfo& info_;
  int64_t n_cols_;
  sample::Rng rng_;
  float deviation_;
  std::vector<std::byte> row_;
};

struct PlannedTensor {
  std::string name;
  DType dtype;
  int64_t n_cols, n_rows;  // n_rows 0: a vector
  enum class Fill { random, ones } fill;
};

// The type for rows of n_cols: where the block does not divide them, q8_0, then f16.
DType type_for(DType wanted, int64_t n_cols) {
  for (const DType dtype : {wanted, DType::q8_0}) {
    if (n_cols % dtype_info(dtype).block_elems == 0) return dtype;
  }
  return DType::f16;
}

std::vector<PlannedTensor> plan(const Shape& shape, DType dtype, int64_t n_vocab) {
  std::vector<PlannedTensor> tensors;
  const auto matrix = [&](const std::string& name, int64_t n_rows, int64_t n_cols) {
    tensors.push_back({name, type_for(dtype, n_cols), n_cols, n_rows, PlannedTensor::Fill::random});
  };
  const auto vector = [&](const std::string& name, int64_t n, PlannedTensor::Fill fill) {
    tensors.push_back({name, DType::f32, n, 0, fill});
  };
  const int64_t d = shape.d_model;
  const int64_t n_q = static_cast<int64_t>(shape.n_heads) * shape.head_dim;
  const int64_t n_kv = static_cast<int64_t>(shape.n_kv_heads) * shape.head_dim;
  const bool biases = std::string_view(shape.architecture) == "qwen2";
  matrix("token_embd.weight", n_vocab, d);
  for (int i = 0; i < shape.n_layers; ++i) {
    const std::string prefix = str_cat("blk.", i, ".");
    vector(prefix + "attn_norm.weight", d, PlannedTensor::Fill::ones);
    matrix(prefix + "attn_q.weight", n_q, d);
    matrix(prefix + "attn_k.weight", n_kv, d);
    matrix(prefix + "attn_v.weight", n_kv, d);
    if (biases) {
      vector(prefix + "attn_q.bias", n_q, PlannedTensor::Fill::random);
      vector(prefix + "attn_k.bias", n_kv, PlannedTensor::Fill::random);
      vector(prefix + "attn_v.bias", n_kv, PlannedTensor::Fill::random);
    }
    matrix(prefix + "attn_output.weight", d, n_q);
    vector(prefix + "ffn_norm.weight", d, PlannedTensor::Fill::ones);
    matrix(prefix + "ffn_gate.weight", shape.d_ff, d);
    matrix(prefix + "ffn_up.weight", shape.d_ff, d);
    matrix(prefix + "ffn_down.weight", d, shape.d_ff);
  }
  vector("output_norm.weight", d, PlannedTensor::Fill::ones);
  if (!shape.tied) matrix("output.weight", n_vocab, d);
  return tensors;
}

void add_hyperparameters(const Shape& shape, const SynthOptions& options, size_t n_vocab,
                         file::GgufWriter& writer) {
  const std::string prefix = str_cat(shape.architecture, ".");
  const auto u32 = [&](const char* key, size_t value) {
    writer.add_u32(prefix + key, static_cast<uint32_t>(value));
  };
  const auto size = [](int value) { return static_cast<size_t>(value); };
  writer.add_string("general.architecture", shape.architecture);
  writer.add_string("general.name",
                    str_cat("random weights, shape ", shape.name, ", ", options.type));
  writer.add_u32("general.quantization_version", 2);
  u32("block_count", size(shape.n_layers));
  u32("context_length", size(shape.n_ctx));
  u32("embedding_length", size(shape.d_model));
  u32("feed_forward_length", size(shape.d_ff));
  u32("attention.head_count", size(shape.n_heads));
  u32("attention.head_count_kv", size(shape.n_kv_heads));
  u32("attention.key_length", size(shape.head_dim));
  u32("attention.value_length", size(shape.head_dim));
  u32("rope.dimension_count", size(shape.head_dim));
  u32("vocab_size", n_vocab);
  writer.add_f32(prefix + "attention.layer_norm_rms_epsilon", 1e-5f);
  writer.add_f32(prefix + "rope.freq_base", shape.rope_base);
}

// Reports after every row group; false from the caller cancels.
class Progress {
 public:
  Progress(const std::vector<PlannedTensor>& tensors, const std::function<bool(double)>& callback)
      : callback_(callback) {
    for (const PlannedTensor& tensor : tensors)
      total_ += tensor.n_cols * std::max<int64_t>(1, tensor.n_rows);
  }
  Status add(int64_t n_elems) {
    done_ += n_elems;
    if (!callback_ || callback_(static_cast<double>(done_) / static_cast<double>(total_))) {
      return {};
    }
    return Status(StatusCode::cancelled, "cancelled; nothing was written");
  }

 private:
  const std::function<bool(double)>& callback_;
  int64_t total_ = 0;
  int64_t done_ = 0;
};

Status write_tensor(const PlannedTensor& tensor, uint64_t seed, file::GgufWriter::Sink sink,
                    Progress& progress) {
  constexpr int64_t kRowsPerReport = 256;
  if (tensor.fill == PlannedTensor::Fill::ones) {
    const std::vector<float> ones(static_cast<size_t>(tensor.n_cols), 1.0f);
    CRIA_RETURN_IF_ERROR(sink(std::as_bytes(std::span(ones))));
    return progress.add(tensor.n_cols);
  }
  RowMaker rows(tensor.dtype, tensor.n_cols, seed);
  const int64_t n_rows = std::max<int64_t>(1, tensor.n_rows);
  for (int64_t r = 0; r < n_rows; ++r) {
    CRIA_RETURN_IF_ERROR(sink(rows.next()));
    if ((r + 1) % kRowsPerReport == 0 || r + 1 == n_rows) {
      CRIA_RETURN_IF_ERROR(progress.add((r % kRowsPerReport + 1) * tensor.n_cols));
    }
  }
  return {};
}

Status synthesize_checked(const std::string& path, const SynthOptions& options) {
  const auto shape = find_shape(options.shape);
  if (!shape.ok()) return shape.status();
  const DTypeInfo* type = find_dtype_by_name(options.type);
  if (type == nullptr || !type->computable || type->dtype == DType::grouped_i8) {
    return invalid_argument("type: found ", quoted(options.type),
                            ", expected one of f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, q8_0, "
                            "q2_K, q3_K, q4_K, q5_K, q6_K");
  }
  const auto vocabulary = api::vocabulary_for_synth(options.vocabulary_path, shape->n_vocab);
  if (!vocabulary.ok()) return vocabulary.status();
  const size_t n_vocab = vocabulary->data.pieces.size();
  const std::vector<PlannedTensor> tensors =
      plan(*shape, type->dtype, static_cast<int64_t>(n_vocab));

  file::GgufWriter writer;
  add_hyperparameters(*shape, options, n_vocab, writer);
  api::add_vocabulary(*vocabulary, writer);
  for (const PlannedTensor& tensor : tensors) {
    std::vector<int64_t> dims = {tensor.n_cols};
    if (tensor.n_rows > 0) dims.push_back(tensor.n_rows);
    CRIA_RETURN_IF_ERROR(writer.add_tensor(tensor.name, tensor.dtype, dims));
  }
  Progress progress(tensors, options.on_progress);
  return writer.write(path, [&](size_t i, file::GgufWriter::Sink sink) {
    // A stream of its own for each tensor: the number of layers moves no other tensor's bits.
    return write_tensor(tensors[i], options.seed + 0x9e3779b97f4a7c15u * (i + 1), sink, progress);
  });
}

}  // namespace

Result<std::vector<MatrixShape>> matrix_shapes(const std::string& name) {
  return api::guard([&]() -> Result<std::vector<MatrixShape>> {
    const auto shape = find_shape(name);
    if (!shape.ok()) return shape.status();
    const int64_t d = shape->d_model, heads = shape->n_heads, kv_heads = shape->n_kv_heads;
    const int n_layers = shape->n_layers;
    return std::vector<MatrixShape>{
        {"output", shape->n_vocab, d, 1},
        {"feed-forward gate, up", shape->d_ff, d, 2 * n_layers},
        {"feed-forward down", d, shape->d_ff, n_layers},
        {"attention q", heads * shape->head_dim, d, n_layers},
        {"attention output", d, heads * shape->head_dim, n_layers},
        {"attention k, v", kv_heads * shape->head_dim, d, 2 * n_layers},
    };
  });
}

Status synthesize(const std::string& path, const SynthOptions& options) {
  return api::guard([&] { return synthesize_checked(path, options); });
}

std::vector<std::string> synth_shapes() {
  std::vector<std::string> names;
  for (const Shape& shape : kShapes) names.emplace_back(shape.name);
  return names;
}

}  // namespace cria
