// Products of f32, f16 and bf16 weights with fp32 tokens. Included in an unnamed namespace after
// vec.inl.h. Each (row, token) has one vector of sums: lane l takes columns l, l + kLanes, ... in
// ascending order, and the lanes are added at the end; tiling cannot change it.

constexpr int kFloatRows = 4;  // 8 sums fill the multiply-add pipes and leave registers for loads
constexpr int kFloatTokens = 2;

struct F32 {
  static constexpr int kBytes = 4;
  static VecF load_lanes(const void* at) { return load_f32(at); }
};
struct F16 {
  static constexpr int kBytes = 2;
  static VecF load_lanes(const void* at) { return load_f16(at); }
};
struct BF16 {
  static constexpr int kBytes = 2;
  static VecF load_lanes(const void* at) { return load_bf16(at); }
};

// n < kLanes elements, zeros behind them.
template <typename Type>
inline VecF load_lanes_partial(const std::byte* at, int64_t n) {
  char padded[kLanes * Type::kBytes] = {};
  memcpy(padded, at, static_cast<size_t>(n * Type::kBytes));
  return Type::load_lanes(padded);
}

// The tile's sums += columns c to c + n - 1. kWhole: n is kLanes.
template <typename Type, bool kWhole, int kRows, int kTokens>
inline void add_columns(const MatmulArgs& args, const std::byte* w, const std::byte* x, int64_t c,
                        int64_t n, VecF (&sums)[kRows][kTokens]) {
  VecF w_lanes[kRows];
  for (int r = 0; r < kRows; ++r) {
    const std::byte* at = w + r * args.w_row_bytes + c * Type::kBytes;
    w_lanes[r] = kWhole ? Type::load_lanes(at) : load_lanes_partial<Type>(at, n);
  }
  for (int t = 0; t < kTokens; ++t) {
    const float* at = reinterpret_cast<const float*>(x + t * args.x_row_bytes) + c;
    const VecF x_lanes = kWhole ? load(at) : load_partial(at, n);
    for (int r = 0; r < kRows; ++r) sums[r][t] = fma(w_lanes[r], x_lanes, sums[r][t]);
  }
}

template <typename Type, int kRows, int kTokens>
inline void multiply_tile(const MatmulArgs& args, int64_t first_row, int64_t first_token) {
  const std::byte* w = args.w + first_row * args.w_row_bytes;
  const std::byte* x = args.x + first_token * args.x_row_bytes;
  VecF sums[kRows][kTokens];
  for (auto& row : sums) {
    for (VecF& sum : row) sum = zeros();
  }
  int64_t c = 0;
  for (; c + kLanes <= args.n_cols; c += kLanes) {
    add_columns<Type, true>(args, w, x, c, kLanes, sums);
  }
  if (c < args.n_cols) add_columns<Type, false>(args, w, x, c, args.n_cols - c, sums);
  for (int t = 0; t < kTokens; ++t) {
    float* out = args.out + (first_token + t) * args.out_stride + first_row;
    for (int r = 0; r < kRows; ++r) out[r] = sum_lanes(sums[r][t]);
  }
}

template <typename Type, int kRows>
inline void multiply_float_rows(const MatmulArgs& args, int64_t first_row) {
  int64_t t = 0;
  for (; t + kFloatTokens <= args.n_tokens; t += kFloatTokens) {
    multiply_tile<Type, kRows, kFloatTokens>(args, first_row, t);
  }
  for (; t < args.n_tokens; ++t) multiply_tile<Type, kRows, 1>(args, first_row, t);
}

template <typename Type>
void matmul_float(const MatmulArgs& args) {
  int64_t r = 0;
  for (; r + kFloatRows <= args.n_rows; r += kFloatRows) {
    multiply_float_rows<Type, kFloatRows>(args, r);
  }
  for (; r < args.n_rows; ++r) multiply_float_rows<Type, 1>(args, r);
}
