#include "bench/gemm_bench.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

namespace cria::cli {
namespace {

// Cold: so many bytes of copies that none is in a cache when its turn comes again.
constexpr int64_t kColdBytes = 192 << 20;
// A sample shorter than this would measure the clock.
constexpr double kLeastSeconds = 2e-4;
constexpr double kMostSettlingSeconds = 4;
constexpr int kCheckedElements = 200;

bool is_int(ElementType type) { return type == ElementType::s8 || type == ElementType::u8; }
bool is_block(ElementType type) { return type >= ElementType::q4_0; }

int64_t bytes_per_column(ElementType type, int64_t k) {
  switch (type) {
    case ElementType::f32:
      return 4 * k;
    case ElementType::f16:
    case ElementType::bf16:
      return 2 * k;
    case ElementType::s8:
    case ElementType::u8:
      return k;
    case ElementType::q4_0:
      return k / 32 * 18;
    case ElementType::q4_1:
      return k / 32 * 20;
    case ElementType::q5_0:
      return k / 32 * 22;
    case ElementType::q5_1:
      return k / 32 * 24;
    case ElementType::q8_0:
      return k / 32 * 34;
    case ElementType::q2_k:
      return k / 256 * 84;
    case ElementType::q3_k:
      return k / 256 * 110;
    case ElementType::q4_k:
      return k / 256 * 144;
    case ElementType::q5_k:
      return k / 256 * 176;
    default:
      return k / 256 * 210;
  }
}

uint16_t top_half(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, 4);
  return static_cast<uint16_t>(bits >> 16);
}

// n elements of magnitude 1 or less (integers: any), as bytes.
void fill(std::mt19937& random, ElementType type, std::vector<uint8_t>& bytes) {
  if (type == ElementType::f32 || type == ElementType::bf16) {
    const size_t size = type == ElementType::f32 ? 4 : 2;
    for (size_t i = 0; i + size <= bytes.size(); i += size) {
      const float value = static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
      const uint16_t half = top_half(value);
      std::memcpy(bytes.data() + i, size == 4 ? static_cast<const void*>(&value) : &half, size);
    }
    return;
  }
  // Of fp16, alone or as a block's scale: no exponent near infinity.
  const uint32_t mask = is_int(type) ? 0xffffffffu : 0x3b3b3b3bu;
  for (size_t i = 0; i < bytes.size(); i += 4) {
    const uint32_t bits = static_cast<uint32_t>(random()) & mask;
    std::memcpy(bytes.data() + i, &bits, std::min<size_t>(4, bytes.size() - i));
  }
}

std::vector<float> values_of(ElementType type, const std::vector<uint8_t>& bytes, int64_t n) {
  std::vector<float> out(static_cast<size_t>(n));
  if (is_int(type)) {
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = type == ElementType::s8 ? static_cast<int8_t>(bytes[i]) : bytes[i];
    }
  } else {
    (void)dequantize(type, bytes.data(), n, out.data());
  }
  return out;
}

int64_t copies_for(int64_t bytes, bool cold) {
  return cold ? std::max<int64_t>(2, (kColdBytes + bytes - 1) / std::max<int64_t>(bytes, 1)) : 1;
}

GemmData make_data(const GemmCase& c, bool cold, bool for_peers) {
  std::mt19937 random(1);  // NOLINT: a fixed seed
  GemmData data;
  data.a_type = is_int(c.type) ? c.type : ElementType::f32;
  data.a.resize(static_cast<size_t>(c.m * c.k * (is_int(c.type) ? 1 : 4)));
  fill(random, data.a_type, data.a);
  data.a_values = values_of(data.a_type, data.a, c.m * c.k);
  const int64_t bytes = c.n * bytes_per_column(c.type, c.k);
  for (int64_t i = 0; i < copies_for(bytes, cold); ++i) {
    data.b.emplace_back(static_cast<size_t>(bytes));
    fill(random, c.type, data.b.back());
  }
  const int64_t n_values = for_peers ? copies_for(c.n * c.k * 4, cold) : 1;
  for (int64_t i = 0; i < n_values; ++i) {
    const auto& b = data.b[static_cast<size_t>(i) % data.b.size()];
    data.b_values.push_back(values_of(c.type, b, c.n * c.k));
  }
  return data;
}

// Some elements of the product with copy 0 against fp64.
bool is_right(const GemmCase& c, const GemmData& data, const std::vector<double>& result,
              bool exact) {
  std::mt19937 random(2);  // NOLINT
  const std::vector<float>& b = data.b_values[0];
  // Rounding of A to bf16 (oneDNN) or to int8 (blocks), else of fp32 sums.
  const double tolerance = exact                         ? 0
                           : is_block(c.type)            ? 0.02
                           : c.type == ElementType::bf16 ? 0.01
                           : c.type == ElementType::f16  ? 0.002
                                                         : 1e-5;
  for (int i = 0; i < kCheckedElements; ++i) {
    const auto m = static_cast<int64_t>(random() % static_cast<uint64_t>(c.m));
    const auto n = static_cast<int64_t>(random() % static_cast<uint64_t>(c.n));
    double sum = 0, magnitude = 0;
    for (int64_t k = 0; k < c.k; ++k) {
      const double product = static_cast<double>(data.a_values[static_cast<size_t>(m * c.k + k)]) *
                             b[static_cast<size_t>(n * c.k + k)];
      sum += product;
      magnitude += std::abs(product);
    }
    const double error = std::abs(result[static_cast<size_t>(m * c.n + n)] - sum);
    if (!(error <= tolerance * magnitude)) return false;
  }
  return true;
}

