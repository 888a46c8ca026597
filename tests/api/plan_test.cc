// What a model will take, before it is loaded: sums, growth, and the largest context of a budget.
#include "cria/plan.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "cria/diagnose.h"
#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace cria {
namespace {

constexpr int64_t kMiB = 1 << 20;

std::string small_file(const testing::TinyModel& tiny = {}) {
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model(tiny, path);
  return path;
}

// 2 KiB of keys and values a position, so that what else changes from call to call is small beside
// them: this process, and much more so under a sanitizer.
testing::TinyModel wide_model(int n_ctx) {
  testing::TinyModel tiny;
  tiny.n_kv_heads = 4;
  tiny.head_dim = 64;
  tiny.n_ctx = n_ctx;
  return tiny;
}

// What is the same however much this process holds when it is asked.
int64_t without_program(const MemoryPlan& plan) { return plan.total_bytes - plan.program_bytes; }

// A budget that leaves n_bytes beside what the plan takes with a context of n_ctx.
int64_t budget_for(const std::string& path, ModelOptions options, int n_ctx, int64_t n_bytes = 0) {
  options.session.n_ctx = n_ctx;
  const auto plan = plan_memory(path, options);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return plan->total_bytes + n_bytes;
}

TEST(PlanMemory, GroupsAddUp) {
  const auto plan = plan_memory(small_file());
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->n_ctx, 128);
  EXPECT_EQ(plan->n_ctx_train, 128);
  EXPECT_EQ(plan->n_conversations, 1);
  int64_t weights = 0;
  for (const PlannedWeights& each : plan->weights) {
    EXPECT_FALSE(each.type.empty());
    EXPECT_FALSE(each.layout.empty());
    weights += each.held_bytes;
  }
  EXPECT_EQ(plan->weights_bytes, weights);
  EXPECT_EQ(plan->total_bytes, plan->weights_bytes + plan->vocabulary_bytes + plan->kv_bytes +
                                   plan->workspace_bytes + plan->text_bytes + plan->threads_bytes +
                                   plan->program_bytes);
  EXPECT_GE(plan->kv_bytes, 2 * 2 * 128 * 2 * 16 * 2);  // K and V, layers, positions, heads, f16
  EXPECT_GT(plan->program_bytes, 0);
  EXPECT_EQ(plan->budget_bytes, 0);
  EXPECT_TRUE(plan->fits());
}

TEST(PlanMemory, WeightsAreWhatIsPacked) {
  testing::TinyModel tiny;
  tiny.tied = false;
  for (const char* type : {"f32", "q8_0", "q4_0"}) {
    tiny.type = type;
    const std::string path = small_file(tiny);
    const auto plan = plan_memory(path);
    const auto model = Model::open(path);
    ASSERT_TRUE(plan.ok() && model.ok());
    int64_t packed = 0, matrices = 0;
    const auto how = explain_model(*model);
    ASSERT_TRUE(how.ok());
    for (const MatrixReport& matrix : how->matrices) packed += matrix.size_bytes;
    int count = 0;
    for (const PlannedWeights& each : plan->weights) {
      if (each.what != "matrices") continue;
      matrices += each.held_bytes;
      count += each.count;
    }
    EXPECT_EQ(count, 15) << type;
    EXPECT_GE(matrices, packed) << type;
    EXPECT_LE(matrices, packed + count * 4096) << type;  // whole pages
    EXPECT_EQ(plan->kernels, model->info().kernels);
  }
}

TEST(PlanMemory, GrowsWithContextConversationsAndWiderKeys) {
  const std::string path = small_file();
  int64_t last = 0;
  for (const int n_ctx : {1, 31, 32, 33, 128, 1000, 100000}) {
    const auto plan = plan_memory(path, {.session = {.n_ctx = n_ctx}});
    ASSERT_TRUE(plan.ok());
    EXPECT_EQ(plan->n_ctx, n_ctx);
    EXPECT_GE(without_program(*plan), last) << n_ctx;
    last = without_program(*plan);
  }
  const auto one = plan_memory(path), four = plan_memory(path, {.n_conversations = 4});
  EXPECT_EQ(four->kv_bytes, 4 * one->kv_bytes);
  EXPECT_EQ(four->workspace_bytes, 4 * one->workspace_bytes);
  EXPECT_EQ(four->weights_bytes, one->weights_bytes);
  const auto wide = plan_memory(path, {.session = {.k_type = KvType::f32, .v_type = KvType::f32}});
  EXPECT_EQ(wide->kv_bytes, 2 * one->kv_bytes);
}

TEST(PlanMemory, HugeContextsSaturateInsteadOfWrappingRound) {
  const auto plan =
      plan_memory(small_file(), {.session = {.n_ctx = INT32_MAX}, .n_conversations = 65536});
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_GT(plan->total_bytes, int64_t{1} << 45);
}

TEST(PlanMemory, TheLargestContextFitsAndOnePageMoreDoesNot) {
  const std::string path = small_file(wide_model(128));
  for (const int n_conversations : {1, 3}) {
    ModelOptions options{.session = {.n_ctx = 64}, .n_conversations = n_conversations};
    options.memory_budget = budget_for(path, options, 5000, 200 * kMiB);
    const auto plan = plan_memory(path, options);
    ASSERT_TRUE(plan.ok());
    const int largest = plan->largest_n_ctx;
    EXPECT_GT(largest, 5000);
    EXPECT_EQ(largest % 32, 0);
    // Beside the program's share, which may differ from call to call by some pages.
    const int64_t left = options.memory_budget - plan->program_bytes;
    const auto taken = [&](int n_ctx) {
      options.session.n_ctx = n_ctx;
      return without_program(*plan_memory(path, options));
    };
    EXPECT_LE(taken(largest), left);
    EXPECT_GT(taken(largest + 32), left);
  }
}

