// What int8 products can reach at most, by the instructions that a set has for them. Included in an
// unnamed namespace.

// Step::Sums is a vector of sums, Step::run(sums) adds Step::kProducts products to it. Ten such
// vectors are more than latency times throughput of any core, and with what they are made of still
// fit AVX2's registers.
template <typename Step>
float peak_products(int64_t n_rounds) {
  typename Step::Sums sums[10];
  for (int i = 0; i < 10; ++i) sums[i] = Step::start(i);
  for (int64_t round = 0; round < n_rounds; ++round) {
#pragma GCC unroll 10
    for (auto& sum : sums) sum = Step::run(sum);
  }
  // The sums wrap as the vectors do; only that they are used matters.
  uint32_t total = 0;
#pragma GCC unroll 10
  for (const auto& sum : sums) total += static_cast<uint32_t>(Step::total(sum));
  return static_cast<float>(total);
}
template <typename Step>
constexpr Peak kPeakOf = {.multiply_adds = 10 * Step::kProducts, .run = peak_products<Step>};