struct Contestant {
  GemmLibrary* library;
  std::unique_ptr<GemmRun> run;
  size_t n_copies;
  bool right = false;
  int calls = 1;  // in a sample
  size_t next_copy = 0;
  std::vector<double> seconds;
};

double sample(Contestant& one, bool cold) {
  if (!cold) one.run->multiply(0);  // the other libraries' weights leave the caches
  const double start = now_seconds();
  for (int i = 0; i < one.calls; ++i) {
    one.run->multiply(one.next_copy);
    if (cold) one.next_copy = (one.next_copy + 1) % one.n_copies;
  }
  return (now_seconds() - start) / one.calls;
}

double cycle_over_copies(Contestant& one) {
  const double start = now_seconds();
  for (size_t i = 0; i < one.n_copies; ++i) one.run->multiply(i);
  return now_seconds() - start;
}

// Warms up and finds how many calls make a sample. Cold copies are gone over three times, and then
// until two times agree: a virtual machine may map memory as late as at its third reading, which
// takes 30 times as long as to read it.
void settle(Contestant& one, bool cold) {
  if (cold) {
    double before = 0, seconds = 0, in_all = 0;
    for (int i = 0; i < 3 || (in_all < kMostSettlingSeconds &&
                              std::max(before, seconds) > 1.15 * std::min(before, seconds));
         ++i) {
      before = seconds;
      in_all += seconds = cycle_over_copies(one);
    }
  }
  for (int i = 0; i < 3; ++i) sample(one, cold);
  while (one.calls < 10000 && sample(one, cold) * one.calls < kLeastSeconds) one.calls *= 2;
}

std::vector<Contestant> contestants(const GemmCase& c, bool cold, const GemmData& data,
                                    const std::vector<std::unique_ptr<GemmLibrary>>& libraries) {
  std::vector<Contestant> out;
  for (const auto& library : libraries) {
    auto run = library->prepare(c, data);
    if (run == nullptr) continue;
    const bool ours = library->name() == "cria", onednn = library->name() == "onednn";
    const size_t n_copies = ours || onednn ? data.b.size() : data.b_values.size();
    out.push_back({.library = library.get(), .run = std::move(run), .n_copies = n_copies});
    Contestant& one = out.back();
    one.run->multiply(0);
    one.right = is_right(c, data, one.run->result(), is_int(c.type) && (ours || onednn));
    settle(one, cold);
  }
  return out;
}

std::vector<GemmResult> run_case(const GemmCase& c, bool cold, int repeats,
                                 const MachineLimits& limits,
                                 const std::vector<std::unique_ptr<GemmLibrary>>& libraries) {
  const GemmData data = make_data(c, cold, libraries.size() > 1);
  std::vector<Contestant> all = contestants(c, cold, data, libraries);
  for (int r = 0; r < repeats; ++r) {  // alternated, so that all see the same moods of the machine
    for (Contestant& one : all) one.seconds.push_back(sample(one, cold));
  }
  std::vector<GemmResult> results;
  for (const Contestant& one : all) {
    const Spread time = spread_of(one.seconds);
    const bool own_type = one.library->name() == "cria" || one.library->name() == "onednn";
    const int64_t bytes = c.n * (own_type ? bytes_per_column(c.type, c.k) : 4 * c.k);
    results.push_back({.which = c,
                       .cold = cold,
                       .library = one.library->name(),
                       .gops = 2e-9 * static_cast<double>(c.m * c.n * c.k) / time.median,
                       .gbs = 1e-9 * static_cast<double>(bytes) / time.median,
                       .spread = time.relative,
                       .limits = limits,
                       .checked = one.right});
    results.back().ratio = results.front().gops / results.back().gops;
  }
  return results;
}

}  // namespace

double peak_of(const MachineLimits& limits, ElementType type) {
  return is_block(type) ? limits.block_gops : is_int(type) ? limits.int8_gops : limits.f32_gops;
}

std::vector<std::unique_ptr<GemmLibrary>> gemm_libraries(const GemmBenchOptions& options) {
  std::vector<std::unique_ptr<GemmLibrary>> libraries;
  const auto add = [&](std::unique_ptr<GemmLibrary> library) {
    if (library == nullptr) return;
    const auto& wanted = options.libraries;
    const bool take = wanted.empty() || library->name() == "cria" ||
                      std::find(wanted.begin(), wanted.end(), library->name()) != wanted.end();
    if (take) libraries.push_back(std::move(library));
  };
  add(make_cria(options.isa));
  add(make_openblas());
  add(make_eigen());
  add(make_onednn());
  add(make_blis());
  return libraries;
}

std::vector<GemmResult> run_gemm_bench(const GemmBenchOptions& options,
                                       const std::vector<std::unique_ptr<GemmLibrary>>& libraries,
                                       const std::function<void(const GemmResult&)>& on_result,
                                       const std::function<bool()>& stop) {
  std::vector<GemmResult> all;
  for (const int n_threads : options.threads) {
    const auto limits = measure_limits(n_threads, options.isa);
    if (!limits.ok()) continue;
    for (const ElementType type : options.types) {
      for (const auto& shape : options.shapes) {
        for (const bool cold : options.cold) {
          for (const int64_t m : options.m) {
            if (stop()) return all;
            const GemmCase c{
                .type = type, .m = m, .n = shape.n, .k = shape.k, .n_threads = n_threads};
            for (GemmResult& result : run_case(c, cold, options.repeats, *limits, libraries)) {
              on_result(result);
              all.push_back(std::move(result));
            }
          }
        }
      }
    }
  }
  return all;
}

}  // namespace cria::cli
