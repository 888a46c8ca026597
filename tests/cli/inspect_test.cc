// cria inspect: readable files of every kind get a report, broken ones an error that says where.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

using Json = nlohmann::json;

Json inspect_json(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"inspect", "--json"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const ProcessResult result = cria(words);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  Json report = Json::parse(result.out, nullptr, false);
  EXPECT_FALSE(report.is_discarded()) << result.out;
  return report;
}

std::vector<std::string> files_in(const std::string& folder, const std::string& extension) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (extension.empty() || entry.path().extension() == extension) {
      paths.push_back(entry.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(Inspect, ModelReportHasItsHyperparametersTensorsAndMetadata) {
  CRIA_SHARED_FILE(model, "models/stories260K-f32.gguf");
  const Json report = inspect_json({model});
  EXPECT_EQ(report["format"], "GGUF v3");
  EXPECT_EQ(report["architecture"], "llama");
  EXPECT_EQ(report["size_bytes"], std::filesystem::file_size(model));
  EXPECT_EQ(report["runnable"], true);
  EXPECT_EQ(report["reason"], "");
  EXPECT_EQ(report["hyperparameters"]["n_layers"], 5);
  EXPECT_EQ(report["hyperparameters"]["n_kv_heads"], 4);
  EXPECT_EQ(report["metadata"]["llama.block_count"]["value"], 5);
  EXPECT_NE(report["vocabulary"].get<std::string>().find("512"), std::string::npos);
  int64_t n_params = 0;
  for (const Json& tensor : report["tensors"]) {
    int64_t n_elems = 1;
    for (const Json& n : tensor["shape"]) n_elems *= n.get<int64_t>();
    n_params += n_elems;
    EXPECT_EQ(tensor["type"], "f32");
    EXPECT_EQ(tensor["size_bytes"], n_elems * 4);
    EXPECT_LE(tensor["file_offset"].get<int64_t>() + n_elems * 4, report["size_bytes"]);
  }
  EXPECT_EQ(report["n_params"], n_params);
}

TEST(Inspect, CheckpointNeedsItsTokenizerToBeRunnable) {
  CRIA_SHARED_FILE(model, "models/stories260K.bin");
  CRIA_SHARED_FILE(tokenizer, "models/tok512.bin");
  EXPECT_EQ(inspect_json({model})["runnable"], false);
  const Json report = inspect_json({model, "--tokenizer", tokenizer});
  EXPECT_EQ(report["runnable"], true) << report["reason"];
  EXPECT_EQ(report["hyperparameters"]["n_layers"], 5);
}

TEST(Inspect, EveryModelHereIsReadable) {
  CRIA_SHARED_FILE(folder, "models");
  for (const std::string& path : files_in(folder, ".gguf")) {
    EXPECT_EQ(inspect_json({path})["runnable"], true) << path;
    const ProcessResult text = cria({"inspect", path});
    EXPECT_EQ(text.exit_code, 0);
    EXPECT_NE(text.out.find("runnable        yes\n"), std::string::npos) << text.out;
  }
}

TEST(Inspect, VocabularyOnlyFilesOfAnyArchitectureAreReadableAndSayWhyTheyCannotRun) {
  CRIA_SHARED_FILE(folder, "vocabs");
  for (const std::string& path : files_in(folder, ".gguf")) {
    const Json report = inspect_json({path});
    EXPECT_EQ(report["runnable"], false) << path;
    EXPECT_NE(report["reason"], "") << path;
    EXPECT_NE(report["vocabulary"].get<std::string>().find(" tokens"), std::string::npos)
        << path << ": " << report["vocabulary"];
    const ProcessResult text = cria({"inspect", path});
    EXPECT_EQ(text.exit_code, 0);
    EXPECT_NE(text.out.find("runnable        no: "), std::string::npos) << path;
  }
}

TEST(Inspect, BrokenFilesAreRefusedWithTheBytePosition) {
  CRIA_SHARED_FILE(folder, "fuzz-gguf");
  size_t n_refused = 0;
  for (const std::string& path : files_in(folder, "")) {
    const std::string name = std::filesystem::path(path).filename();
    const ProcessResult result = cria({"inspect", path});
    if (name == "valid-small.gguf" || name == "v3-empty.bin") {
      EXPECT_EQ(result.exit_code, 0) << path << result.err;
      continue;
    }
    ++n_refused;
    EXPECT_EQ(result.exit_code, 1) << path;
    EXPECT_EQ(result.out, "") << path;
    EXPECT_TRUE(is_one_message(result.err)) << result.err;
    for (const char* text : {"at byte ", "found ", "expected ", path.c_str()}) {
      EXPECT_NE(result.err.find(text), std::string::npos) << result.err << " lacks " << text;
    }
  }
  EXPECT_GE(n_refused, 10u);
}

TEST(Inspect, RefusingTakesLittleMemory) {
  if (memory_is_not_the_programs()) GTEST_SKIP() << "peak memory is not the program's own here";
  CRIA_SHARED_FILE(folder, "fuzz-gguf");
  const int64_t idle = cria({"--version"}).peak_rss_bytes;
  for (const std::string& path : files_in(folder, "")) {
    const auto size_bytes = static_cast<int64_t>(std::filesystem::file_size(path));
    const int64_t most = idle + 2 * size_bytes + (int64_t{16} << 20);
    EXPECT_LE(cria({"inspect", path}).peak_rss_bytes, most) << path;
    EXPECT_LE(cria({"run", path, "-p", "x", "-n", "1"}).peak_rss_bytes, most) << path;
  }
}

TEST(Inspect, NamesFromAFileCannotSendEscapeSequences) {
  const std::string path = temporary_dir() + "/\x1b[31mred.gguf";
  write_file(path, "GGUX");
  const ProcessResult result = cria({"inspect", path});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err.find('\x1b'), std::string::npos);
  EXPECT_NE(result.err.find("\\u001b[31mred"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace cria::testing
