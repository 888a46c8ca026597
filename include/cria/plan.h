// What a model will take in memory, before anything of it is loaded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cria/model.h"
#include "cria/session.h"
#include "cria/status.h"

namespace cria {

// Matrices of one type.
struct PlannedWeights {
  std::string what;        // "matrices"; "embedding": what of its rows stays resident
  std::string type;        // "q4_0"
  std::string layout;      // "[k / 32][16] q4_0 ..." of the kernel table, or "as in the file"
  int count = 0;           // of matrices
  int64_t file_bytes = 0;  // in the file
  int64_t held_bytes = 0;  // resident while the model runs
};

// Resident memory of the process at its peak, in bytes, with all contexts full: an upper bound that
// runs come within 2 % or 3 MB of (tools/dev/check_plan.py).
struct MemoryPlan {
  int n_ctx = 0;        // of each conversation
  int n_ctx_train = 0;  // the model's own
  int n_conversations = 1;
  std::string kernels;  // the table that the weights would be packed for
  std::vector<PlannedWeights> weights;

  int64_t weights_bytes = 0;     // the sum of those
  int64_t vocabulary_bytes = 0;  // tokenizer, norms, names of tensors
  int64_t kv_bytes = 0;          // of all conversations
  int64_t workspace_bytes = 0;   // values of one chunk, logits, sampling; of all conversations
  int64_t text_bytes = 0;        // prompts and replies, as text and as tokens
  int64_t threads_bytes = 0;     // stacks
  int64_t program_bytes = 0;     // this process without all that, as it is now
  int64_t total_bytes = 0;       // the sum of these groups

  // With a budget, else 0.
  int64_t budget_bytes = 0;
  int largest_n_ctx = 0;            // that fits, a multiple of 32; 0: none does
  int largest_n_conversations = 0;  // that fit, with contexts of n_ctx

  bool fits() const { return budget_bytes == 0 || total_bytes <= budget_bytes; }
};

// What Model::open and sessions with these options (session, n_conversations) would take, from the
// file's header alone: no weight is read. With options.memory_budget and a session.n_ctx of 0 the
// plan is for the largest context that fits, the model's own at most. A budget that is too small is
// no error here: see fits(). The program's share is what this process has resident now: exact where
// nothing else allocates meanwhile.
// Errors: as Model::open, but for that of the budget.
CRIA_API Result<MemoryPlan> plan_memory(const std::string& path, const ModelOptions& options = {});

}  // namespace cria
