#include "cli/program.h"

#include <gtest/gtest.h>

#include <sstream>

#include "support/shared_data.h"

namespace cria::testing {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

const std::string kEmulator = CRIA_EMULATOR;

}  // namespace

std::string cria_path() { return CRIA_PROGRAM; }

std::vector<std::string> cria_words(const std::vector<std::string>& arguments) {
  return program_words(cria_path(), arguments);
}

std::vector<std::string> program_words(const std::string& program,
                                       const std::vector<std::string>& arguments) {
  std::vector<std::string> words;
  std::istringstream emulator(kEmulator);
  for (std::string word; std::getline(emulator, word, '|');) words.push_back(word);
  words.push_back(program);
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

ProcessOptions clean_environment() {
  ProcessOptions options;
  for (const char* name :
       {"CRIA_MODEL", "CRIA_THREADS", "CRIA_ISA", "CRIA_KERNELS_OFF", "NO_COLOR"}) {
    options.environment.emplace_back(name, "");
  }
  return options;
}

ProcessResult cria(const std::vector<std::string>& arguments, const ProcessOptions& options) {
  ProcessOptions merged = options;
  merged.environment = clean_environment().environment;
  merged.environment.insert(merged.environment.end(), options.environment.begin(),
                            options.environment.end());
  return run_process(cria_words(arguments), merged);
}

bool memory_is_not_the_programs() { return kSanitized || !kEmulator.empty(); }

bool is_emulated() { return !kEmulator.empty(); }

double patience() { return kSanitized || !kEmulator.empty() ? 20 : 1; }

std::string synthetic_model() {
  std::string path = temporary_dir() + "/tiny.gguf";
  const ProcessResult result = cria({"synth", "--shape", "tiny", path});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return path;
}

bool is_one_message(const std::string& err) {
  return err.rfind("cria: ", 0) == 0 && err.size() > 7 && err.find('\n') == err.size() - 1;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace cria::testing
