#include "support/tiny_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <span>

#include "file/gguf_writer.h"
#include "tensor/half.h"

namespace cria::testing {
namespace {

struct Piece {
  std::string text;
  int type;
};

std::vector<Piece> make_pieces() {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::vector<Piece> pieces = {{"<unk>", 2}, {"<s>", 3}, {"</s>", 3}};
  for (int byte = 0; byte < 256; ++byte) {
    pieces.push_back({std::string("<0x") + kHex[byte / 16] + kHex[byte % 16] + ">", 6});
  }
  pieces.push_back({"<|im_start|>", 3});
  pieces.push_back({"<|im_end|>", 3});
  const std::string space = "\xe2\x96\x81";
  pieces.push_back({space, 1});
  for (char c = 'a'; c <= 'z'; ++c) {
    pieces.push_back({std::string(1, c), 1});
    pieces.push_back({space + c, 1});
  }
  for (const char* word : {"the", "he", "at", "cat", "on", "in"}) pieces.push_back({word, 1});
  while (pieces.size() % 32 != 0) {
    pieces.push_back({"pad" + std::to_string(pieces.size()), 1});
  }
  return pieces;
}

// The bytes of one tensor. Quantised blocks are random but for their fp16 scales, which stand first
// or last in a block.
std::string random_tensor(const DTypeInfo& type, int64_t n_elems, float deviation,
                          std::mt19937_64& random) {
  std::string bytes;
  std::normal_distribution<float> normal(0, deviation);
  if (!type.quantized) {
    for (int64_t i = 0; i < n_elems; ++i) {
      const float value = normal(random);
      const uint16_t half = type.dtype == DType::bf16 ? f32_to_bf16(value) : f32_to_f16(value);
      if (type.dtype == DType::f32) {
        bytes.append(reinterpret_cast<const char*>(&value), 4);
      } else {
        bytes.append(reinterpret_cast<const char*>(&half), 2);
      }
    }
    return bytes;
  }
  bytes.resize(static_cast<size_t>(n_elems) / type.block_elems * type.block_bytes);
  for (char& byte : bytes) byte = static_cast<char>(random());
  const auto put = [&](size_t at, float value) {
    const uint16_t half = f32_to_f16(value);
    std::memcpy(&bytes[at], &half, 2);
  };
  for (size_t at = 0; at < bytes.size(); at += type.block_bytes) {
    switch (type.dtype) {
      case DType::q2_k:
        put(at + 80, 0.002f);
        put(at + 82, 0.003f);
        break;
      case DType::q3_k:
        put(at + 108, 0.001f);
        break;
      case DType::q6_k:
        put(at + 208, 0.00003f);
        break;
      case DType::q4_k:
        put(at, 0.0002f);
        put(at + 2, 0.0015f);
        break;
      case DType::q5_k:
        put(at, 0.0001f);
        put(at + 2, 0.0015f);
        break;
      case DType::q4_1:
        put(at, 0.02f);
        put(at + 2, -0.15f);
        break;
      case DType::q5_1:
        put(at, 0.01f);
        put(at + 2, -0.15f);
        break;
      case DType::q8_0:
        put(at, 0.001f);
        break;
      default:
        put(at, 0.01f);
        break;
    }
  }
  return bytes;
}

void add_metadata(const TinyModel& model, file::GgufWriter& writer) {
  const std::string prefix = model.architecture + ".";
  const auto u32 = [&](const char* key, int value) {
    writer.add_u32(prefix + key, static_cast<uint32_t>(value));
  };
  writer.add_string("general.architecture", model.architecture);
  u32("block_count", model.n_layers);
  u32("context_length", model.n_ctx);
  u32("embedding_length", model.d_model);
  u32("feed_forward_length", model.d_ff);
  u32("attention.head_count", model.n_heads);
  u32("attention.head_count_kv", model.n_kv_heads);
  u32("attention.key_length", model.head_dim);
  u32("attention.value_length", model.head_dim);
  u32("rope.dimension_count", model.n_rot > 0 ? model.n_rot : model.head_dim);
  writer.add_f32(prefix + "rope.freq_base", model.rope_base);
  writer.add_f32(prefix + "attention.layer_norm_rms_epsilon", 1e-5f);
  if (model.sliding_window > 0) u32("attention.sliding_window", model.sliding_window);
  if (!model.rope_scaling.empty()) {
    writer.add_string(prefix + "rope.scaling.type", model.rope_scaling);
    writer.add_f32(prefix + "rope.scaling.factor", model.rope_factor);
    if (model.n_ctx_original > 0) {
      u32("rope.scaling.original_context_length", model.n_ctx_original);
    }
  }
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<int32_t> types;
  for (const Piece& piece : make_pieces()) {
    scores.push_back(-static_cast<float>(tokens.size()));
    tokens.push_back(piece.text);
    types.push_back(piece.type);
  }
  writer.add_string("tokenizer.ggml.model", "llama");
  writer.add_strings("tokenizer.ggml.tokens", tokens);
  writer.add_f32s("tokenizer.ggml.scores", scores);
  writer.add_i32s("tokenizer.ggml.token_type", types);
  writer.add_u32("tokenizer.ggml.bos_token_id", 1);
  writer.add_u32("tokenizer.ggml.eos_token_id", 2);
  writer.add_u32("tokenizer.ggml.unknown_token_id", 0);
  if (!model.chat_template.empty()) {
    writer.add_string("tokenizer.chat_template", model.chat_template);
  }
}

// Collects tensors in order, with their bytes.
struct Tensors {
  file::GgufWriter& writer;
  const DTypeInfo& matrix_type;
  std::mt19937_64 random;
  std::vector<std::string> data;

