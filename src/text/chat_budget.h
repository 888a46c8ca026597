// What a chat template may cost, in steps: about one for each node visited and each 4 bytes made.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cria::text {

// Whoever is about to make, copy or compare bytes asks first, so that the steps bound the memory
// as well as the time: what a template holds at once is at most 4 bytes for each.
class JinjaBudget {
 public:
  explicit JinjaBudget(int64_t n_steps) : steps_left_(n_steps) {}

  // Takes one step and one for each 4 bytes. False where they are not left, then and from then
  // on: the caller gives up, with whatever result, and the evaluator says why.
  [[nodiscard]] bool spend(uint64_t n_bytes) {
    const uint64_t cost = 1 + n_bytes / 4;
    const bool fits = steps_left_ >= 0 && cost <= static_cast<uint64_t>(steps_left_);
    steps_left_ = fits ? steps_left_ - static_cast<int64_t>(cost) : -1;
    return fits;
  }

  // For finding a part in a text, whose worst case compares all of the part at every position.
  [[nodiscard]] bool spend_search(uint64_t n_text_bytes, uint64_t n_part_bytes) {
    return spend(n_text_bytes + n_text_bytes * n_part_bytes / 16);
  }

  bool is_spent() const { return steps_left_ < 0; }

 private:
  int64_t steps_left_;
};

}  // namespace cria::text
