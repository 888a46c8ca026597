// The edge of the library: what a standard container may throw inside becomes a Status here.
#pragma once

#include <exception>
#include <new>
#include <stdexcept>

#include "base/str_cat.h"

namespace cria::api {

// Calls work, which returns a Status or a Result, and returns what it returns. A failed allocation
// becomes out_of_memory, anything else that is thrown becomes internal.
template <typename Work>
auto guard(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::out_of_memory, "not enough memory; free some or use a smaller model");
  } catch (const std::length_error&) {
    return Status(StatusCode::out_of_memory, "a container would be larger than memory allows");
  } catch (const std::exception& error) {
    return Status(StatusCode::internal, str_cat("unexpected: ", error.what()));
  }
}

}  // namespace cria::api
