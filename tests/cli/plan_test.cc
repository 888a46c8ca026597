// cria plan, and budgets that run and chat keep.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

Json plan_json(Words words) {
  words.insert(words.begin(), "plan");
  words.emplace_back("--json");
  const ProcessResult result = cria(words);
  EXPECT_EQ(result.err, "");
  Json plan = Json::parse(result.out, nullptr, false);
  EXPECT_TRUE(plan.is_object()) << result.out;
  return plan;
}

TEST(Plan, IsATableForPeople) {
  const ProcessResult result = cria({"plan", synthetic_model(), "--mem", "1G", "-t", "1"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* text :
       {"weights ", "KV cache ", "workspace ", "text ", "threads ", "vocabulary ", "program ",
        "total ", "15 matrices, q4_0", "a context of 1024 tokens, the model's own", "fits 1.00 GiB",
        "contexts of up to ", " conversations of 1024"}) {
    EXPECT_NE(result.out.find(text), std::string::npos) << text << " in\n" << result.out;
  }
}

TEST(Plan, JsonHasTheGroupsAndTheirSum) {
  const Json plan = plan_json({synthetic_model(), "-c", "2048", "--parallel", "3"});
  int64_t sum = 0;
  for (const char* group : {"weights_bytes", "kv_bytes", "workspace_bytes", "text_bytes",
                            "threads_bytes", "vocabulary_bytes", "program_bytes"}) {
    ASSERT_TRUE(plan[group].is_number()) << group;
    sum += plan[group].get<int64_t>();
  }
  EXPECT_EQ(plan["total_bytes"], sum);
  EXPECT_EQ(plan["n_ctx"], 2048);
  EXPECT_EQ(plan["n_ctx_train"], 1024);
  EXPECT_EQ(plan["n_conversations"], 3);
  EXPECT_FALSE(plan["kernels"].get<std::string>().empty());
  EXPECT_FALSE(plan.contains("fits"));
  for (const Json& weights : plan["weights"]) {
    for (const char* key : {"what", "type", "layout", "count", "file_bytes", "held_bytes"}) {
      EXPECT_TRUE(weights.contains(key)) << key;
    }
  }
}

TEST(Plan, ABudgetHasTwoAnswersAndAnExitCode) {
  const std::string model = synthetic_model();
  const Json plan = plan_json({model, "-c", "1024", "--mem", "1GiB"});
  EXPECT_EQ(plan["budget_bytes"], 1 << 30);
  EXPECT_EQ(plan["fits"], true);
  EXPECT_GT(plan["largest_n_ctx"], 1024);
  EXPECT_GT(plan["largest_n_conversations"], 1);
  const ProcessResult too_big = cria({"plan", model, "-c", "10000000", "--mem", "1G"});
  EXPECT_EQ(too_big.exit_code, 1);
  EXPECT_NE(too_big.out.find("does not fit 1.00 GiB"), std::string::npos) << too_big.out;
}

TEST(Plan, SizesAreWrittenAsElsewhere) {
  const std::string model = synthetic_model();
  const std::vector<std::pair<const char*, int64_t>> sizes = {
      {"1.5G", 1610612736},  {"1.5GiB", 1610612736},   {"1.5GB", 1500000000},
      {"800m", 838860800},   {"800MB", 800000000},     {"65536K", 67108864},
      {"1t", 1099511627776}, {"100000000", 100000000}, {"100000000B", 100000000}};
  for (const auto& [text, bytes] : sizes) {
    EXPECT_EQ(plan_json({model, "--mem", text})["budget_bytes"], bytes) << text;
  }
  for (const char* wrong : {"", "0", "-1G", "G", "1.5Q", "1.5GX", "1 G", "nan", "infG", "99999T"}) {
    for (const char* command : {"plan", "run", "chat"}) {
      const ProcessResult result = cria({command, model, "--mem", wrong});
      EXPECT_EQ(result.exit_code, 2) << wrong;
      EXPECT_NE(result.err.find("found \"" + std::string(wrong) + "\""), std::string::npos)
          << result.err;
    }
  }
}

TEST(Plan, RefusesWhatRunRefuses) {
  CRIA_SHARED_FILE(folder, "fuzz-gguf");
  for (const char* name : {"/huge-counts.bin", "/kv-arr-huge-n.bin", "/tensor-huge-dims.bin"}) {
    const std::string path = folder + name;
    const ProcessResult plan = cria({"plan", path});
    EXPECT_EQ(plan.exit_code, 1);
    EXPECT_EQ(plan.out, "");
    EXPECT_EQ(plan.err, cria({"run", path, "-p", "x"}).err);
  }
}

TEST(Budget, IsKeptAndTheResultIsTheSame) {
  if (memory_is_not_the_programs()) GTEST_SKIP() << "peak memory is not the program's own here";
  const std::string model = synthetic_model();
  std::string prompt;
  for (int i = 0; i < 3000; ++i) prompt += i % 3 == 0 ? " a" : i % 3 == 1 ? " b" : " xyz";
  const Words flags = {model, "-c", "8000", "-t", "2", "-ctk", "f32", "-ctv", "f32"};
  const int64_t total = plan_json(flags)["total_bytes"];
  const int64_t budget = total + (1 << 20);  // the program's share differs by some pages
  Words words = {"run"};
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), {"--ignore-eos", "--temp", "0"});
  const ProcessResult unlimited = cria(words, {.input = prompt});
  EXPECT_EQ(unlimited.exit_code, 0) << unlimited.err;
  words.insert(words.end(), {"--mem", std::to_string(budget)});
  const ProcessResult within = cria(words, {.input = prompt});
  EXPECT_EQ(within.exit_code, 0) << within.err;
  EXPECT_EQ(within.out, unlimited.out);
  EXPECT_LE(within.peak_rss_bytes, budget);
  EXPECT_GE(within.peak_rss_bytes, budget - budget / 4) << "the budget is not what it takes";
}

