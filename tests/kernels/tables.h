// What the kernel tests share: one test parameter per table that this CPU can run, random inputs,
// and arrays that end at a guard page.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/dispatch.h"
#include "support/guarded.h"

namespace cria::kernels::testing {

using cria::testing::GuardedBytes;

// A test with a parameter: the name of a runnable table.
class EveryTable : public ::testing::TestWithParam<std::string> {
 protected:
  const Table table_ = *choose_table(GetParam());
  const Table& scalar_ = scalar::kTable;
};

inline std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const std::string_view name : runnable_tables()) names.emplace_back(name);
  return names;
}

#define CRIA_FOR_EVERY_TABLE(suite)                                                    \
  INSTANTIATE_TEST_SUITE_P(Tables, suite, ::testing::ValuesIn(testing::table_names()), \
                           [](const auto& param) { return param.param; })

using Random = std::mt19937;

// Uniform in [-range, range].
inline float uniform(Random& random, float range) {
  return range * (static_cast<float>(random() % 20001) / 10000.0f - 1.0f);
}
inline std::vector<float> uniforms(Random& random, int64_t n, float range) {
  std::vector<float> out(static_cast<size_t>(n));
  for (float& value : out) value = uniform(random, range);
  return out;
}

// n elements right before a guard page.
template <typename T>
class Guarded {
 public:
  explicit Guarded(int64_t n) : bytes_(static_cast<size_t>(n) * sizeof(T)) {}
  explicit Guarded(const std::vector<T>& copy_of) : Guarded(static_cast<int64_t>(copy_of.size())) {
    if (!copy_of.empty()) std::memcpy(bytes_.data(), copy_of.data(), bytes_.size());
  }
  T* data() { return bytes_.as<T>(); }
  std::byte* bytes() { return bytes_.data(); }
  T& operator[](int64_t i) { return data()[i]; }
  bool same_bits(Guarded& other) {
    return bytes_.size() == other.bytes_.size() &&
           std::memcmp(bytes_.data(), other.bytes_.data(), bytes_.size()) == 0;
  }

 private:
  GuardedBytes bytes_;
};

}  // namespace cria::kernels::testing
