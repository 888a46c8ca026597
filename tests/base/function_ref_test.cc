#include "base/function_ref.h"

#include <gtest/gtest.h>

#include <string>

namespace cria {
namespace {

int apply(FunctionRef<int(int)> f, int x) { return f(x); }

TEST(FunctionRef, CallsALambdaWithItsCaptures) {
  int n_calls = 0;
  EXPECT_EQ(apply(
                [&](int x) {
                  ++n_calls;
                  return x * 2;
                },
                21),
            42);
  EXPECT_EQ(n_calls, 1);
}

TEST(FunctionRef, CallsTheCallableItselfNotACopy) {
  struct Counter {
    int n = 0;
    int operator()(int x) { return n += x; }
  } counter;
  EXPECT_EQ(apply(counter, 3), 3);
  EXPECT_EQ(apply(counter, 4), 7);
  EXPECT_EQ(counter.n, 7);
}

TEST(FunctionRef, PassesReferencesThrough) {
  const auto append = [](std::string& text) { text += "!"; };
  std::string text = "hi";
  FunctionRef<void(std::string&)> ref = append;
  ref(text);
  const auto copy = ref;
  copy(text);
  EXPECT_EQ(text, "hi!!");
}

}  // namespace
}  // namespace cria
