// Knows of Cria's products only: C = relu(A * B + bias), as in a layer of an OCR or a speech
// engine. Prints a row of C, and fails where it is not what plain loops give.
#include <cria/gemm.h>

#include <cmath>
#include <cstdio>
#include <vector>

namespace {

constexpr int kM = 3, kN = 20, kK = 64;

float value(int i) { return static_cast<float>(i * 37 % 101) / 50.0f - 1.0f; }

float expected(const std::vector<float>& a, const std::vector<float>& b,
               const std::vector<float>& bias, int m, int n) {
  float sum = bias[static_cast<size_t>(n)];
  for (int k = 0; k < kK; ++k) {
    sum += a[static_cast<size_t>(m * kK + k)] * b[static_cast<size_t>(k * kN + n)];
  }
  return sum > 0 ? sum : 0;
}

}  // namespace

int main() {
  std::vector<float> a(kM * kK), b(kK * kN), c(kM * kN), bias(kN);
  for (size_t i = 0; i < a.size(); ++i) a[i] = value(static_cast<int>(i));
  for (size_t i = 0; i < b.size(); ++i) b[i] = value(static_cast<int>(3 * i + 1));
  for (size_t i = 0; i < bias.size(); ++i) bias[i] = value(static_cast<int>(5 * i));

  using cria::ElementType;
  const auto packed = cria::PackedMatrix::pack({b.data(), ElementType::f32, kK, kN});
  if (!packed.ok()) return std::fprintf(stderr, "%s\n", packed.status().message().c_str()), 1;
  const auto status = cria::multiply({a.data(), ElementType::f32, kM, kK}, *packed,
                                     {c.data(), ElementType::f32, kM, kN},
                                     {.bias = bias.data(), .activation = cria::Activation::relu});
  if (!status.ok()) return std::fprintf(stderr, "%s\n", status.message().c_str()), 1;
  for (int m = 0; m < kM; ++m) {
    for (int n = 0; n < kN; ++n) {
      const float found = c[static_cast<size_t>(m * kN + n)];
      if (std::abs(found - expected(a, b, bias, m, n)) > 1e-4f) return 1;
    }
  }
  std::printf("%s:", packed->layout().c_str());
  for (int n = 0; n < 4; ++n) std::printf(" %.3f", static_cast<double>(c[static_cast<size_t>(n)]));
  std::printf("\n");
}
