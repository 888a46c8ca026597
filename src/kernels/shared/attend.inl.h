// Attention of one token's heads to one KV head, streaming softmax as in scalar/attend.cc. Included
// in an unnamed namespace after elementwise.inl.h.

constexpr int64_t kHeadsAtOnce = 8;  // heads that share a block of K and V while it is in L1
constexpr int kPositionsAtOnce = 4;  // independent sums, to fill the multiply-add pipes
constexpr int kVectorsAtOnce = 4;    // likewise, along head_dim

struct KvF32 {
  using Element = float;
  static VecF load_lanes(const float* at) { return load(at); }
};
struct KvF16 {
  using Element = uint16_t;
  static VecF load_lanes(const uint16_t* at) { return load_f16(at); }
};

template <typename Kv>
inline VecF load_kv_partial(const typename Kv::Element* at, int64_t n) {
  typename Kv::Element padded[kLanes] = {};
  memcpy(padded, at, static_cast<size_t>(n) * sizeof *at);
  return Kv::load_lanes(padded);
}

// Where the rows of a block of positions stand.
struct BlockRows {
  const std::byte* at[kAttendBlock];
};

inline void find_rows(const AttendArgs& args, const KvRows& rows, int64_t first, int64_t n,
                      BlockRows& out) {
  for (int64_t i = 0; i < n;) {
    const int64_t p = args.first + first + i, in_page = p % kKvPage;
    const std::byte* at =
        rows.base + args.pages[p / kKvPage] * rows.page_bytes + in_page * rows.row_bytes;
    const int64_t left = kKvPage - in_page, n_here = left < n - i ? left : n - i;
    for (int64_t j = 0; j < n_here; ++j) out.at[i + j] = at + j * rows.row_bytes;
    i += n_here;
  }
}

// scores[p] = scale * q . k[p] for kPositions rows.
template <typename Kv, int kPositions>
inline void score_positions(const AttendArgs& args, const float* q, const std::byte* const* rows,
                            float* scores) {
  const typename Kv::Element* k[kPositions];
  VecF sums[kPositions];
  for (int p = 0; p < kPositions; ++p) {
    k[p] = reinterpret_cast<const typename Kv::Element*>(rows[p]);
    sums[p] = zeros();
  }
  for_lanes(
      args.head_dim,
      [&](int64_t i) {
        const VecF q_lanes = load(q + i);
        for (int p = 0; p < kPositions; ++p) {
          sums[p] = fma(q_lanes, Kv::load_lanes(k[p] + i), sums[p]);
        }
      },
      [&](int64_t i, int64_t left) {
        const VecF q_lanes = load_partial(q + i, left);
        for (int p = 0; p < kPositions; ++p) {
          sums[p] = fma(q_lanes, load_kv_partial<Kv>(k[p] + i, left), sums[p]);
        }
      });
  for (int p = 0; p < kPositions; ++p) scores[p] = args.scale * sum_lanes(sums[p]);
}

// What one head has summed up so far; the weighted values stand in args.out.
struct HeadState {
  float max;
  float sum;
};

// scores become weights e^(score - max); returns the factor for what was summed up before.
inline float soften(float (&scores)[kAttendBlock], int64_t n, HeadState& state) {
  for (int64_t p = n; p < kAttendBlock; ++p) scores[p] = -__builtin_inff();  // weight 0
  VecF largest = splat(state.max);
  for (int64_t p = 0; p < kAttendBlock; p += kLanes) largest = max(load(scores + p), largest);
  const float new_max = max_lane(largest);
  VecF sums = zeros();
  for (int64_t p = 0; p < kAttendBlock; p += kLanes) {
    const VecF weights = exp(add(load(scores + p), splat(-new_max)));
    store(scores + p, weights);
    sums = add(sums, weights);
  }
  float keep[kLanes];
  store(keep, exp(splat(state.max - new_max)));
  state.sum = state.sum * keep[0] + sum_lanes(sums);
  state.max = new_max;
  return keep[0];
}

// What kHeads neighbouring heads need to add a block's values: keep[h] is the factor for what
// out[h] holds already.
template <int kHeads>
struct Weights {
  float scores[kHeads][kAttendBlock];
  float keep[kHeads];
};

