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

template <typename Kv>
inline const typename Kv::Element* kv_row(const std::byte* base, int64_t row_bytes, int64_t i_row) {
  return reinterpret_cast<const typename Kv::Element*>(base + i_row * row_bytes);
}

// scores[p] = scale * q . k[first + p] for kPositions rows.
template <typename Kv, int kPositions>
inline void score_positions(const AttendArgs& args, const float* q, int64_t first, float* scores) {
  const typename Kv::Element* k[kPositions];
  VecF sums[kPositions];
  for (int p = 0; p < kPositions; ++p) {
    k[p] = kv_row<Kv>(args.k, args.k_row_bytes, first + p);
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

// out[i, i + kVectors vectors) = keep * out + sum over p of weights[p] * v[first + p].
template <typename Kv, int kVectors>
inline void add_values(const AttendArgs& args, const float* weights, int64_t first, int64_t n,
                       int64_t i, float keep, float* out) {
  VecF sums[kVectors];
  for (int j = 0; j < kVectors; ++j) sums[j] = mul(splat(keep), load(out + i + j * kLanes));
  for (int64_t p = 0; p < n; ++p) {
    const typename Kv::Element* v = kv_row<Kv>(args.v, args.v_row_bytes, first + p) + i;
    for (int j = 0; j < kVectors; ++j) {
      sums[j] = fma(splat(weights[p]), Kv::load_lanes(v + j * kLanes), sums[j]);
    }
  }
  for (int j = 0; j < kVectors; ++j) store(out + i + j * kLanes, sums[j]);
}

template <typename Kv>
inline void add_values_partial(const AttendArgs& args, const float* weights, int64_t first,
                               int64_t n, int64_t i, float keep, float* out) {
  const int64_t left = args.head_dim - i;
  VecF sum = mul(splat(keep), load_partial(out + i, left));
  for (int64_t p = 0; p < n; ++p) {
    const typename Kv::Element* v = kv_row<Kv>(args.v, args.v_row_bytes, first + p) + i;
    sum = fma(splat(weights[p]), load_kv_partial<Kv>(v, left), sum);
  }
  store_partial(out + i, sum, left);
}

// One head and the n positions from first on.
template <typename Kv>
inline void attend_block(const AttendArgs& args, int64_t i_head, int64_t first, int64_t n,
                         HeadState& state) {
  const float* q = args.q + i_head * args.head_dim;
  float* out = args.out + i_head * args.head_dim;
  float scores[kAttendBlock];
  int64_t p = 0;
  for (; p + kPositionsAtOnce <= n; p += kPositionsAtOnce) {
    score_positions<Kv, kPositionsAtOnce>(args, q, first + p, scores + p);
  }
  for (; p < n; ++p) score_positions<Kv, 1>(args, q, first + p, scores + p);
  const float keep = soften(scores, n, state);
  constexpr int64_t kWide = kVectorsAtOnce * kLanes;
  int64_t i = 0;
  for (; i + kWide <= args.head_dim; i += kWide) {
    add_values<Kv, kVectorsAtOnce>(args, scores, first, n, i, keep, out);
  }
  for (; i + kLanes <= args.head_dim; i += kLanes) {
    add_values<Kv, 1>(args, scores, first, n, i, keep, out);
  }
  if (i < args.head_dim) add_values_partial<Kv>(args, scores, first, n, i, keep, out);
}

template <typename Kv>
void attend(const AttendArgs& args) {
  for (int64_t i = 0; i < args.n_heads * args.head_dim; ++i) args.out[i] = 0;
  for (int64_t begin = 0; begin < args.n_heads; begin += kHeadsAtOnce) {
    const int64_t left = args.n_heads - begin;
    const int64_t n_heads = left < kHeadsAtOnce ? left : kHeadsAtOnce;
    HeadState states[kHeadsAtOnce];
    for (HeadState& state : states) state = {-__builtin_inff(), 0};
    for (int64_t first = 0; first < args.n_positions; first += kAttendBlock) {
      const int64_t n_left = args.n_positions - first;
      const int64_t n = n_left < kAttendBlock ? n_left : kAttendBlock;
      for (int64_t h = 0; h < n_heads; ++h) {
        attend_block<Kv>(args, begin + h, first, n, states[h]);
      }
    }
    for (int64_t h = 0; h < n_heads; ++h) {
      float* out = args.out + (begin + h) * args.head_dim;
      for (int64_t i = 0; i < args.head_dim; ++i) out[i] /= states[h].sum;
    }
  }
}
