// What this process holds in memory now, as the system and the allocator count it.
#pragma once

#include <cstdint>

namespace cria {

// The unit in which the system gives memory.
uint64_t page_bytes();

// Resident memory of the whole process; 0 where the system does not say.
uint64_t resident_bytes();

// What malloc has handed out and not got back, with its own overhead; 0 where it does not say: a C
// library other than glibc, a sanitizer's allocator.
uint64_t heap_bytes();

// Gives the pages that malloc holds free back to the system, where the C library can.
void release_free_heap();

}  // namespace cria
