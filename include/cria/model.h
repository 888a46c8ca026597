// A model file, opened, checked and ready to share between sessions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cria/session.h"
#include "cria/status.h"
#include "cria/tokenizer.h"

namespace cria {

struct ModelOptions {
  // llama2.c checkpoints carry no vocabulary: its file (tokenizer.bin or a SentencePiece .model).
  // For a GGUF: overrides the vocabulary in it. "" for none.
  std::string tokenizer_path = {};
  // Kernel table by name ("scalar", "avx2", ...); "" takes CRIA_ISA from the environment, and
  // where that is unset the best one for this CPU.
  std::string isa = {};
  // Kernels that are not to be used, so that the next table down computes: "avx2/packed.q4_0" and
  // so on, joined by commas (verify_kernels names them). "" takes CRIA_KERNELS_OFF from the
  // environment. The model's notes say what was switched off.
  std::string kernels_off = {};
  // A file that save_packed wrote for this model and this kernel table: it is mapped, and nothing
  // is packed. A model's file that was edited in place since then may not be told from what it was:
  // pack it again. "": none.
  std::string packed_path = {};
  // A folder where packed weights are kept from one start to the next, at most pack_cache_bytes of
  // them: those used longest ago go first. The first start writes as many bytes as the weights
  // have, where four times that is free; the model's notes say what was done. "": none.
  std::string pack_cache = {};
  int64_t pack_cache_bytes = int64_t{32} << 30;
  // Called from the opening thread with the share done, 0 to 1; return false to cancel.
  std::function<bool(double)> on_progress = {};
  // Above 0: the bytes that this process may have resident at its peak, with n_conversations
  // sessions like `session` whose contexts are full. What that takes is computed before any weight
  // is read (see plan.h), and sessions are held to it; one without an n_ctx of its own gets the
  // plan's, which is the largest that fits, the model's own at most, where session.n_ctx is 0.
  int64_t memory_budget = 0;
  SessionOptions session = {};
  int n_conversations = 1;
};

struct MemoryPlan;

struct ModelInfo {
  std::string path;
  std::string format;        // "GGUF v3", "llama2.c v1", ...
  std::string architecture;  // "llama", "qwen2"
  std::string name;          // general.name, or ""
  std::string kernels;       // the kernel table in use
  int64_t n_params = 0;
  int64_t weight_bytes = 0;  // of all tensors, as they are held
  int n_layers = 0, n_heads = 0, n_kv_heads = 0, head_dim = 0;
  int d_model = 0, d_ff = 0, n_vocab = 0;
  int n_ctx_train = 0;  // the context that the model was trained for
  float rope_base = 0;
  int sliding_window = 0;  // 0: none
};

// A handle on immutable weights: cheap to copy, safe to share between threads. Sessions keep their
// model alive.
class CRIA_API Model {
 public:
  // Maps the file, checks every header field, shape and range, and prepares the weights: memory
  // holds one copy.
  // Errors: not_found, io_error, corrupt, unsupported, invalid_argument (options), out_of_memory
  // (also where memory_budget is too small: what would fit is named), cancelled. Messages name the
  // file, the field, what was found and what would be right.
  static Result<Model> open(const std::string& path, const ModelOptions& options = {});

  const ModelInfo& info() const;
  const Tokenizer& tokenizer() const;
  // Facts that a person may want to know (nothing is printed by the library).
  const std::vector<std::string>& notes() const;

  // What was planned for options.memory_budget; null without one.
  const MemoryPlan* memory_plan() const;

  // Writes the weights as they are packed for its kernel table, whole or not at all, for
  // ModelOptions::packed_path. on_progress as in ModelOptions. Errors: io_error; invalid_argument
  // where path is the model's file; unsupported where nothing of it is packed; cancelled.
  Status save_packed(const std::string& path,
                     const std::function<bool(double)>& on_progress = {}) const;

  // Errors: invalid_argument, out_of_memory (the KV cache's size named, or what the budget allows).
  Result<Session> new_session(const SessionOptions& options = {}) const;
  // A session with a draft model: a smaller one of the same vocabulary, which guesses what this one
  // will choose (SpeculationOptions). It gets a KV cache of its own, for as many tokens. Errors:
  // also invalid_argument where the vocabularies differ, with the first token that does.
  Result<Session> new_session(const SessionOptions& options, const Model& draft) const;

  struct Impl;
  explicit Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace cria
