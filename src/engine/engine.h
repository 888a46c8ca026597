// What the sequences of one model share: threads, intermediate values, pages of keys and values,
// and the prefixes that recent sequences left.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "cria/session.h"
#include "engine/prefix_tree.h"
#include "model/model.h"

namespace cria::engine {

struct EngineConfig {
  int64_t n_kv_tokens = 0;  // that the pages hold, of all sequences and of kept prefixes together
  bool keep_prefixes = false;
  int n_threads = 0;
  int n_threads_prefill = 0;
  int n_chunk = 512;  // tokens of one batch
  KvType k_type = KvType::f16;
  KvType v_type = KvType::f16;
};

// Keeps the model alive. For one thread at a time.
class Engine {
 public:
  // Errors: invalid_argument (field, value, range); out_of_memory with the size.
  static Result<std::shared_ptr<Engine>> create(std::shared_ptr<const model::Model> model,
                                                const EngineConfig& config);

  const model::Model& model() const { return *model_; }
  ops::KvPool& pool() { return pool_; }
  const ops::KvPool& pool() const { return pool_; }
  // Null where no prefixes are kept.
  PrefixTree* prefixes() { return prefixes_.get(); }
  int n_chunk() const { return static_cast<int>(workspace_.n_chunk); }
  int n_threads() const { return decode_pool_->n_threads(); }

  // A page with one reference; kept prefixes give way, the longest unused first. -1: none is left.
  int32_t take_page();

  // See ops::move_back.
  void move_back(const int32_t* from, const int32_t* to, int64_t first, int64_t end,
                 int64_t n_back);
  // See model::forward_llama.
  Status forward(const model::ForwardArgs& args);

 private:
  Engine() = default;

  std::shared_ptr<const model::Model> model_;
  std::unique_ptr<ThreadPool> decode_pool_;
  std::unique_ptr<ThreadPool> prefill_pool_;  // null: the same threads as for decode
  model::Workspace workspace_;
  ops::KvPool pool_;
  std::unique_ptr<PrefixTree> prefixes_;
};

// What a cache of these types would hold of this model. Errors: invalid_argument.
Result<ops::KvShape> kv_shape(const model::Config& config, KvType k_type, KvType v_type);

}  // namespace cria::engine
