// Normalisation, activation and conversions. Included in an unnamed namespace after the vector
// primitives.

// Calls whole(i) for each full vector of n elements, then part(i, n_left) for what is left.
template <typename Whole, typename Partial>
inline void for_lanes(int64_t n, const Whole& whole, const Partial& part) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) whole(i);
  if (i < n) part(i, n - i);
}

// e^x with the same steps and limits as exp_f32 (base/mathf.h), but for fused multiply-adds.
// Accuracy: |relative error| <= 3e-7 over [-87, 88]; NaN for NaN.
inline VecF exp(VecF x) {
  const VecF low = splat(-87.3f);
  const VecF high = splat(88.7f);
  const VecF bounded = min(max(x, low), high);
  const VecI n = to_ints(mul(bounded, splat(1.44269504088896341f)));
  const VecF whole = to_floats(n);
  VecF r = fnma(whole, splat(0.693359375f), bounded);
  r = fnma(whole, splat(-2.12194440e-4f), r);
  VecF sum = splat(1.0f / 5040.0f);
  sum = fma(sum, r, splat(1.0f / 720.0f));
  sum = fma(sum, r, splat(1.0f / 120.0f));
  sum = fma(sum, r, splat(1.0f / 24.0f));
  sum = fma(sum, r, splat(1.0f / 6.0f));
  sum = fma(sum, r, splat(0.5f));
  sum = fma(sum, r, splat(1.0f));
  sum = fma(sum, r, splat(1.0f));
  const VecI half = halve_ints(n);  // 2^n in two steps: 2^128 is no float
  sum = mul(mul(sum, power_of_two(half)), power_of_two(subtract_ints(n, half)));
  sum = select(less(high, x), splat(__builtin_inff()), sum);
  sum = select(less(low, x), sum, zeros());
  return select(is_nan(x), x, sum);
}

void rms_norm(const float* x, const float* weight, int64_t n, float eps, float* out) {
  VecF squares = zeros();
  for_lanes(
      n, [&](int64_t i) { squares = fma(load(x + i), load(x + i), squares); },
      [&](int64_t i, int64_t left) {
        const VecF v = load_partial(x + i, left);
        squares = fma(v, v, squares);
      });
  const float mean = sum_lanes(squares) / static_cast<float>(n);
  const VecF scale = splat(1.0f / __builtin_sqrtf(mean + eps));
  for_lanes(
      n, [&](int64_t i) { store(out + i, mul(load(weight + i), mul(load(x + i), scale))); },
      [&](int64_t i, int64_t left) {
        const VecF scaled = mul(load_partial(x + i, left), scale);
        store_partial(out + i, mul(load_partial(weight + i, left), scaled), left);
      });
}

inline VecF swiglu_lanes(VecF gate, VecF up) {
  return mul(div(gate, add(splat(1.0f), exp(negate(gate)))), up);
}

void swiglu(const float* gate, const float* up, int64_t n, float* out) {
  for_lanes(
      n, [&](int64_t i) { store(out + i, swiglu_lanes(load(gate + i), load(up + i))); },
      [&](int64_t i, int64_t left) {
        const VecF result = swiglu_lanes(load_partial(gate + i, left), load_partial(up + i, left));
        store_partial(out + i, result, left);
      });
}

// NaN keeps its sign and becomes the one NaN that every table stores.
inline void store_f16_lanes(uint16_t* out, VecF v) {
  store_f16(out, v);
  if (all(less(negate(abs(v)), splat(1.0f)))) return;  // false for NaN alone
  float lanes[kLanes];
  store(lanes, v);
  for (int i = 0; i < kLanes; ++i) {
    if (__builtin_isnan(lanes[i])) out[i] = __builtin_signbit(lanes[i]) ? 0xfe00 : 0x7e00;
  }
}

void store_f16_row(const float* x, int64_t n, uint16_t* out) {
  for_lanes(
      n, [&](int64_t i) { store_f16_lanes(out + i, load(x + i)); },
      [&](int64_t i, int64_t left) {
        uint16_t padded[kLanes];
        store_f16_lanes(padded, load_partial(x + i, left));
        memcpy(out + i, padded, static_cast<size_t>(left) * sizeof *out);
      });
}

// The scalar table's steps, so that the bits are its own.
inline void quantize_block(const float* x, BlockQ8A* out) {
  constexpr int kVectors = 32 / kLanes;
  VecF v[kVectors];
  VecF largest = zeros();
  bool finite = true;
  for (int i = 0; i < kVectors; ++i) {
    v[i] = load(x + kLanes * i);
    finite = finite && all(less(abs(v[i]), splat(__builtin_inff())));
    largest = max(largest, abs(v[i]));
  }
  const float max_abs = max_lane(largest);
  const bool usable = finite && max_abs >= 0x1p-119f;
  out->d = !finite ? __builtin_nanf("") : usable ? max_abs / 127 : 0;
  VecI q[kVectors];
  for (int i = 0; i < kVectors; ++i) {
    q[i] = to_ints(usable ? div(v[i], splat(out->d)) : zeros());
  }
  store_bytes(out->q, q);
  VecI sums[2] = {q[0], q[kVectors / 2]};
  for (int i = 1; i < kVectors / 2; ++i) {
    sums[0] = add_ints(sums[0], q[i]);
    sums[1] = add_ints(sums[1], q[kVectors / 2 + i]);
  }
  out->sums[0] = static_cast<int16_t>(sum_ints(sums[0]));
  out->sums[1] = static_cast<int16_t>(sum_ints(sums[1]));
}

void quantize_q8a(const float* x, int64_t n, BlockQ8A* out) {
  for (int64_t i = 0; i < n / 32; ++i) quantize_block(x + 32 * i, out + i);
}