// out[h][i, i + kVectors vectors) = keep * out + sum over p of weights[p] * v[p].
template <typename Kv, int kVectors, int kHeads>
inline void add_values(const Weights<kHeads>& weights, const BlockRows& rows, int64_t n, int64_t i,
                       int64_t head_dim, float* out) {
  VecF sums[kHeads][kVectors];
  for (int h = 0; h < kHeads; ++h) {
    for (int j = 0; j < kVectors; ++j) {
      sums[h][j] = mul(splat(weights.keep[h]), load(out + h * head_dim + i + j * kLanes));
    }
  }
  for (int64_t p = 0; p < n; ++p) {
    const auto* at = reinterpret_cast<const typename Kv::Element*>(rows.at[p]) + i;
    VecF v[kVectors];
    for (int j = 0; j < kVectors; ++j) v[j] = Kv::load_lanes(at + j * kLanes);
    for (int h = 0; h < kHeads; ++h) {
      const VecF weight = splat(weights.scores[h][p]);
      for (int j = 0; j < kVectors; ++j) sums[h][j] = fma(weight, v[j], sums[h][j]);
    }
  }
  for (int h = 0; h < kHeads; ++h) {
    for (int j = 0; j < kVectors; ++j) store(out + h * head_dim + i + j * kLanes, sums[h][j]);
  }
}

template <typename Kv>
inline void add_values_partial(const float* weights, const BlockRows& rows, int64_t n, int64_t i,
                               int64_t left, float keep, float* out) {
  VecF sum = mul(splat(keep), load_partial(out + i, left));
  for (int64_t p = 0; p < n; ++p) {
    const auto* v = reinterpret_cast<const typename Kv::Element*>(rows.at[p]) + i;
    sum = fma(splat(weights[p]), load_kv_partial<Kv>(v, left), sum);
  }
  store_partial(out + i, sum, left);
}

// kHeads heads from i_head on and the n positions of a block, whose scores become weights.
template <typename V, int kHeads>
inline void weigh_values(const AttendArgs& args, int64_t i_head, Weights<kHeads>& weights,
                         const BlockRows& v, int64_t n, HeadState* states) {
  const int64_t head_dim = args.head_dim;
  float* out = args.out + i_head * head_dim;
  for (int h = 0; h < kHeads; ++h) weights.keep[h] = soften(weights.scores[h], n, states[h]);
  constexpr int64_t kWide = kVectorsAtOnce * kLanes;
  int64_t i = 0;
  for (; i + kWide <= head_dim; i += kWide) {
    add_values<V, kVectorsAtOnce>(weights, v, n, i, head_dim, out);
  }
  for (; i + kLanes <= head_dim; i += kLanes) add_values<V, 1>(weights, v, n, i, head_dim, out);
  for (int h = 0; h < kHeads && i < head_dim; ++h) {
    add_values_partial<V>(weights.scores[h], v, n, i, head_dim - i, weights.keep[h],
                          out + h * head_dim);
  }
}

// The same from where the keys stand.
template <typename K, typename V>
inline void attend_block(const AttendArgs& args, int64_t i_head, const BlockRows& k,
                         const BlockRows& v, int64_t n, HeadState& state) {
  const float* q = args.q + i_head * args.head_dim;
  Weights<1> weights;
  float* scores = weights.scores[0];
  int64_t p = 0;
  for (; p + kPositionsAtOnce <= n; p += kPositionsAtOnce) {
    score_positions<K, kPositionsAtOnce>(args, q, k.at + p, scores + p);
  }
  for (; p < n; ++p) score_positions<K, 1>(args, q, k.at + p, scores + p);
  weigh_values<V>(args, i_head, weights, v, n, &state);
}

// Rows of quantised blocks become rows of fp32 once for all heads.
struct UnpackedRows {
  float rows[kAttendBlock * kMaxQuantizedHeadDim];
  float scales[kAttendBlock * kMaxQuantizedHeadDim / 32];
};

template <typename Block>
inline void unpack_scales(const BlockRows& rows, int64_t n, int64_t n_blocks, float* scales) {
  uint16_t halves[kAttendBlock * kMaxQuantizedHeadDim / 32 + kLanes];
  int64_t n_scales = 0;
  for (int64_t p = 0; p < n; ++p) {
    for (int64_t b = 0; b < n_blocks; ++b) {
      memcpy(&halves[n_scales++], rows.at[p] + b * static_cast<int64_t>(sizeof(Block)), 2);
    }
  }
  for (int i = 0; i < kLanes; ++i) halves[n_scales + i] = 0;
  int64_t i = 0;
  for (; i + kLanes <= n_scales; i += kLanes) store(scales + i, load_f16(halves + i));
  if (i < n_scales) store_partial(scales + i, load_f16(halves + i), n_scales - i);
}

inline void unpack_q8_0(const std::byte* at, float scale, float* out) {
  for (int i = 0; i < 32; i += kLanes) store(out + i, mul(splat(scale), load_s8(at + 2 + i)));
}

inline void unpack_q4_0(const std::byte* at, float scale, float* out) {
  for (int i = 0; i < 16; i += kLanes) {
    VecF low, high;
    load_2x_u4(at + 2 + i, low, high);
    store(out + i, mul(splat(scale), add(low, splat(-8))));
    store(out + 16 + i, mul(splat(scale), add(high, splat(-8))));
  }
}