TEST(Budget, AContextThatDoesNotFitIsRefusedBeforeAnythingIsTaken) {
  const std::string model = synthetic_model();
  for (const char* command : {"run", "chat"}) {
    const ProcessResult result = cria({command, model, "-p", "x", "-c", "10000000", "--mem", "1G"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(is_one_message(result.err)) << result.err;
    for (const char* text : {"needs ", "10000000 tokens", "1.00 GiB", "(-c ", "smaller type"}) {
      EXPECT_NE(result.err.find(text), std::string::npos) << result.err << " lacks " << text;
    }
  }
}

TEST(Budget, TheContextThatTheErrorNamesIsTaken) {
  if (memory_is_not_the_programs())
    GTEST_SKIP() << "what is resident is not the program's own here";
  const std::string model = synthetic_model();
  const ProcessResult refused =
      cria({"run", model, "-p", "x", "-c", "10000000", "--mem", "1G", "-n", "1"});
  const size_t at = refused.err.find("(-c ");
  ASSERT_NE(at, std::string::npos) << refused.err;
  const std::string named = refused.err.substr(at + 4, refused.err.find(')', at) - at - 4);
  // The program's own share differs by some pages from run to run.
  const std::string n_ctx = std::to_string(std::stoi(named) - 1024);
  const Words words = {"run", model, "-p", "x", "-n", "1", "--mem", "1G", "--temp", "0", "-c"};
  Words fits = words, more = words;
  fits.push_back(n_ctx);
  more.push_back(std::to_string(std::stoi(named) + 1024));
  EXPECT_EQ(cria(fits).exit_code, 0) << cria(fits).err;
  EXPECT_EQ(cria(more).exit_code, 1);
}

TEST(Budget, WithoutAContextTheLargestUpToTheModelsOwnIsTakenAndSaid) {
  if (memory_is_not_the_programs())
    GTEST_SKIP() << "what is resident is not the program's own here";
  const std::string model = synthetic_model();
  const Words words = {"run", model, "-p", "x", "-n", "1", "--temp", "0", "--mem"};
  Words ample = words, tight = words;
  ample.emplace_back("1G");
  const ProcessResult whole = cria(ample);
  EXPECT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_EQ(whole.err.rfind("cria: a context of 1024 tokens takes up to ", 0), 0u) << whole.err;
  EXPECT_EQ(whole.err.find("does not fit"), std::string::npos) << whole.err;
  const int64_t total = plan_json({model, "-c", "128"})["total_bytes"];
  tight.push_back(std::to_string(total));
  const ProcessResult part = cria(tight);
  EXPECT_EQ(part.exit_code, 0) << part.err;
  EXPECT_NE(part.err.find("the model's own of 1024 does not fit"), std::string::npos) << part.err;
}

}  // namespace
}  // namespace cria::testing
