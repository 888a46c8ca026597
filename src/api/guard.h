// The edge of the library: what a standard container or a caller's callback may throw inside
// becomes a Status here.
#pragma once

#include <cxxabi.h>

#include <new>
#include <stdexcept>

#include "base/str_cat.h"

namespace cria::api {

// Calls work, which returns a Status or a Result, and returns what it returns. A failed allocation
// becomes out_of_memory, anything else that is thrown becomes internal. The messages made here fit
// into a string without allocating (15 characters), since there may be nothing left to allocate.
template <typename Work>
auto guard(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::out_of_memory, "out of memory");
  } catch (const std::length_error&) {
    return Status(StatusCode::out_of_memory, "out of memory");
  } catch (abi::__forced_unwind&) {  // a thread that is being cancelled has to unwind
    throw;
  } catch (...) {
    return Status(StatusCode::internal, "callback threw");
  }
}

}  // namespace cria::api