template <typename Block>
inline void unpack_blocks(int64_t n, int64_t head_dim, BlockRows& rows, UnpackedRows& out) {
  const int64_t n_blocks = head_dim / 32;
  unpack_scales<Block>(rows, n, n_blocks, out.scales);
  for (int64_t p = 0; p < n; ++p) {
    float* row = out.rows + p * head_dim;
    for (int64_t b = 0; b < n_blocks; ++b) {
      const std::byte* at = rows.at[p] + b * static_cast<int64_t>(sizeof(Block));
      const float scale = out.scales[p * n_blocks + b];
      if constexpr (sizeof(Block) == sizeof(BlockQ8_0)) {
        unpack_q8_0(at, scale, row + b * 32);
      } else {
        unpack_q4_0(at, scale, row + b * 32);
      }
    }
    rows.at[p] = reinterpret_cast<const std::byte*>(row);
  }
}

inline void unpack_rows(DType type, int64_t n, int64_t head_dim, BlockRows& rows,
                        UnpackedRows* out) {
  if (type == DType::q8_0) unpack_blocks<BlockQ8_0>(n, head_dim, rows, *out);
  if (type == DType::q4_0) unpack_blocks<BlockQ4_0>(n, head_dim, rows, *out);
}

// Calls each_block(first head, heads, first position, positions, states) for every block of
// positions, in ascending order for as many heads as share one; then divides by the sums.
template <typename EachBlock>
[[gnu::always_inline]] inline void for_each_block(const AttendArgs& args,
                                                  const EachBlock& each_block) {
  for (int64_t i = 0; i < args.n_heads * args.head_dim; ++i) args.out[i] = 0;
  for (int64_t begin = 0; begin < args.n_heads; begin += kHeadsAtOnce) {
    const int64_t left = args.n_heads - begin;
    const int64_t n_heads = left < kHeadsAtOnce ? left : kHeadsAtOnce;
    HeadState states[kHeadsAtOnce];
    for (HeadState& state : states) state = {-__builtin_inff(), 0};
    for (int64_t first = 0; first < args.n_positions; first += kAttendBlock) {
      const int64_t n_left = args.n_positions - first;
      each_block(begin, n_heads, first, n_left < kAttendBlock ? n_left : kAttendBlock, states);
    }
    for (int64_t h = 0; h < n_heads; ++h) {
      float* out = args.out + (begin + h) * args.head_dim;
      for (int64_t i = 0; i < args.head_dim; ++i) out[i] /= states[h].sum;
    }
  }
}

// K and V: of the rows, once those of quantised types are unpacked into `keys` and `values` (which
// other types do not need).
template <typename K, typename V>
void attend_rows(const AttendArgs& args, UnpackedRows* keys, UnpackedRows* values) {
  for_each_block(args,
                 [&](int64_t begin, int64_t n_heads, int64_t first, int64_t n, HeadState* states) {
                   BlockRows k, v;
                   find_rows(args, args.k, first, n, k);
                   find_rows(args, args.v, first, n, v);
                   unpack_rows(args.k.type, n, args.head_dim, k, keys);
                   unpack_rows(args.v.type, n, args.head_dim, v, values);
                   for (int64_t h = 0; h < n_heads; ++h)
                     attend_block<K, V>(args, begin + h, k, v, n, states[h]);
                 });
}

inline void attend_by_type(const AttendArgs& args, UnpackedRows* keys, UnpackedRows* values) {
  const bool k_f16 = args.k.type == DType::f16, v_f16 = args.v.type == DType::f16;
  if (k_f16 && v_f16) return attend_rows<KvF16, KvF16>(args, keys, values);
  if (k_f16) return attend_rows<KvF16, KvF32>(args, keys, values);
  if (v_f16) return attend_rows<KvF32, KvF16>(args, keys, values);
  return attend_rows<KvF32, KvF32>(args, keys, values);
}

// Apart, because only these need so much of the stack.
[[gnu::noinline]] inline void attend_unpacked(const AttendArgs& args) {
  UnpackedRows keys, values;
  attend_by_type(args, &keys, &values);
}

// Several heads to one KV head: its keys are turned once, so that a lane is a position and nothing
// is summed across lanes, and values become fp32 once. (TinyLlama's 8 heads of 64, AVX-512, 512
// positions: 1.5 times as fast.)
constexpr int kTurnedVectors = 4, kTurnedHeads = 2;  // independent sums of one loop over head_dim

