#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "cria/diagnose.h"
#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace cria {
namespace {

TEST(VerifyKernels, AgreeOnThisCpuAndAreNamedOnce) {
  const auto checks = verify_kernels();
  ASSERT_TRUE(checks.ok()) << checks.status().message();
  std::set<std::string> slots;
  for (const KernelCheck& check : *checks) {
    EXPECT_TRUE(check.agrees()) << check.slot << ": " << check.difference;
    EXPECT_TRUE(slots.insert(check.slot).second) << check.slot;
  }
  EXPECT_EQ(slots.size() > 15, kernel_tables().size() > 1);
}

TEST(VerifyKernels, TheDefinitionIsNotComparedWithItself) {
  const auto checks = verify_kernels("scalar");
  ASSERT_TRUE(checks.ok());
  EXPECT_TRUE(checks->empty());
}

TEST(VerifyKernels, UnknownTableAndCancelling) {
  EXPECT_EQ(verify_kernels("mmx").status().code(), StatusCode::invalid_argument);
  if (kernel_tables().size() == 1) return;
  EXPECT_EQ(verify_kernels("", [] { return true; }).status().code(), StatusCode::cancelled);
}

TEST(KernelsOff, TheModelSaysSoAndComputesTheSameWithTheNextTable) {
  if (kernel_tables().size() == 1) GTEST_SKIP() << "only the definition runs here";
  const std::string slot = kernel_tables()[1] + "/packed.f32";
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model({}, path);
  const auto model = Model::open(path, {.isa = kernel_tables()[1], .kernels_off = slot});
  ASSERT_TRUE(model.ok()) << model.status().message();
  const auto& notes = model->notes();
  EXPECT_TRUE(std::any_of(notes.begin(), notes.end(), [&](const std::string& note) {
    return note.find(slot) != std::string::npos;
  }));
  const auto explanation = explain_model(*model);
  ASSERT_TRUE(explanation.ok()) << explanation.status().message();
  for (const MatrixReport& matrix : explanation->matrices) {
    EXPECT_EQ(matrix.table, "scalar") << matrix.what;
  }
  const auto usual = Model::open(path, {.isa = kernel_tables()[1]});
  const std::vector<TokenId> tokens = {1, 290, 300};
  const auto a = all_position_logits(*model, tokens), b = all_position_logits(*usual, tokens);
  ASSERT_TRUE(a.ok() && b.ok());
  for (size_t i = 0; i < a->size(); ++i) ASSERT_NEAR((*a)[i], (*b)[i], 1e-3) << i;
}

TEST(KernelsOff, AnUnknownSlotIsRefused) {
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model({}, path);
  const auto model = Model::open(path, {.kernels_off = "avx2/everything"});
  EXPECT_EQ(model.status().code(), StatusCode::invalid_argument);
}

TEST(BuildInfo, SaysWhatWasBuilt) {
  EXPECT_FALSE(build_info().commit.empty());
  EXPECT_GE(build_info().number, 0);
  EXPECT_FALSE(cpu_name().empty());
}

}  // namespace
}  // namespace cria
