#include "support/canned_al.h"

#include <gtest/gtest.h>

#include "file/gguf_writer.h"

namespace cria::testing {
namespace {

constexpr int kWidth = 64;  // of everything: a dimension for each token of the reply
constexpr int kEnd = 2, kAssistant = 4;
constexpr char kTemplate[] =
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + "
    "'<|end|>' "
    "}}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

struct Pieces {
  std::vector<std::string> texts;
  std::vector<int32_t> types;  // 1 normal, 2 unknown, 3 control, 4 user-defined, 6 byte

  void add(const std::string& text, int32_t type) {
    texts.push_back(text);
    types.push_back(type);
  }
};

std::string with_marked_spaces(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == ' ' ? std::string("\xe2\x96\x81") : std::string(1, c);
  return out;
}

Pieces make_pieces(const std::vector<std::string>& reply) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  Pieces pieces;
  pieces.add("<unk>", 2);
  for (const char* control : {"<|system|>", "<|end|>", "<|user|>", "<|assistant|>"}) {
    pieces.add(control, 3);
  }
  for (int byte = 0; byte < 256; ++byte) {
    pieces.add(std::string("<0x") + kHex[byte / 16] + kHex[byte % 16] + ">", 6);
  }
  for (const std::string& text : reply) pieces.add(with_marked_spaces(text), 4);
  return pieces;
}

void add_metadata(const Pieces& pieces, const std::string& name, file::GgufWriter& writer) {
  writer.add_string("general.architecture", "llama");
  writer.add_string("general.name", name);
  for (const char* key : {"embedding_length", "feed_forward_length", "attention.key_length",
                          "attention.value_length", "rope.dimension_count"}) {
    writer.add_u32(std::string("llama.") + key, kWidth);
  }
  for (const char* key : {"block_count", "attention.head_count", "attention.head_count_kv"}) {
    writer.add_u32(std::string("llama.") + key, 1);
  }
  writer.add_u32("llama.context_length", 4096);
  writer.add_f32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  writer.add_string("tokenizer.ggml.model", "llama");
  writer.add_strings("tokenizer.ggml.tokens", pieces.texts);
  writer.add_f32s("tokenizer.ggml.scores", std::vector<float>(pieces.texts.size(), 0));
  writer.add_i32s("tokenizer.ggml.token_type", pieces.types);
  writer.add_u32("tokenizer.ggml.eos_token_id", kEnd);
  writer.add_u32("tokenizer.ggml.unknown_token_id", 0);
  writer.add_bool("tokenizer.ggml.add_bos_token", false);
  writer.add_bool("tokenizer.ggml.add_space_prefix", false);
  writer.add_string("tokenizer.chat_template", kTemplate);
}

using Floats = std::vector<float>;

// Tensors in order, with their data.
struct Tensors {
  file::GgufWriter& writer;
  std::vector<Floats> data;

  void add(const std::string& name, std::vector<int64_t> dims, Floats values) {
    EXPECT_TRUE(writer.add_tensor(name, DType::f32, dims).ok()) << name;
    data.push_back(std::move(values));
  }
};

void add_layer(Tensors& tensors) {
  for (const char* norm : {"attn_norm", "ffn_norm"}) {
    tensors.add(std::string("blk.0.") + norm + ".weight", {kWidth}, Floats(kWidth, 1));
  }
  for (const char* matrix :
       {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}) {
    tensors.add(std::string("blk.0.") + matrix + ".weight", {kWidth, kWidth},
                Floats(size_t{kWidth} * kWidth, 0));
  }
}

}  // namespace

// Dimension d stands for "what comes next is token d of the reply"; the last one for all tokens
// that nothing follows.
void write_canned_al(const std::vector<std::string>& reply, const std::string& path,
                     const std::string& name) {
  ASSERT_LE(reply.size(), size_t{kWidth} - 4);
  const Pieces pieces = make_pieces(reply);
  const size_t n_vocab = pieces.texts.size();
  const size_t first = n_vocab - reply.size();
  Floats embedding(n_vocab * kWidth, 0);
  Floats output(n_vocab * kWidth, 0);
  for (size_t id = 0; id < first; ++id)
    embedding[id * kWidth + (id == kAssistant ? 0 : kWidth - 1)] = 1;
  for (size_t i = 0; i < reply.size(); ++i) {
    embedding[(first + i) * kWidth + i + 1] = 1;
    output[(first + i) * kWidth + i] = 1;
  }
  output[kEnd * kWidth + reply.size()] = 1;
  output[kEnd * kWidth + kWidth - 1] = 1;
  file::GgufWriter writer;
  add_metadata(pieces, name, writer);
  Tensors tensors{writer, {}};
  const std::vector<int64_t> table = {kWidth, static_cast<int64_t>(n_vocab)};
  tensors.add("token_embd.weight", table, embedding);
  add_layer(tensors);
  tensors.add("output_norm.weight", {kWidth}, Floats(kWidth, 1));
  tensors.add("output.weight", table, output);
  const Status status = writer.write(path, [&](size_t i, file::GgufWriter::Sink sink) {
    const Floats& values = tensors.data[i];
    return sink({reinterpret_cast<const std::byte*>(values.data()), values.size() * sizeof(float)});
  });
  ASSERT_TRUE(status.ok()) << status.message();
}

}  // namespace cria::testing
