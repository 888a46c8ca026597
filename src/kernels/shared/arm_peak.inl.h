// What int8 products can reach at most, by an instruction that takes a vector of sums, one of
// weights and one of activations. Included in an unnamed namespace after arm_neon.h.

// Sums: the vector of the sums; Step::run(sums) adds products to it.
template <typename Step>
float peak_products(int64_t n_rounds) {
  typename Step::Sums sums[12];
  for (int i = 0; i < 12; ++i) sums[i] = Step::start(i);
  for (int64_t round = 0; round < n_rounds; ++round) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = Step::run(sum);
  }
  int32_t total = 0;
  for (const auto& sum : sums) total += Step::total(sum);
  return static_cast<float>(total);
}
template <typename Step>
constexpr Peak kPeakOf = {.multiply_adds = 12 * Step::kProducts, .run = peak_products<Step>};
