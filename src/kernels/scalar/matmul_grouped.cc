// Products with llama2.c's grouped int8, whose groups may be of any size on either side.
#include <algorithm>
#include <cstring>

#include "kernels/scalar/scalar.h"

namespace cria::kernels::scalar {
namespace {

// 2^16 products of at most 128 * 127 cannot overflow an int32.
constexpr int64_t kMaxRun = int64_t{1} << 16;

float load_f32(const std::byte* at) {
  float value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

int32_t dot(const int8_t* a, const int8_t* b, int64_t n) {
  int32_t sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// The weights' groups are counted over the whole tensor, the activations' from the row's begin: the
// row falls into runs within which both scales are constant.
float dot_row(const MatmulGroupedArgs& args, int64_t i_row, const std::byte* x) {
  const int64_t n = args.n_cols;
  const int64_t group = args.group_size;
  const auto* w = reinterpret_cast<const int8_t*>(args.w + i_row * args.w_row_bytes);
  const int64_t first = (args.first_row + i_row) * n;  // in the whole tensor
  const auto* q = reinterpret_cast<const int8_t*>(x + (n + group - 1) / group * 4);
  float sum = 0;
  for (int64_t c = 0; c < n;) {
    const int64_t i_w_group = (first + c) / group;
    const int64_t i_x_group = c / group;
    const int64_t w_end = (i_w_group + 1) * group - first;
    const int64_t x_end = (i_x_group + 1) * group;
    const int64_t end = std::min({w_end, x_end, n, c + kMaxRun});
    const auto products = static_cast<float>(dot(w + c, q + c, end - c));
    sum += products * load_f32(args.scales + 4 * i_w_group) * load_f32(x + 4 * i_x_group);
    c = end;
  }
  return sum;
}

}  // namespace

void matmul_grouped(const MatmulGroupedArgs& args) {
  for (int64_t t = 0; t < args.n_tokens; ++t) {
    for (int64_t r = 0; r < args.n_rows; ++r) {
      args.out[t * args.out_stride + r] = dot_row(args, r, args.x + t * args.x_row_bytes);
    }
  }
}

}  // namespace cria::kernels::scalar
