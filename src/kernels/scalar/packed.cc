// Packed products, as the definition: a panel keeps its columns one after the other, as they are.
#include "kernels/scalar/packed.h"

#include <cstring>

#include "tensor/blocks.h"
#include "tensor/half.h"

namespace cria::kernels::scalar {
namespace {

constexpr int kWidth = 4;

constexpr int64_t elem_bytes(PackedType type) {
  switch (type) {
    case PackedType::f32:
      return 4;
    case PackedType::f16:
    case PackedType::bf16:
      return 2;
    default:
      return 1;
  }
}

// The block type's place in the tensor layer.
constexpr DType block_dtype(PackedType type) {
  constexpr DType kByType[] = {DType::f32,  DType::f16,  DType::bf16, DType::i8,   DType::i8,
                               DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q8_0,
                               DType::q2_k, DType::q3_k, DType::q4_k, DType::q5_k, DType::q6_k};
  return kByType[static_cast<size_t>(type)];
}
constexpr bool is_block(PackedType type) { return type >= PackedType::q4_0; }

template <PackedType kType>
int64_t column_bytes(int64_t n_k) {
  if constexpr (is_block(kType)) {
    return static_cast<int64_t>(*row_bytes(block_dtype(kType), static_cast<uint64_t>(n_k)));
  } else {
    return n_k * elem_bytes(kType);
  }
}

template <PackedType kType>
int64_t panel_bytes(int64_t n_k) {
  return kWidth * column_bytes<kType>(n_k);
}

template <PackedType kType>
void pack(const PackArgs& args) {
  const int64_t column = column_bytes<kType>(args.n_k);
  std::memset(args.out, 0, static_cast<size_t>(kWidth * column));
  for (int64_t n = 0; n < args.n_cols; ++n) {
    const std::byte* from = args.b + n * args.n_stride;
    std::byte* to = args.out + n * column;
    if constexpr (is_block(kType)) {
      std::memcpy(to, from, static_cast<size_t>(column));
    } else {
      constexpr int64_t kBytes = elem_bytes(kType);
      for (int64_t k = 0; k < args.n_k; ++k) {
        std::memcpy(to + k * kBytes, from + k * args.k_stride, kBytes);
      }
    }
  }
}

template <typename T>
T read(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Element k of a float column.
template <PackedType kType>
float element(const std::byte* column, int64_t k) {
  if constexpr (kType == PackedType::f32) return read<float>(column + k * 4);
  if constexpr (kType == PackedType::f16) return f16_to_f32(read<uint16_t>(column + k * 2));
  if constexpr (kType == PackedType::bf16) return bf16_to_f32(read<uint16_t>(column + k * 2));
}

template <PackedType kType>
float add_floats(float sum, const TileArgs& args, const std::byte* column) {
  for (int64_t k = 0; k < args.n_k; ++k) {
    sum += read<float>(args.a + k * args.a_step_bytes) * element<kType>(column, args.first_k + k);
  }
  return sum;
}

// In unsigned arithmetic, which wraps as the contract says.
template <typename T>
int32_t add_ints(int32_t start, const TileArgs& args, const std::byte* column) {
  auto sum = static_cast<uint32_t>(start);
  for (int64_t k = 0; k < args.n_k; ++k) {
    const int32_t a = read<T>(args.a + k);
    const int32_t b = read<T>(column + args.first_k + k);
    sum += static_cast<uint32_t>(a * b);
  }
  return static_cast<int32_t>(sum);
}

// The integers of a block are multiplied and added exactly; one fp32 addition per 32.
template <PackedType kType>
float add_blocks(float sum, const TileArgs& args, const std::byte* column) {
  for (int64_t k = 0; k < args.n_k; k += 32) {
    Unpacked32 w;
    unpack_32(block_dtype(kType), column, (args.first_k + k) / 32, w);
    const BlockQ8A& x = reinterpret_cast<const BlockQ8A*>(args.a)[k / 32];
    float of_block = 0;
    for (int half = 0; half < 2; ++half) {
      int32_t products = 0;
      for (int i = 16 * half; i < 16 * half + 16; ++i) products += w.q[i] * x.q[i];
      of_block += w.d[half] * static_cast<float>(products);
      of_block -= w.m[half] * static_cast<float>(x.sums[half]);
    }
    sum += x.d * of_block;
  }
  return sum;
}

// C's element n, which starts at zero or at what it was.
template <typename T, typename AddColumn>
void add_columns(const TileArgs& args, const AddColumn& add_column) {
  const int64_t column_bytes = args.panel_bytes / kWidth;
  for (int64_t n = 0; n < args.n_cols; ++n) {
    T& c = static_cast<T*>(args.c)[n];
    c = add_column(args.add ? c : T{0}, args, args.b + n * column_bytes);
  }
}

template <PackedType kType>
void run_tile(const TileArgs& args) {
  if constexpr (kType == PackedType::s8) {
    add_columns<int32_t>(args, add_ints<int8_t>);
  } else if constexpr (kType == PackedType::u8) {
    add_columns<int32_t>(args, add_ints<uint8_t>);
  } else if constexpr (is_block(kType)) {
    add_columns<float>(args, add_blocks<kType>);
  } else {
    add_columns<float>(args, add_floats<kType>);
  }
}

template <PackedType kType>
constexpr Tile kTiles[] = {
    {.min_rows = 1, .max_rows = 1, .panels = 1, .run = run_tile<kType>},
};

template <PackedType kType>
constexpr PackedKernel make() {
  return {.isa = "scalar",
          .layout = "columns, one after the other",
          .width = kWidth,
          .k_unit = kType >= PackedType::q2_k ? 256
                    : is_block(kType)         ? 32
                                              : 1,
          .form = is_block(kType) ? LhsForm::q8a : LhsForm::rows,
          .panel_bytes = panel_bytes<kType>,
          .pack = pack<kType>,
          .tiles = kTiles<kType>,
          .n_tiles = 1};
}

// Four sums, so that the additions do not wait for each other.
float peak_f32(int64_t n_rounds) {
  float sums[4] = {1, 2, 3, 4};
  for (int64_t round = 0; round < n_rounds; ++round) {
    for (float& sum : sums) sum = sum * 0.999f + 0.001f;
  }
  return sums[0] + sums[1] + sums[2] + sums[3];
}
float peak_int8(int64_t n_rounds) {
  uint32_t sums[4] = {1, 2, 3, 4};
  for (int64_t round = 0; round < n_rounds; ++round) {
    for (uint32_t& sum : sums) sum += sum * 3;
  }
  return static_cast<float>(sums[0] + sums[1] + sums[2] + sums[3]);
}

}  // namespace

constinit const Peak kPeakF32 = {.multiply_adds = 4, .run = peak_f32};
constinit const Peak kPeakInt8 = {.multiply_adds = 4, .run = peak_int8};
constinit const PackedKernel kPacked[kNumPackedTypes] = {
    make<PackedType::f32>(),  make<PackedType::f16>(),  make<PackedType::bf16>(),
    make<PackedType::s8>(),   make<PackedType::u8>(),   make<PackedType::q4_0>(),
    make<PackedType::q4_1>(), make<PackedType::q5_0>(), make<PackedType::q5_1>(),
    make<PackedType::q8_0>(), make<PackedType::q2_k>(), make<PackedType::q3_k>(),
    make<PackedType::q4_k>(), make<PackedType::q5_k>(), make<PackedType::q6_k>()};

}  // namespace cria::kernels::scalar
