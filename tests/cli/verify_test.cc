// cria verify: agreement on this CPU, a record of it, and what a record of a wrong kernel does.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// A cache folder of the test's own.
class Verify : public ::testing::Test {
 protected:
  void SetUp() override {
    cache_ = temporary_dir() + "/cache";
    options_.environment = {{"XDG_CACHE_HOME", cache_}};
  }

  // The one file that verify has written.
  fs::path record() const {
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(cache_ + "/cria", error)) {
      found.push_back(entry.path());
    }
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? fs::path() : found[0];
  }

  // A kernel of this CPU that could be wrong; "" where there is only the definition.
  std::string some_slot() {
    const ProcessResult result = cria({"verify", "--json"}, options_);
    const Json all = Json::parse(result.out, nullptr, false);
    for (const Json& kernel : all["kernels"]) {
      const std::string slot = kernel["slot"];
      if (slot.ends_with("/packed.q4_0")) return slot;
    }
    return "";
  }

  // The record as it would be had this kernel been wrong.
  void forge(const std::string& slot, bool right_sum) {
    std::ifstream in(record());
    std::stringstream text;
    text << in.rdbuf();
    std::string lines = text.str();
    lines = lines.substr(0, lines.rfind("wrong ")) + "wrong " + slot + "\n";
    uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
    for (const char c : lines) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    char sum[32];
    std::snprintf(sum, sizeof sum, "sum %016llx\n",
                  static_cast<unsigned long long>(right_sum ? hash : hash + 1));
    std::ofstream(record()) << lines << sum;
  }

  ProcessResult explain() {
    return cria({"explain", synthetic_model(), "--no-measure", "--json"}, options_);
  }
  static std::string table_of(const ProcessResult& result) {
    const Json all = Json::parse(result.out, nullptr, false);
    return all.is_object() ? all["matrices"][0]["table"].get<std::string>() : result.err;
  }

  std::string cache_;
  ProcessOptions options_;
};

TEST_F(Verify, AllAgreeAndTheResultIsKept) {
  const ProcessResult result = cria({"verify"}, options_);
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_TRUE(result.out.find("all ") != std::string::npos ||
              result.out.find("only the definition") != std::string::npos)
      << result.out;
  std::ifstream in(record());
  std::string first;
  std::getline(in, first);
  EXPECT_EQ(first, "cria verify 1");
  const ProcessResult next = explain();
  EXPECT_EQ(next.err, "") << "a good record is not worth a word";
}

TEST_F(Verify, AKernelOnRecordAsWrongIsNotUsedAndThatIsSaid) {
  const std::string slot = some_slot();
  if (slot.empty()) GTEST_SKIP() << "only the definition runs here";
  const std::string usual = table_of(explain());
  forge(slot, true);
  const ProcessResult without = explain();
  EXPECT_TRUE(is_one_message(without.err)) << without.err;
  EXPECT_NE(without.err.find(slot), std::string::npos) << without.err;
  EXPECT_TRUE(table_of(without) != usual || slot.rfind(usual + "/", 0) != 0);
  // A person's word goes first.
  options_.environment.emplace_back("CRIA_KERNELS_OFF", slot);
  const ProcessResult told = explain();
  EXPECT_EQ(told.err, "");
  EXPECT_EQ(table_of(told), table_of(without));
}

TEST_F(Verify, ARecordThatCannotBeReadIsAMiss) {
  const std::string slot = some_slot();
  if (slot.empty()) GTEST_SKIP() << "only the definition runs here";
  forge(slot, false);
  EXPECT_EQ(explain().err, "");
  std::ofstream(record()) << std::string("cria verify 1\ncpu \0\xff", 21);
  EXPECT_EQ(explain().err, "");
  EXPECT_EQ(cria({"verify"}, options_).exit_code, 0);  // and is written anew
  EXPECT_GT(fs::file_size(record()), 40u);
}

TEST_F(Verify, AFolderThatCannotBeWrittenCostsAWarning) {
  std::ofstream(cache_) << "a file";
  const ProcessResult result = cria({"verify"}, options_);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(is_one_message(result.err)) << result.err;
}

TEST_F(Verify, WrongUsage) {
  EXPECT_EQ(cria({"verify", "--isa", "mmx"}, options_).exit_code, 2);
  EXPECT_EQ(cria({"verify", "--bogus"}, options_).exit_code, 2);
  options_.environment.emplace_back("CRIA_KERNELS_OFF", "mmx/swiglu");
  const ProcessResult result = explain();
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("mmx/swiglu"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace cria::testing
