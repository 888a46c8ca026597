// LLaMA's forward pass in the papers' reading order (Touvron et al. 2023; qwen2 adds biases to Q, K
// and V, which the weights carry).
#include <algorithm>
#include <cmath>

#include "gemm/matmul.h"
#include "model/model.h"
#include "ops/elementwise.h"

namespace cria::model {
namespace {

// What every step of one chunk needs.
struct Pass {
  const Model& model;
  const Compute& compute;
  Workspace& ws;
  ops::KvPool& pool;
  int64_t n_tokens = 0;
  gemm::MatmulInput input;
  const InputObserver* observe;
};

// Products with one input.
struct Product {
  const Linear& linear;
  float* out;
};
template <size_t n>
void multiply(Pass& pass, const Product (&products)[n]) {
  gemm::Factor factors[n];
  for (size_t i = 0; i < n; ++i) {
    const Linear& linear = products[i].linear;
    if (pass.observe != nullptr && *pass.observe) {
      (*pass.observe)(linear, pass.input.x(), pass.input.n_tokens());
    }
    factors[i] = {&linear.weight, &linear.packed, linear.bias_or_null(), products[i].out,
                  linear.weight.n_rows()};
  }
  gemm::matmul(pass.compute, factors, pass.input);
}

// x += W_o attention(rope(W_q norm(x)), rope(W_k norm(x)), W_v norm(x))
void attention_block(Pass& pass, int i_layer) {
  const Config& config = pass.model.config;
  const LayerWeights& layer = pass.model.weights.layers[static_cast<size_t>(i_layer)];
  Workspace& ws = pass.ws;
  const int64_t n = pass.n_tokens;
  ops::rms_norm(pass.compute, ws.x.data(), n, config.d_model, layer.attention_norm.data(),
                config.rms_eps, ws.normed.data());
  pass.input.set(ws.normed.data(), n, config.d_model);
  multiply(pass, {{layer.q, ws.q.data()}, {layer.k, ws.k.data()}, {layer.v, ws.v.data()}});
  const ops::RopeFrequencies& frequencies = *pass.model.rope;
  ops::rope(pass.compute, frequencies, ws.cos_sin.data(), n, config.n_heads, config.head_dim,
            ws.q.data());
  ops::rope(pass.compute, frequencies, ws.cos_sin.data(), n, config.n_kv_heads, config.head_dim,
            ws.k.data());
  const std::span<const ops::BatchRow> rows(ws.rows.data(), static_cast<size_t>(n));
  pass.pool.store(pass.compute, i_layer, rows, ws.k.data(), ws.v.data());
  ops::attention(pass.compute, pass.pool,
                 {.q = ws.q.data(),
                  .rows = rows,
                  .n_heads = config.n_heads,
                  .i_layer = i_layer,
                  .window = config.sliding_window,
                  .scale = 1.0f / std::sqrt(static_cast<float>(config.head_dim)),
                  .out = ws.attended.data()});
  pass.input.set(ws.attended.data(), n, static_cast<int64_t>(config.n_heads) * config.head_dim);
  multiply(pass, {{layer.attention_output, ws.normed.data()}});
  ops::add(pass.compute, ws.x.data(), ws.normed.data(), n * config.d_model);
}

// x += W_down (silu(W_gate norm(x)) * W_up norm(x))
void feed_forward_block(Pass& pass, int i_layer) {
  const Config& config = pass.model.config;
  const LayerWeights& layer = pass.model.weights.layers[static_cast<size_t>(i_layer)];
  Workspace& ws = pass.ws;
  const int64_t n = pass.n_tokens;
  ops::rms_norm(pass.compute, ws.x.data(), n, config.d_model, layer.ffn_norm.data(), config.rms_eps,
                ws.normed.data());
  pass.input.set(ws.normed.data(), n, config.d_model);
  multiply(pass, {{layer.gate, ws.gate.data()}, {layer.up, ws.up.data()}});
  ops::swiglu(pass.compute, ws.gate.data(), ws.up.data(), n * config.d_ff, ws.gate.data());
  pass.input.set(ws.gate.data(), n, config.d_ff);
  multiply(pass, {{layer.down, ws.normed.data()}});
  ops::add(pass.compute, ws.x.data(), ws.normed.data(), n * config.d_model);
}

// logits = W_output norm(x), of the rows that are asked for.
void output_block(Pass& pass, const ForwardArgs& args) {
  const Config& config = pass.model.config;
  int64_t row = 0, n_wanted = 0;
  for (const Slice& slice : args.slices) {
    const auto n_tokens = static_cast<int64_t>(slice.tokens.size());
    const int64_t n = slice.logits_for == LogitsFor::all    ? n_tokens
                      : slice.logits_for == LogitsFor::last ? 1
                                                            : 0;
    row += n_tokens;
    ops::rms_norm(pass.compute, pass.ws.x.data() + (row - n) * config.d_model, n, config.d_model,
                  pass.model.weights.output_norm.data(), config.rms_eps,
                  pass.ws.normed.data() + n_wanted * config.d_model);
    n_wanted += n;
  }
  if (n_wanted == 0) return;
  pass.input.set(pass.ws.normed.data(), n_wanted, config.d_model);
  multiply(pass, {{pass.model.weights.output, args.logits}});
}

// The rows of all slices, one after the other: tokens, angles of RoPE, and where they belong.
void lay_out(Pass& pass, std::span<const Slice> slices) {
  Workspace& ws = pass.ws;
  for (const Slice& slice : slices) {
    const auto n = static_cast<int64_t>(slice.tokens.size());
    std::copy(slice.tokens.begin(), slice.tokens.end(), ws.tokens.begin() + pass.n_tokens);
    for (int64_t t = 0; t < n; ++t) {
      ws.rows[static_cast<size_t>(pass.n_tokens + t)] = {slice.pages, slice.first_position + t};
    }
    const ops::RopeFrequencies& rope = *pass.model.rope;
    rope.fill(pass.compute, slice.first_position, n,
              ws.cos_sin.data() + pass.n_tokens * rope.n_pairs() * 2);
    pass.n_tokens += n;
  }
}

}  // namespace

Status forward_llama(const Model& model, const Compute& compute, Workspace& ws, ops::KvPool& pool,
                     const ForwardArgs& args) {
  Pass pass{.model = model,
            .compute = compute,
            .ws = ws,
            .pool = pool,
            .input = gemm::MatmulInput(ws.quantized),
            .observe = args.observe};
  lay_out(pass, args.slices);
  ops::embed(compute, model.weights.embedding,
             std::span(ws.tokens).first(static_cast<size_t>(pass.n_tokens)), ws.x.data());
  for (int i = 0; i < model.config.n_layers; ++i) {
    if (args.should_cancel != nullptr && *args.should_cancel && (*args.should_cancel)()) {
      return Status(StatusCode::cancelled, "cancelled while evaluating tokens");
    }
    attention_block(pass, i);
    feed_forward_block(pass, i);
  }
  output_block(pass, args);
  return {};
}

}  // namespace cria::model