TEST(PlanMemory, ConversationsThatFit) {
  const std::string path = small_file(wide_model(4096));
  ModelOptions options{.session = {.n_ctx = 4096}};
  options.memory_budget = budget_for(path, options, 4096, 500 * kMiB);
  const auto plan = plan_memory(path, options);
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->fits());
  const int most = plan->largest_n_conversations;
  EXPECT_GT(most, 20);
  options.n_conversations = most + 20;
  EXPECT_FALSE(plan_memory(path, options)->fits());
}

TEST(PlanMemory, WithoutAContextTheLargestUpToTheModelsOwnIsPlanned) {
  const std::string path = small_file(wide_model(200000));
  const auto whole = plan_memory(path, {.memory_budget = budget_for(path, {}, 200000, 50 * kMiB)});
  EXPECT_EQ(whole->n_ctx, 200000);
  EXPECT_TRUE(whole->fits());
  const auto part = plan_memory(path, {.memory_budget = budget_for(path, {}, 100000)});
  EXPECT_TRUE(part->fits());
  EXPECT_NEAR(part->n_ctx, 100000, 20000);
  EXPECT_EQ(part->n_ctx % 32, 0);
  const auto none = plan_memory(path, {.memory_budget = 1});
  EXPECT_FALSE(none->fits());
  EXPECT_EQ(none->largest_n_ctx, 0);
  EXPECT_EQ(none->largest_n_conversations, 0);
}

TEST(PlanMemory, HostileFilesAndOptionsGiveTheNormalErrors) {
  const std::string dir = testing::temporary_dir();
  EXPECT_EQ(plan_memory(dir + "/absent.gguf").status().code(), StatusCode::not_found);
  EXPECT_EQ(plan_memory(dir).status().code(), StatusCode::io_error);
  testing::write_file(dir + "/text.gguf", "this is not a model");
  EXPECT_FALSE(plan_memory(dir + "/text.gguf").ok());
  const std::string path = small_file();
  const std::string bytes = testing::read_file(path);
  for (size_t n = 0; n < bytes.size(); n += bytes.size() / 100 + 1) {
    testing::write_file(dir + "/cut.gguf", bytes.substr(0, n));
    const auto cut = plan_memory(dir + "/cut.gguf");
    ASSERT_FALSE(cut.ok()) << n;
    EXPECT_EQ(cut.status().message(), Model::open(dir + "/cut.gguf").status().message());
  }
  const ModelOptions wrong[] = {{.isa = "avx9000"},          {.memory_budget = -1},
                                {.n_conversations = 0},      {.session = {.n_ctx = -1}},
                                {.session = {.n_chunk = 0}}, {.session = {.n_threads = 1000}}};
  for (const ModelOptions& options : wrong) {
    EXPECT_EQ(plan_memory(path, options).status().code(), StatusCode::invalid_argument);
  }
}

TEST(PlanMemory, HostileFilesOfTheSharedFolder) {
  CRIA_SHARED_FILE(folder, "fuzz-gguf");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string path = entry.path();
    EXPECT_EQ(plan_memory(path).status().message(), Model::open(path).status().message());
  }
}

TEST(Model, ABudgetThatIsTooSmallIsRefusedWithWhatWouldFit) {
  const std::string path = small_file(wide_model(128));
  ModelOptions options{.session = {.n_ctx = 200000}};
  options.memory_budget = budget_for(path, options, 100000);
  const auto refused = Model::open(path, options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), StatusCode::out_of_memory);
  for (const char* part : {"needs ", "the budget is ", "200000", "(-c ", "smaller type", "iB"}) {
    EXPECT_NE(refused.status().message().find(part), std::string::npos)
        << refused.status().message();
  }
  options.memory_budget = 1000;
  const std::string none = Model::open(path, options).status().message();
  EXPECT_NE(none.find("no context fits"), std::string::npos) << none;
  options.memory_budget = -5;
  EXPECT_EQ(Model::open(path, options).status().code(), StatusCode::invalid_argument);
}

TEST(Model, SessionsAreHeldToTheBudget) {
  const std::string path = small_file(wide_model(400000));
  const auto model = Model::open(path, {.memory_budget = budget_for(path, {}, 100000)});
  ASSERT_TRUE(model.ok()) << model.status().message();
  ASSERT_NE(model->memory_plan(), nullptr);
  const int n_ctx = model->memory_plan()->n_ctx;
  EXPECT_LT(n_ctx, 150000);
  const auto session = model->new_session();
  ASSERT_TRUE(session.ok()) << session.status().message();
  EXPECT_EQ(session->n_ctx(), n_ctx);
  EXPECT_TRUE(model->new_session({.n_ctx = 1000}).ok());
  const auto larger = model->new_session({.n_ctx = 2 * n_ctx});
  EXPECT_EQ(larger.status().code(), StatusCode::out_of_memory);
  EXPECT_EQ(Model::open(path)->memory_plan(), nullptr);
}

}  // namespace
}  // namespace cria
