// Numbers from flags and commands: the whole text has to be the number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cria::cli {

// Decimal, with an optional sign. Nothing for other texts and for numbers beyond 64 bits.
std::optional<int64_t> parse_integer(std::string_view text);
std::optional<uint64_t> parse_unsigned(std::string_view text);

// Bytes: a number with or without a point, and a unit or none: K, M, G, T (or KiB, MiB, ...) are
// powers of 1024, as memory limits of other programs have them; KB, MB, GB, TB are powers of 1000.
// Any case. Nothing for other texts, and below 1 byte or beyond 2^53.
std::optional<int64_t> parse_byte_size(const std::string& text);

// "nan" and "inf" are numbers here, so that a range check can name them.
std::optional<double> parse_real(const std::string& text);

}  // namespace cria::cli
