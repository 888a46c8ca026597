// Kernels verified on the machine at hand: the right ones pass, wrong ones are found and can be
// switched off.
#include "kernels/verify.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/dispatch.h"
#include "kernels/tables.h"

namespace cria::kernels {
namespace {

constexpr auto kNeverStop = [] { return false; };

std::vector<std::string> wrong_slots(const Table& table) {
  std::vector<std::string> wrong;
  for (const SlotCheck& check : verify(table, kNeverStop)) {
    if (!check.difference.empty()) wrong.push_back(check.slot);
  }
  return wrong;
}

class Verify : public testing::EveryTable {};

TEST_P(Verify, AllKernelsOfThisBuildAgree) {
  int n = 0;
  for (const Candidate& candidate : candidates()) {
    if (candidate.table->name != GetParam()) continue;
    for (const SlotCheck& check : verify(*candidate.table, kNeverStop)) {
      EXPECT_EQ(check.difference, "") << check.slot;
      EXPECT_EQ(check.slot.rfind(GetParam() + "/", 0), 0u) << check.slot;
      ++n;
    }
  }
  EXPECT_GT(n, 0);
}

CRIA_FOR_EVERY_TABLE(Verify);

// Wrong in one element, as a shuffle with one bad index would be.
template <PackedType kType>
void wrong_tile(const TileArgs& args) {
  scalar::kTable.packed[static_cast<size_t>(kType)]->tiles[0].run(args);
  static_cast<float*>(args.c)[args.n_cols - 1] += 1;
}

// Right but for parts of k that come later.
void forgetful_tile(const TileArgs& args) {
  TileArgs from_zero = args;
  from_zero.add = false;
  scalar::kTable.packed[static_cast<size_t>(PackedType::s8)]->tiles[0].run(from_zero);
}

void wrong_swiglu(const float* gate, const float* up, int64_t n, float* out) {
  scalar::kTable.swiglu(gate, up, n, out);
  if (n % 8 != 0) out[n - 1] = 0;  // forgets the rest after whole vectors
}

void wrong_quantize(const float* x, int64_t n, BlockQ8A* out) {
  scalar::kTable.quantize_q8a(x, n, out);
  for (int64_t i = 0; i < n / 32; ++i) out[i].sums[1] = out[i].sums[0];
}

void wrong_matmul(const MatmulGroupedArgs& args) {
  scalar::kTable.matmul_grouped(args);
  args.out[0] *= 1.001f;
}

void wrong_attend(const AttendArgs& args) {
  AttendArgs fewer = args;
  fewer.n_positions = std::min<int64_t>(args.n_positions, kAttendBlock);
  scalar::kTable.attend(fewer);
}

void wrong_store(const float* x, int64_t n, uint16_t* out) {
  scalar::kTable.store_f16(x, n, out);
  for (int64_t i = 0; i < n; ++i) out[i] &= 0xfffe;
}

// A table with wrong kernels among right ones. Owns what its slots point to.
struct WrongTable {
  WrongTable() {
    table = scalar::kTable;
    table.name = "wrong";
    wrong_q4 = *table.packed[static_cast<size_t>(PackedType::q4_0)];
    q4_tile = wrong_q4.tiles[0];
    q4_tile.run = wrong_tile<PackedType::q4_0>;
    wrong_q4.tiles = &q4_tile;
    table.packed[static_cast<size_t>(PackedType::q4_0)] = &wrong_q4;
  }
  Table table;
  PackedKernel wrong_q4;
  Tile q4_tile;
};

TEST(VerifyWrong, OneWrongPackedKernelIsFoundAndNoOther) {
  const WrongTable wrong;
  EXPECT_EQ(wrong_slots(wrong.table), (std::vector<std::string>{"wrong/packed.q4_0"}));
}

TEST(VerifyWrong, AWrongKernelOfEveryKindIsFound) {
  Table table;
  table.name = "wrong";
  PackedKernel forgetful = *scalar::kTable.packed[static_cast<size_t>(PackedType::s8)];
  Tile tile = forgetful.tiles[0];
  tile.run = forgetful_tile;
  forgetful.tiles = &tile;
  table.packed[static_cast<size_t>(PackedType::s8)] = &forgetful;
  table.matmul_grouped = wrong_matmul;
  table.quantize_q8a = wrong_quantize;
  table.quantize_grouped = [](const float* x, int64_t n, int64_t group_size, std::byte* out) {
    scalar::kTable.quantize_grouped(x, n, group_size, out);
    out[grouped_row_bytes(n, group_size) - 4] ^= std::byte{1};
  };
  table.rms_norm = [](const float* x, const float* weight, int64_t n, float, float* out) {
    scalar::kTable.rms_norm(x, weight, n, 0, out);
    out[0] += 0.001f;
  };
  table.swiglu = wrong_swiglu;
  table.attend = wrong_attend;
  table.store_f16 = wrong_store;
  EXPECT_EQ(wrong_slots(table), (std::vector<std::string>{
                                    "wrong/packed.s8", "wrong/matmul_grouped", "wrong/quantize_q8a",
                                    "wrong/quantize_grouped", "wrong/rms_norm", "wrong/swiglu",
                                    "wrong/attend", "wrong/store_f16"}));
}

TEST(VerifyWrong, AWrongKernelIsSwitchedOffAndTheNextTableComputes) {
  const WrongTable wrong;
  const std::vector<Candidate> tables = {{&scalar::kTable}, {&wrong.table}};
  const size_t q4 = static_cast<size_t>(PackedType::q4_0);
  const auto with = choose_from(tables, "", "");
  ASSERT_TRUE(with.ok());
  EXPECT_EQ(with->packed[q4], &wrong.wrong_q4);
  const auto without = choose_from(tables, "", wrong_slots(wrong.table)[0]);
  ASSERT_TRUE(without.ok()) << without.status().message();
  EXPECT_EQ(without->packed[q4], scalar::kTable.packed[q4]);
  EXPECT_STREQ(without->name, "wrong");
  EXPECT_TRUE(wrong_slots(*without).empty());
}

TEST(VerifyWrong, StopsWhereItIsAsked) {
  int n_left = 3;
  EXPECT_EQ(verify(scalar::kTable, [&n_left] { return n_left-- <= 0; }).size(), 3u);
}

TEST(SwitchedOff, UnknownNamesAndTheDefinitionAreRefused) {
  for (const char* name : {"avx2", "avx2/packed.q9", "scalar/swiglu", "mmx/swiglu", "swiglu"}) {
    const auto chosen = choose_table("", name);
    ASSERT_FALSE(chosen.ok()) << name;
    EXPECT_EQ(chosen.status().code(), StatusCode::invalid_argument);
    EXPECT_NE(chosen.status().message().find(name), std::string::npos) << chosen.status().message();
  }
}

TEST(SwitchedOff, SeveralSlotsOfATable) {
  const auto names = runnable_tables();
  if (names.size() == 1) GTEST_SKIP() << "only the definition runs here";
  const std::string table(names[1]);
  const auto chosen =
      choose_table(table, slot_name(table, "swiglu") + "," + slot_name(table, "packed.f32"));
  ASSERT_TRUE(chosen.ok()) << chosen.status().message();
  EXPECT_EQ(chosen->swiglu, scalar::kTable.swiglu);
  EXPECT_EQ(chosen->packed[0], scalar::kTable.packed[0]);
  EXPECT_NE(chosen->packed[1], scalar::kTable.packed[1]);
}

}  // namespace
}  // namespace cria::kernels
