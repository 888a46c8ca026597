#include "tensor/dtype.h"

#include <array>

#include "base/checked.h"

namespace cria {
namespace {

// Source: the GGUF specification; ids 4, 5, 31 to 33 and 36 to 38 were given up by it.
constexpr DTypeInfo kTypes[] = {
    // dtype, name, block_elems, block_bytes, computable, quantized
    {DType::f32, "f32", 1, 4, true, false},
    {DType::f16, "f16", 1, 2, true, false},
    {DType::q4_0, "q4_0", 32, 18, true, true},
    {DType::q4_1, "q4_1", 32, 20, true, true},
    {DType::q5_0, "q5_0", 32, 22, true, true},
    {DType::q5_1, "q5_1", 32, 24, true, true},
    {DType::q8_0, "q8_0", 32, 34, true, true},
    {DType::q8_1, "q8_1", 32, 36, false, true},
    {DType::q2_k, "q2_K", 256, 84, true, true},
    {DType::q3_k, "q3_K", 256, 110, true, true},
    {DType::q4_k, "q4_K", 256, 144, true, true},
    {DType::q5_k, "q5_K", 256, 176, true, true},
    {DType::q6_k, "q6_K", 256, 210, true, true},
    {DType::q8_k, "q8_K", 256, 292, false, true},
    {DType::iq2_xxs, "iq2_xxs", 256, 66, false, true},
    {DType::iq2_xs, "iq2_xs", 256, 74, false, true},
    {DType::iq3_xxs, "iq3_xxs", 256, 98, false, true},
    {DType::iq1_s, "iq1_s", 256, 50, false, true},
    {DType::iq4_nl, "iq4_nl", 32, 18, false, true},
    {DType::iq3_s, "iq3_s", 256, 110, false, true},
    {DType::iq2_s, "iq2_s", 256, 82, false, true},
    {DType::iq4_xs, "iq4_xs", 256, 136, false, true},
    {DType::i8, "i8", 1, 1, false, false},
    {DType::i16, "i16", 1, 2, false, false},
    {DType::i32, "i32", 1, 4, false, false},
    {DType::i64, "i64", 1, 8, false, false},
    {DType::f64, "f64", 1, 8, false, false},
    {DType::iq1_m, "iq1_m", 256, 56, false, true},
    {DType::bf16, "bf16", 1, 2, true, false},
    {DType::tq1_0, "tq1_0", 256, 54, false, true},
    {DType::tq2_0, "tq2_0", 256, 66, false, true},
    {DType::mxfp4, "mxfp4", 32, 17, false, true},
    {DType::nvfp4, "nvfp4", 64, 36, false, true},
    {DType::q1_0, "q1_0", 128, 18, false, true},
    {DType::q2_0, "q2_0", 64, 18, false, true},
    {DType::grouped_i8, "grouped_i8", 1, 1, true, true},
};
constexpr int kNumRows = static_cast<int>(std::size(kTypes));

// Row of the table by id, or -1.
constexpr std::array<int8_t, kNumDTypes> kRowOf = [] {
  std::array<int8_t, kNumDTypes> rows{};
  rows.fill(-1);
  for (int i = 0; i < kNumRows; ++i)
    rows[static_cast<size_t>(kTypes[i].dtype)] = static_cast<int8_t>(i);
  return rows;
}();

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool equal_any_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

}  // namespace

const DTypeInfo* find_dtype(uint32_t gguf_type_id) {
  // grouped_i8 is ours: a file that names its id names an unknown type.
  if (gguf_type_id >= static_cast<uint32_t>(DType::grouped_i8)) return nullptr;
  const int8_t row = kRowOf[gguf_type_id];
  return row < 0 ? nullptr : &kTypes[row];
}

const DTypeInfo& dtype_info(DType dtype) { return kTypes[kRowOf[static_cast<size_t>(dtype)]]; }

const DTypeInfo* find_dtype_by_name(std::string_view name) {
  for (const DTypeInfo& info : kTypes) {
    if (equal_any_case(name, info.name)) return &info;
  }
  return nullptr;
}

const DTypeInfo* all_dtypes(int& n) {
  n = kNumRows;
  return kTypes;
}

std::optional<uint64_t> row_bytes(DType dtype, uint64_t n_elems) {
  const DTypeInfo& info = dtype_info(dtype);
  if (n_elems % info.block_elems != 0) return std::nullopt;
  return checked_mul(n_elems / info.block_elems, info.block_bytes);
}

}  // namespace cria
