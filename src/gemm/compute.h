// What every operation runs on: the kernels that were chosen, and threads.
#pragma once

#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace cria {

// A view; both outlive it.
struct Compute {
  const kernels::Table& kernels;
  ThreadPool& pool;
};

}  // namespace cria
