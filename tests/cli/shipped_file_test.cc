// Where the program finds Al and the demo house: copies of it in the places where it may lie.
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/program.h"
#include "support/canned_al.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

class ShippedFile : public ::testing::Test {
 protected:
  // A copy of the program at this place below the test's folder.
  std::string program_at(const std::string& place) {
    const fs::path program = fs::path(folder_) / place;
    fs::create_directories(program.parent_path());
    fs::copy_file(cria_path(), program);
    return program;
  }
  // Al at the first place, a house with one lamp at the other.
  void ship(const std::string& model, const std::string& house) {
    for (const std::string& place : {model, house}) {
      fs::create_directories((fs::path(folder_) / place).parent_path());
    }
    write_canned_al({"Here I am."}, folder_ + "/" + model);
    write_file(folder_ + "/" + house, R"({"services": [], "devices": []})");
  }
  static ProcessResult run(const std::string& program, const Words& arguments) {
    return run_process(program_words(program, arguments), clean_environment());
  }
  void expect_found(const std::string& program) {
    const ProcessResult al = run(program, {"al", "-p", "hello"});
    EXPECT_EQ(al.exit_code, 0) << al.err;
    EXPECT_EQ(al.out, "Here I am.\n");
    const ProcessResult chat = run(program, {"chat", "-p", "hello"});
    EXPECT_EQ(chat.out, "Here I am.\n") << chat.err;
    const ProcessResult text = run(program, {"run", "-p", "x", "-n", "0", "--echo"});
    EXPECT_EQ(text.out, "x\n") << text.err;
  }

  const std::string folder_ = temporary_dir();
};

TEST_F(ShippedFile, LiesBesideTheProgram) {
  ship("here/al-q8_0.gguf", "here/demo_house.json");
  expect_found(program_at("here/cria"));
}

TEST_F(ShippedFile, LiesWhereItWasInstalledAndMovesWithTheProgram) {
  ship("prefix/share/cria/al-q8_0.gguf", "prefix/share/cria/demo_house.json");
  const std::string program = program_at("prefix/bin/cria");
  expect_found(program);
  fs::create_symlink(program, folder_ + "/link");
  expect_found(folder_ + "/link");
  fs::rename(folder_ + "/prefix", folder_ + "/moved");
  expect_found(folder_ + "/moved/bin/cria");
}

TEST_F(ShippedFile, LiesInTheSourceTreeOfABuildTree) {
  ship("tree/models/al-q8_0.gguf", "tree/models/al/demo_house.json");
  expect_found(program_at("tree/build/release/tools/cria/cria"));
}

TEST_F(ShippedFile, IsNotLookedForAtTheOriginOfAProgramThatLeftItsBuildTree) {
  const std::string program = program_at("bin/cria");
  for (const Words& words : {Words{"chat"}, Words{"run", "-p", "x"}, Words{"al", "-p", "x"}}) {
    const ProcessResult result = run(program, words);
    EXPECT_EQ(result.exit_code, 2) << result.out;
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(is_one_message(result.err)) << result.err;
    for (const std::string& text :
         {std::string("GGUF"), std::string("CRIA_MODEL"), folder_ + "/bin/al-q8_0.gguf",
          folder_ + "/share/cria/al-q8_0.gguf"}) {
      EXPECT_NE(result.err.find(text), std::string::npos) << result.err << " lacks " << text;
    }
    EXPECT_EQ(result.err.find("models/"), result.err.find("models/NAME")) << result.err;
  }
}

TEST_F(ShippedFile, MissingDemoHouseSaysWhereItWasLookedFor) {
  write_canned_al({"Here I am."}, folder_ + "/al.gguf");
  const ProcessResult result =
      run(program_at("bin/cria"), {"al", "-m", folder_ + "/al.gguf", "-p", "x"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find(folder_ + "/share/cria/demo_house.json"), std::string::npos);
  EXPECT_NE(result.err.find("--house"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace cria::testing
