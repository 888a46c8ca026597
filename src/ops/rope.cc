#include "ops/rope.h"

#include <algorithm>
#include <cmath>

#include "base/mathf.h"

namespace cria::ops {
namespace {

constexpr double kPi = 3.14159265358979323846;

// The pair index (a real number) that makes `rotations` turns over the original context.
double yarn_pair(const RopeConfig& config, double rotations) {
  return config.n_rot * log_f64(config.n_ctx_original / (rotations * 2 * kPi)) /
         (2 * log_f64(config.base));
}

// Share of extrapolation (the unscaled frequency) of each pair: 1 for fast pairs, 0 for slow ones.
double yarn_extrapolation(const RopeConfig& config, int i_pair) {
  const double low = std::max(0.0, std::floor(yarn_pair(config, config.beta_fast)));
  const double high =
      std::min<double>(config.n_rot - 1, std::ceil(yarn_pair(config, config.beta_slow)));
  const double ramp = (i_pair - low) / std::max(0.001, high - low);
  return 1 - std::clamp(ramp, 0.0, 1.0);
}

}  // namespace

RopeFrequencies::RopeFrequencies(const RopeConfig& config) : pairing_(config.pairing) {
  const int n_pairs = config.n_rot / 2;
  const double log_base = log_f64(config.base);
  frequencies_.resize(static_cast<size_t>(n_pairs));
  for (int i = 0; i < n_pairs; ++i) {
    double frequency = exp_f64(-2.0 * i / config.n_rot * log_base);
    if (!config.frequency_divisors.empty()) {
      frequency /= config.frequency_divisors[static_cast<size_t>(i)];
    }
    if (config.scaling == RopeScaling::linear) frequency /= config.factor;
    if (config.scaling == RopeScaling::yarn) {
      const double extrapolated = yarn_extrapolation(config, i);
      frequency = frequency / config.factor * (1 - extrapolated) + frequency * extrapolated;
    }
    frequencies_[static_cast<size_t>(i)] = frequency;
  }
  if (config.scaling == RopeScaling::yarn) {
    magnitude_ = config.attention_factor * (1 + 0.1 * log_f64(config.factor));
  }
}

void RopeFrequencies::fill(const Compute& compute, int64_t first_position, int64_t n_tokens,
                           float* cos_sin) const {
  const auto fill_rows = [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) {
      float* row = cos_sin + t * n_pairs() * 2;
      for (size_t i = 0; i < frequencies_.size(); ++i) {
        const double angle = static_cast<double>(first_position + t) * frequencies_[i];
        row[2 * i] = static_cast<float>(cos_f64(angle) * magnitude_);
        row[2 * i + 1] = static_cast<float>(sin_f64(angle) * magnitude_);
      }
    }
  };
  compute.pool.for_each(n_tokens, 16, fill_rows);
}

void RopeFrequencies::fill_turn(int64_t n_positions, float* cos_sin) const {
  for (size_t i = 0; i < frequencies_.size(); ++i) {
    const double angle = static_cast<double>(n_positions) * frequencies_[i];
    cos_sin[2 * i] = static_cast<float>(cos_f64(angle));
    cos_sin[2 * i + 1] = static_cast<float>(sin_f64(angle));
  }
}

void turn_head(const RopeFrequencies& frequencies, const float* cos_sin, float* x) {
  const int64_t n_pairs = frequencies.n_pairs();
  const bool adjacent = frequencies.pairing() == RopePairing::adjacent;
  const int64_t step = adjacent ? 2 : 1;
  const int64_t distance = adjacent ? 1 : n_pairs;
  for (int64_t i = 0; i < n_pairs; ++i) {
    float& a = x[i * step];
    float& b = x[i * step + distance];
    const float cosine = cos_sin[2 * i], sine = cos_sin[2 * i + 1];
    const float turned = a * cosine - b * sine;
    b = a * sine + b * cosine;
    a = turned;
  }
}

void rope(const Compute& compute, const RopeFrequencies& frequencies, const float* cos_sin,
          int64_t n_tokens, int64_t n_heads, int64_t head_dim, float* x) {
  const int64_t n_pairs = frequencies.n_pairs();
  const auto turn = [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) {
      for (int64_t h = 0; h < n_heads; ++h) {
        turn_head(frequencies, cos_sin + t * n_pairs * 2, x + (t * n_heads + h) * head_dim);
      }
    }
  };
  compute.pool.for_each(n_tokens, 8, turn);
}

}  // namespace cria::ops
