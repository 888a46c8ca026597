// Products of quantised weights with quantised tokens. Included in an unnamed namespace after
// unpack.inl.h.
//
// kLanes rows are unpacked a chunk of columns at a time, and each chunk meets all tokens before the
// next one. Every (row, token) is a lane of its own whose sum takes one fp32 addition per 32
// columns in ascending order: tiling cannot change it.

constexpr int kChunkParts = 8;     // 256 columns: unpacked they fill 3 kB, a tenth of an L1 cache
constexpr int kTokensAtOnce = 64;  // their sums, too, stay in L1
constexpr int kTileTokens = 4;     // share a load of the weights

// dot_whole and dot_halves: out[t], each lane: the sum over 32 columns of
//   d * (q - kOffset) * x - m * x, x in units of its d
// for types whose d and m belong to 32 columns, and to 16.
template <typename Type, int kTokens>
[[gnu::always_inline]] inline void dot_whole(const Part& part, const BlockQ8A* const* x,
                                             VecF* out) {
  constexpr int kOffset = Type::kOffset;
  const int8_t* q[kTokens];
  VecI products[kTokens];
  for (int t = 0; t < kTokens; ++t) q[t] = x[t]->q;
  dot_groups<Type::kBits, 8, kTokens>(part.q, q, products);
  for (int t = 0; t < kTokens; ++t) {
    if constexpr (kOffset != 0) {
      products[t] = add_ints(products[t], weigh_sums<-kOffset, -kOffset>(*x[t]));
    }
    out[t] = mul(part.d[0], to_floats(products[t]));
    if constexpr (Type::kHasMin) {
      out[t] = fnma(part.m[0], to_floats(weigh_sums<1, 1>(*x[t])), out[t]);
    }
  }
}

template <typename Type, int kTokens>
[[gnu::always_inline]] inline void dot_halves(const Part& part, const BlockQ8A* const* x,
                                              VecF* out) {
  constexpr int kOffset = Type::kOffset;
  const int8_t *low_q[kTokens], *high_q[kTokens];
  VecI low[kTokens], high[kTokens];
  for (int t = 0; t < kTokens; ++t) {
    low_q[t] = x[t]->q;
    high_q[t] = x[t]->q + 16;
  }
  dot_groups<Type::kBits, 4, kTokens>(part.q, low_q, low);
  dot_groups<Type::kBits, 4, kTokens>(part.q + 4, high_q, high);
  for (int t = 0; t < kTokens; ++t) {
    if constexpr (kOffset != 0) {
      low[t] = add_ints(low[t], weigh_sums<-kOffset, 0>(*x[t]));
      high[t] = add_ints(high[t], weigh_sums<0, -kOffset>(*x[t]));
    }
    out[t] = mul(part.d[0], to_floats(low[t]));
    out[t] = fma(part.d[1], to_floats(high[t]), out[t]);
    if constexpr (Type::kHasMin) {
      out[t] = fnma(part.m[0], to_floats(weigh_sums<1, 0>(*x[t])), out[t]);
      out[t] = fnma(part.m[1], to_floats(weigh_sums<0, 1>(*x[t])), out[t]);
    }
  }
}

// Token t's quantised columns, from 32-block i_block on.
inline const BlockQ8A* token_blocks(const MatmulArgs& args, int64_t i_token, int64_t i_block) {
  return reinterpret_cast<const BlockQ8A*>(args.x + i_token * args.x_row_bytes) + i_block;
}

// sums[t] += the chunk's product with token first_token + t.
template <typename Type, int kTokens>
inline void add_chunk(const MatmulArgs& args, const Part* parts, int64_t i_block, int64_t n_parts,
                      int64_t first_token, VecF* sums) {
  const BlockQ8A* x[kTokens];
  VecF sum[kTokens];
  for (int t = 0; t < kTokens; ++t) {
    x[t] = token_blocks(args, first_token + t, i_block);
    sum[t] = sums[t];
  }
  for (int64_t i = 0; i < n_parts; ++i) {
    VecF products[kTokens];
    if constexpr (Type::kHalves) {
      dot_halves<Type, kTokens>(parts[i], x, products);
    } else {
      dot_whole<Type, kTokens>(parts[i], x, products);
    }
    for (int t = 0; t < kTokens; ++t) {
      sum[t] = fma(splat(x[t]->d), products[t], sum[t]);
      ++x[t];
    }
  }
  for (int t = 0; t < kTokens; ++t) sums[t] = sum[t];
}

// Up to kLanes rows. Lanes past the last row compute that row again, so that nothing behind it is
// read.
inline Rows rows_from(const MatmulArgs& args, int64_t first_row) {
  Rows rows;
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    const int64_t r = first_row + lane < args.n_rows ? first_row + lane : args.n_rows - 1;
    rows.at[lane] = args.w + r * args.w_row_bytes;
  }
  return rows;
}

// kLanes rows times up to kTokensAtOnce tokens.
template <typename Type>
inline void multiply_rows(const MatmulArgs& args, int64_t first_row, int64_t first_token,
                          int64_t n_tokens) {
  const Rows rows = rows_from(args, first_row);
  const int64_t n_blocks = args.n_cols / 32;
  VecF sums[kTokensAtOnce];
  for (int64_t t = 0; t < n_tokens; ++t) sums[t] = zeros();
  for (int64_t i_block = 0; i_block < n_blocks; i_block += kChunkParts) {
    const int64_t left = n_blocks - i_block;
    const int64_t n_parts = left < kChunkParts ? left : kChunkParts;
    Part parts[kChunkParts];
    for (int64_t i = 0; i < n_parts; i += Type::kParts) {
      const auto block_bytes = static_cast<int64_t>(sizeof(typename Type::Block));
      unpack_all<Type>(rows, (i_block + i) / Type::kParts * block_bytes, parts + i);
    }
    int64_t t = 0;
    for (; t + kTileTokens <= n_tokens; t += kTileTokens) {
      add_chunk<Type, kTileTokens>(args, parts, i_block, n_parts, first_token + t, sums + t);
    }
    for (; t < n_tokens; ++t) {
      add_chunk<Type, 1>(args, parts, i_block, n_parts, first_token + t, sums + t);
    }
  }
  const int64_t n_rows = args.n_rows - first_row;
  for (int64_t t = 0; t < n_tokens; ++t) {
    float* out = args.out + (first_token + t) * args.out_stride + first_row;
    n_rows >= kLanes ? store(out, sums[t]) : store_partial(out, sums[t], n_rows);
  }
}

template <typename Type>
void matmul_blocks(const MatmulArgs& args) {
  for (int64_t r = 0; r < args.n_rows; r += kLanes) {
    for (int64_t t = 0; t < args.n_tokens; t += kTokensAtOnce) {
      const int64_t left = args.n_tokens - t;
      multiply_rows<Type>(args, r, t, left < kTokensAtOnce ? left : kTokensAtOnce);
    }
  }
}