// out [head_dim][kAttendBlock]; positions beyond n, up to a whole vector, repeat the last one.
template <typename Kv>
inline void turn_keys(const BlockRows& rows, int64_t n, int64_t head_dim, float* out) {
  for (int64_t p = 0; p < n; p += kLanes) {
    for (int64_t d = 0; d < head_dim; d += kLanes) {
      const int64_t left = head_dim - d;
      VecF v[kLanes];
      for (int i = 0; i < kLanes; ++i) {
        const std::byte* row = rows.at[p + i < n ? p + i : n - 1];
        const auto* at = reinterpret_cast<const typename Kv::Element*>(row) + d;
        v[i] = left >= kLanes ? Kv::load_lanes(at) : load_kv_partial<Kv>(at, left);
      }
      transpose(v);
      for (int i = 0; i < kLanes && i < left; ++i) store(out + (d + i) * kAttendBlock + p, v[i]);
    }
  }
}

// scores[h][p] = scale * q[h] . keys[p] for kHeads heads from q on and kVectors vectors of
// positions from p on.
template <int kHeads, int kVectors>
inline void score_turned(const AttendArgs& args, const float* q, const float* keys, int64_t p,
                         Weights<kHeads>& weights) {
  VecF sums[kHeads][kVectors];
  for (int h = 0; h < kHeads; ++h) {
    for (int v = 0; v < kVectors; ++v) sums[h][v] = zeros();
  }
  for (int64_t d = 0; d < args.head_dim; ++d) {
    VecF k[kVectors];
    for (int v = 0; v < kVectors; ++v) k[v] = load(keys + d * kAttendBlock + p + v * kLanes);
    for (int h = 0; h < kHeads; ++h) {
      const VecF x = splat(q[h * args.head_dim + d]);
      for (int v = 0; v < kVectors; ++v) sums[h][v] = fma(x, k[v], sums[h][v]);
    }
  }
  for (int h = 0; h < kHeads; ++h) {
    for (int v = 0; v < kVectors; ++v) {
      store(weights.scores[h] + p + v * kLanes, mul(splat(args.scale), sums[h][v]));
    }
  }
}

template <int kHeads>
inline void attend_turned(const AttendArgs& args, int64_t i_head, const float* keys,
                          const BlockRows& v, int64_t n, HeadState* states) {
  Weights<kHeads> weights;
  const float* q = args.q + i_head * args.head_dim;
  int64_t p = 0;
  for (; p + (kTurnedVectors - 1) * kLanes < n; p += kTurnedVectors * kLanes) {
    score_turned<kHeads, kTurnedVectors>(args, q, keys, p, weights);
  }
  for (; p < n; p += kLanes) score_turned<kHeads, 1>(args, q, keys, p, weights);
  weigh_values<KvF32>(args, i_head, weights, v, n, states);
}

inline void unpack_f16(int64_t n, int64_t head_dim, BlockRows& rows, UnpackedRows& out) {
  for (int64_t p = 0; p < n; ++p) {
    const auto* at = reinterpret_cast<const uint16_t*>(rows.at[p]);
    float* row = out.rows + p * head_dim;
    for_lanes(
        head_dim, [&](int64_t i) { store(row + i, load_f16(at + i)); },
        [&](int64_t i, int64_t left) {
          store_partial(row + i, load_kv_partial<KvF16>(at + i, left), left);
        });
    rows.at[p] = reinterpret_cast<const std::byte*>(row);
  }
}

// Apart, as attend_unpacked.
[[gnu::noinline]] inline void attend_heads_together(const AttendArgs& args) {
  UnpackedRows rows;
  alignas(64) float keys[kMaxQuantizedHeadDim * kAttendBlock];
  for_each_block(args,
                 [&](int64_t begin, int64_t n_heads, int64_t first, int64_t n, HeadState* states) {
                   BlockRows k, v;
                   find_rows(args, args.k, first, n, k);
                   unpack_rows(args.k.type, n, args.head_dim, k, &rows);
                   if (args.k.type == DType::f16) {
                     turn_keys<KvF16>(k, n, args.head_dim, keys);
                   } else {
                     turn_keys<KvF32>(k, n, args.head_dim, keys);
                   }
                   find_rows(args, args.v, first, n, v);
                   unpack_rows(args.v.type, n, args.head_dim, v, &rows);
                   if (args.v.type == DType::f16) unpack_f16(n, args.head_dim, v, rows);
                   int64_t h = 0;
                   for (; h + kTurnedHeads <= n_heads; h += kTurnedHeads) {
                     attend_turned<kTurnedHeads>(args, begin + h, keys, v, n, states + h);
                   }
                   for (; h < n_heads; ++h)
                     attend_turned<1>(args, begin + h, keys, v, n, states + h);
                 });
}

inline bool is_quantized(DType type) { return type == DType::q8_0 || type == DType::q4_0; }

void attend(const AttendArgs& args) {
  if (args.n_heads >= kLeastHeadsTogether && args.head_dim <= kMaxQuantizedHeadDim) {
    return attend_heads_together(args);
  }
  if (is_quantized(args.k.type) || is_quantized(args.v.type)) return attend_unpacked(args);
  attend_by_type(args, nullptr, nullptr);
}
