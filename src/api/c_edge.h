// The edge that both parts of the C ABI share: a Status becomes a code and an error object.
#pragma once

#include <new>
#include <string>

#include "api/guard.h"
#include "cria/c.h"

struct cria_error {
  std::string message;
};

namespace cria::api {

// Where there is no room for the message, the code alone has to do.
inline void store_message(const Status& status, cria_error** error) {
  try {
    *error = new cria_error{status.message()};
  } catch (const std::bad_alloc&) {
    *error = nullptr;
  }
}

template <typename Work>
cria_code run_for_c(cria_error** error, const Work& work) {
  if (error != nullptr) *error = nullptr;
  const Status status = guard([&]() -> Status { return work(); });
  if (!status.ok() && error != nullptr) store_message(status, error);
  return static_cast<cria_code>(status.code());
}

inline Status missing(const char* argument) {
  return invalid_argument(argument, ": found null, expected a pointer");
}

}  // namespace cria::api
