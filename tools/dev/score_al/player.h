// Test cases through the library, on several threads.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cria/model.h"
#include "test_case.h"

namespace cria::score {

struct Played {
  std::string reply;
  std::string error;  // why there is no reply, as for a case beyond the context; "" where there is
  int n_generated = 0;
  double generate_seconds = 0;
};

struct PlayOptions {
  int n_threads = 1;     // sessions of one thread each
  int max_tokens = 512;  // of a reply, because one that does not end is wrong anyway
  bool free = false;     // calls are not held to what the house has, as `cria al` does
  // Called now and then from one of the threads with the number of cases done.
  std::function<void(size_t n_done)> on_progress = {};
};

// The greedy reply to each case, in their order. The same for any number of threads.
// Errors: as Model::new_session.
Result<std::vector<Played>> play(const Model& model, const std::vector<TestCase>& cases,
                                 const PlayOptions& options);

}  // namespace cria::score