  void matrix(const std::string& name, int64_t n_rows, int64_t n_cols) {
    EXPECT_TRUE(writer.add_tensor(name, matrix_type.dtype, {n_cols, n_rows}).ok()) << name;
    const float deviation = 1 / std::sqrt(static_cast<float>(n_cols));
    data.push_back(random_tensor(matrix_type, n_rows * n_cols, deviation, random));
  }
  void vector(const std::string& name, int64_t n, float mean, float deviation) {
    EXPECT_TRUE(writer.add_tensor(name, DType::f32, {n}).ok()) << name;
    std::normal_distribution<float> normal(mean, deviation);
    std::vector<float> values(static_cast<size_t>(n));
    for (float& value : values) value = normal(random);
    data.emplace_back(reinterpret_cast<const char*>(values.data()), values.size() * 4);
  }
  void vector(const std::string& name, const std::vector<float>& values) {
    EXPECT_TRUE(writer.add_tensor(name, DType::f32, {static_cast<int64_t>(values.size())}).ok());
    data.emplace_back(reinterpret_cast<const char*>(values.data()), values.size() * 4);
  }
};

void add_layer(const TinyModel& model, int i_layer, Tensors& tensors) {
  const std::string prefix = "blk." + std::to_string(i_layer) + ".";
  const int64_t n_q = model.n_heads * model.head_dim;
  const int64_t n_kv = model.n_kv_heads * model.head_dim;
  tensors.vector(prefix + "attn_norm.weight", model.d_model, 1, 0.1f);
  tensors.matrix(prefix + "attn_q.weight", n_q, model.d_model);
  tensors.matrix(prefix + "attn_k.weight", n_kv, model.d_model);
  tensors.matrix(prefix + "attn_v.weight", n_kv, model.d_model);
  if (model.attention_biases) {
    tensors.vector(prefix + "attn_q.bias", n_q, 0, 0.3f);
    tensors.vector(prefix + "attn_k.bias", n_kv, 0, 0.3f);
    tensors.vector(prefix + "attn_v.bias", n_kv, 0, 0.3f);
  }
  tensors.matrix(prefix + "attn_output.weight", model.d_model, n_q);
  tensors.vector(prefix + "ffn_norm.weight", model.d_model, 1, 0.1f);
  tensors.matrix(prefix + "ffn_gate.weight", model.d_ff, model.d_model);
  tensors.matrix(prefix + "ffn_up.weight", model.d_ff, model.d_model);
  tensors.matrix(prefix + "ffn_down.weight", model.d_model, model.d_ff);
}

}  // namespace

int tiny_n_vocab() { return static_cast<int>(make_pieces().size()); }

void write_tiny_model(const TinyModel& model, const std::string& path) {
  const DTypeInfo* type = find_dtype_by_name(model.type);
  ASSERT_NE(type, nullptr) << model.type;
  file::GgufWriter writer;
  add_metadata(model, writer);
  Tensors tensors{writer, *type, std::mt19937_64(model.seed), {}};
  tensors.matrix("token_embd.weight", tiny_n_vocab(), model.d_model);
  if (!model.rope_freqs.empty()) tensors.vector("rope_freqs.weight", model.rope_freqs);
  for (int i = 0; i < model.n_layers; ++i) add_layer(model, i, tensors);
  tensors.vector("output_norm.weight", model.d_model, 1, 0.1f);
  if (!model.tied) tensors.matrix("output.weight", tiny_n_vocab(), model.d_model);
  const Status status = writer.write(
      path, [&](size_t i, file::GgufWriter::Sink sink) { return sink(as_bytes(tensors.data[i])); });
  ASSERT_TRUE(status.ok()) << status.message();
}

}  // namespace cria::testing
