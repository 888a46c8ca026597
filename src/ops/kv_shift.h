// Positions of a sequence's cache that move.
#pragma once

#include "ops/kv_pool.h"
#include "ops/rope.h"

namespace cria::ops {

// Moves the rows of positions [first, end) back by n_back positions, over what stood there; keys
// are turned back by as many positions, as if their tokens had come that much earlier. The rows
// keep what they took up from tokens before them, also from those that are overwritten: this is no
// exact evaluation of the shorter text. Every move rounds keys to their type once more.
// from, to  the pages before and after: the same list, or to = from + n_back / kKvPage where whole
//           pages are left out, and rows stay where they are
// Requires  0 < n_back <= first; nobody else holds the pages that are written
void move_back(const Compute& compute, KvPool& pool, const RopeFrequencies& frequencies,
               const int32_t* from, const int32_t* to, int64_t first, int64_t end, int64_t n_back);

}  // namespace cria::ops
