// Errors as values. Nothing in this library throws across its API, prints, exits or aborts.
#pragma once

#include <optional>
#include <string>
#include <utility>

#if defined(__GNUC__)
#define CRIA_API __attribute__((visibility("default")))
#else
#define CRIA_API
#endif

namespace cria {

enum class StatusCode {
  ok = 0,
  invalid_argument,  // a caller's value: the message names field, value and range
  not_found,         // a file or a name that is not there
  io_error,          // the operating system refused to read, write or map
  corrupt,           // a file's bytes contradict its format: position, found, expected
  unsupported,       // well formed, but a kind that this version does not know
  context_full,      // more tokens than the context holds: both numbers
  out_of_memory,     // the size that was asked for; the object is as it was
  cancelled,         // a callback asked to stop
  internal,          // a bug in this library; never the fault of an input
};

// The name of a code, as in "out_of_memory". Never null.
CRIA_API const char* status_code_name(StatusCode code);

// Outcome of an operation: ok, or a code with a message for a person. A value; thread compatible.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::ok; }
  StatusCode code() const { return code_; }
  // Says where, what was found, what the limit was and what to do. Empty when ok.
  const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::ok;
  std::string message_;
};

// A T, or the reason why there is none.
// Requires: value(), * and -> are called only when ok() is true.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) {}  // NOLINT: implicit by design

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return std::move(*value_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace cria
