// In a file of its own, so that no caller's code is compiled into these.
#include "support/allocation_count.h"

#include <cstdlib>
#include <new>

namespace cria::testing {
size_t n_allocations = 0;
}

// clang's thread sanitizer brings operators of its own, which cannot be replaced: nothing is
// counted.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CRIA_COUNTS_NOTHING
#endif
#endif

#ifndef CRIA_COUNTS_NOTHING
void* operator new(size_t n_bytes) {
  ++cria::testing::n_allocations;
  if (void* memory = std::malloc(n_bytes == 0 ? 1 : n_bytes)) return memory;
  throw std::bad_alloc();
}
// std::stable_sort asks this one, which sanitizers would else give from elsewhere.
void* operator new(size_t n_bytes, const std::nothrow_t&) noexcept {
  ++cria::testing::n_allocations;
  return std::malloc(n_bytes == 0 ? 1 : n_bytes);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
#endif
