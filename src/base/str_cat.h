// Builds messages. Only for errors and reports: not for hot paths.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "cria/status.h"

namespace cria {

namespace internal {
inline void append_piece(std::string& out, std::string_view piece) { out += piece; }
inline void append_piece(std::string& out, char c) { out += c; }
template <typename T>
requires(std::is_arithmetic_v<T> && !std::is_same_v<T, char>) void append_piece(std::string& out,
                                                                                T number) {
  if constexpr (std::is_same_v<T, bool>) {
    out += number ? "true" : "false";
  } else {
    // The shortest text that reads back as the same number, whatever the host's locale.
    char digits[64];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  }
}
}  // namespace internal

template <typename... Pieces>
std::string str_cat(const Pieces&... pieces) {
  std::string out;
  (internal::append_piece(out, pieces), ...);
  return out;
}

template <typename... Pieces>
Status invalid_argument(const Pieces&... pieces) {
  return Status(StatusCode::invalid_argument, str_cat(pieces...));
}
template <typename... Pieces>
Status corrupt(const Pieces&... pieces) {
  return Status(StatusCode::corrupt, str_cat(pieces...));
}
template <typename... Pieces>
Status unsupported(const Pieces&... pieces) {
  return Status(StatusCode::unsupported, str_cat(pieces...));
}
template <typename... Pieces>
Status io_error(const Pieces&... pieces) {
  return Status(StatusCode::io_error, str_cat(pieces...));
}
template <typename... Pieces>
Status out_of_memory(const Pieces&... pieces) {
  return Status(StatusCode::out_of_memory, str_cat(pieces...));
}

// Foreign bytes as they may stand in a message: quoted, at most max_chars, non-printing ones as
// \xNN.
std::string quoted(std::string_view foreign, size_t max_chars = 60);

}  // namespace cria

// Returns from a function with the Status of an expression that failed.
#define CRIA_RETURN_IF_ERROR(expression)                                                    \
  do {                                                                                      \
    if (::cria::Status status_of_expression_ = (expression); !status_of_expression_.ok()) { \
      return status_of_expression_;                                                         \
    }                                                                                       \
  } while (false)
