// Sums of products of unpacked blocks with quantised tokens. Included in an unnamed namespace after
// unpack.inl.h. Every (row, token) is a lane of its own whose sum takes one fp32 addition per 32
// columns in ascending order: tiling cannot change it.

// dot_whole and dot_halves: out[p][t], each lane: the sum over 32 columns of
//   d * (q - kOffset) * x - m * x, x in units of its d
// for types whose d and m belong to 32 columns, and to 16; part[p] of panel p.
template <typename Type, int kPanels, int kTokens>
[[gnu::always_inline]] inline void dot_whole(const Part* const (&part)[kPanels],
                                             const BlockQ8A* const (&x)[kTokens],
                                             VecF (&out)[kPanels][kTokens]) {
  constexpr int kOffset = Type::kOffset;
  const VecI* w[kPanels];
  const int8_t* q[kTokens];
  VecI products[kPanels][kTokens];
  for (int p = 0; p < kPanels; ++p) w[p] = part[p]->q;
  for (int t = 0; t < kTokens; ++t) q[t] = x[t]->q;
  if constexpr (kOffset != 0) {
    for (int t = 0; t < kTokens; ++t) {
      for (int p = 0; p < kPanels; ++p) products[p][t] = weigh_sums<-kOffset, -kOffset>(*x[t]);
    }
  }
  dot_groups<Type::kBits, 8, kOffset != 0>(w, q, products);
  for (int t = 0; t < kTokens; ++t) {
    for (int p = 0; p < kPanels; ++p) {
      out[p][t] = mul(part[p]->d[0], to_floats(products[p][t]));
      if constexpr (Type::kHasMin) {
        out[p][t] = fnma(part[p]->m[0], to_floats(weigh_sums<1, 1>(*x[t])), out[p][t]);
      }
    }
  }
}

template <typename Type, int kPanels, int kTokens>
[[gnu::always_inline]] inline void dot_halves(const Part* const (&part)[kPanels],
                                              const BlockQ8A* const (&x)[kTokens],
                                              VecF (&out)[kPanels][kTokens]) {
  constexpr int kOffset = Type::kOffset;
  const VecI *low_w[kPanels], *high_w[kPanels];
  const int8_t *low_q[kTokens], *high_q[kTokens];
  VecI low[kPanels][kTokens], high[kPanels][kTokens];
  for (int p = 0; p < kPanels; ++p) {
    low_w[p] = part[p]->q;
    high_w[p] = part[p]->q + 4;
  }
  for (int t = 0; t < kTokens; ++t) {
    low_q[t] = x[t]->q;
    high_q[t] = x[t]->q + 16;
  }
  if constexpr (kOffset != 0) {
    for (int t = 0; t < kTokens; ++t) {
      for (int p = 0; p < kPanels; ++p) {
        low[p][t] = weigh_sums<-kOffset, 0>(*x[t]);
        high[p][t] = weigh_sums<0, -kOffset>(*x[t]);
      }
    }
  }
  dot_groups<Type::kBits, 4, kOffset != 0>(low_w, low_q, low);
  dot_groups<Type::kBits, 4, kOffset != 0>(high_w, high_q, high);
  for (int t = 0; t < kTokens; ++t) {
    for (int p = 0; p < kPanels; ++p) {
      VecF sum = mul(part[p]->d[0], to_floats(low[p][t]));
      sum = fma(part[p]->d[1], to_floats(high[p][t]), sum);
      if constexpr (Type::kHasMin) {
        sum = fnma(part[p]->m[0], to_floats(weigh_sums<1, 0>(*x[t])), sum);
        sum = fnma(part[p]->m[1], to_floats(weigh_sums<0, 1>(*x[t])), sum);
      }
      out[p][t] = sum;
    }
  }
}
