// score_al MODEL test1.jsonl [test2.jsonl ...]: how well a model does Al's task, greedy, through
// this library. Prints a table per axis, per category and in all.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "player.h"
#include "tally.h"
#include "test_case.h"
#include "verdict.h"

namespace cria::score {
namespace {

struct Flags {
  std::string model;
  std::vector<std::string> files;
  std::string failures;
  std::string isa;
  int n_threads = 0;
  bool json = false;
  bool free = false;
};

int complain(const std::string& message) {
  std::fprintf(stderr, "score_al: %s\n", message.c_str());
  return 1;
}

// One field of a line of tab-separated fields.
std::string field(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c == '\t' ? ' ' : c;
    }
  }
  return out;
}

std::string expected_text(const TestCase& test) {
  std::string text;
  for (const house::Call& call : test.calls) text += house::call_text(call) + " ";
  const auto add = [&text](const char* name, const std::vector<std::string>& list) {
    if (list.empty()) return;
    text += std::string(name) + ":";
    for (const std::string& item : list) text += " \"" + item + "\"";
    text += " ";
  };
  add("says", test.says);
  add("says_any", test.says_any);
  add("says_not", test.says_not);
  if (!text.empty()) text.pop_back();
  return text;
}

std::string failure_line(const TestCase& test, const Played& played, const Verdict& verdict) {
  const std::string got = played.error.empty() ? played.reply : "error: " + played.error;
  return test.category + "\t" + field(test.messages.back().content) + "\t" +
         field(expected_text(test)) + "\t" + field(got) + "\t" + field(verdict.reason) + "\n";
}

// Progress on one line of a terminal.
void show_progress(size_t n_done, size_t n_cases) {
  if (::isatty(STDERR_FILENO) == 1) {
    std::fprintf(stderr, "\r%zu of %zu cases", n_done, n_cases);
  }
}

Result<std::vector<TestCase>> load_all(const std::vector<std::string>& files) {
  std::vector<TestCase> all;
  for (const std::string& file : files) {
    Result<std::vector<TestCase>> cases = load_cases(file);
    if (!cases.ok()) return cases.status();
    std::move(cases->begin(), cases->end(), std::back_inserter(all));
  }
  return all;
}

// What is no verdict about the model, but a case that could not be played.
int complain_of_errors(const std::vector<TestCase>& cases, const std::vector<Played>& played) {
  size_t n_errors = 0;
  std::string first;
  for (size_t i = 0; i < cases.size(); ++i) {
    if (played[i].error.empty()) continue;
    if (n_errors++ == 0) first = cases[i].source + ": " + played[i].error;
  }
  if (n_errors == 0) return 0;
  return complain(std::to_string(n_errors) + " of " + std::to_string(cases.size()) +
                  " cases could not be played and count as wrong; the first: " + first);
}

int report(const Flags& flags, const std::vector<TestCase>& cases,
           const std::vector<Played>& played) {
  Score score;
  std::string failures;
  for (size_t i = 0; i < cases.size(); ++i) {
    const bool is_played = played[i].error.empty();
    const Verdict verdict = is_played ? judge(cases[i], played[i].reply) : Verdict();
    score.add(cases[i], verdict, played[i].n_generated, played[i].generate_seconds);
    if (!verdict.right()) failures += failure_line(cases[i], played[i], verdict);
  }
  const std::string text = flags.json ? score_json(score) : score_table(score);
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    return complain("cannot write to standard output");
  }
  const int exit_code = complain_of_errors(cases, played);
  if (flags.failures.empty()) return exit_code;
  std::ofstream file(flags.failures, std::ios::binary);
  file << failures << std::flush;
  return file.good() ? exit_code : complain("cannot write " + flags.failures);
}

int run(const Flags& flags) {
  const Result<std::vector<TestCase>> cases = load_all(flags.files);
  if (!cases.ok()) return complain(cases.status().message());
  const Result<Model> model = Model::open(flags.model, {.isa = flags.isa});
  if (!model.ok()) return complain(model.status().message());
  PlayOptions options;
  const unsigned n_cpus = std::max(1u, std::thread::hardware_concurrency());
  options.n_threads = flags.n_threads > 0 ? flags.n_threads : static_cast<int>(n_cpus);
  options.free = flags.free;
  options.on_progress = [&](size_t n_done) { show_progress(n_done, cases->size()); };
  const Result<std::vector<Played>> played = play(*model, *cases, options);
  if (::isatty(STDERR_FILENO) == 1) std::fputs("\r                        \r", stderr);
  if (!played.ok()) return complain(played.status().message());
  return report(flags, *cases, *played);
}

// An exit code where nothing is left to do: help was printed, or the words are wrong.
std::optional<int> parse(int argc, char** argv, Flags& flags) {
  CLI::App app("Plays Al's test cases and prints how many it gets right.", "score_al");
  app.add_option("MODEL", flags.model, "the model file")->required();
  app.add_option("FILE", flags.files, "test cases, a JSON object a line")->required();
  app.add_option("-t,--threads", flags.n_threads, "cases at once; 0: one per CPU")
      ->check(CLI::Range(0, 512));
  app.add_option("--isa", flags.isa, "kernel table");
  app.add_option("--failures", flags.failures,
                 "write what went wrong: category, request, expected, got, why; tab-separated");
  app.add_flag("--json", flags.json, "print JSON");
  app.add_flag("--free", flags.free,
               "let the model write any call; cria al holds calls to what the house has");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return std::nullopt;
}

}  // namespace
}  // namespace cria::score

int main(int argc, char** argv) {
  try {
    cria::score::Flags flags;
    const std::optional<int> exit_code = cria::score::parse(argc, argv, flags);
    return exit_code ? *exit_code : cria::score::run(flags);
  } catch (const std::exception& error) {  // out of memory, or of threads
    return cria::score::complain(error.what());
  }
}
