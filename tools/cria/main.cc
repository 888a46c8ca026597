// The program cria: finds the command and leaves the rest to it.
#include <csignal>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "commands.h"
#include "output.h"

namespace cria::cli {
namespace {

constexpr std::string_view kHelp =
    "cria: private, offline inference of large language models\n"
    "\n"
    "Usage: cria COMMAND [MODEL] [FLAGS]\n"
    "\n"
    "  cria run MODEL -p TEXT    continue a prompt\n"
    "  cria chat [MODEL]         talk with a model\n"
    "  cria inspect FILE         what a model file holds, and whether it can be run\n"
    "  cria tokenize MODEL       text to tokens\n"
    "  cria synth OUT.gguf       a model of random weights, for measurements and tests\n"
    "\n"
    "  cria COMMAND --help       the command's flags, with examples\n"
    "  cria --version\n"
    "\n"
    "Environment: CRIA_MODEL (the model where none is named), CRIA_THREADS, CRIA_ISA, NO_COLOR.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.\n";

template <typename Options>
int dispatch(const std::vector<std::string>& words,
             std::optional<int> (*parse)(const std::vector<std::string>&, Options*),
             int (*command)(const Options&)) {
  Options options;
  const std::optional<int> exit_code = parse(words, &options);
  return exit_code ? *exit_code : command(options);
}

int print(std::string_view text) {
  Output out;
  out.write(text);
  return out.exit_code(kExitDone);
}

int run_program(const std::vector<std::string>& words) {
  if (words.empty()) {
    write_error_text(kHelp);
    return kExitUsage;
  }
  const std::string& name = words[0];
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (name == "run") return dispatch(rest, parse_run, run_command);
  if (name == "chat") return dispatch(rest, parse_chat, chat_command);
  if (name == "inspect") return dispatch(rest, parse_inspect, inspect_command);
  if (name == "tokenize") return dispatch(rest, parse_tokenize, tokenize_command);
  if (name == "synth") return dispatch(rest, parse_synth, synth_command);
  if (name == "--version") return print(std::string("cria ") + version() + "\n");
  if (name == "--help" || name == "-h" || name == "help") return print(kHelp);
  complain("unknown command \"" + name + "\"; commands: run, chat, inspect, tokenize, synth");
  return kExitUsage;
}

}  // namespace
}  // namespace cria::cli

int main(int argc, char** argv) {
  // A file beyond the permitted size is then an error of write, which is reported.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return cria::cli::run_program(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::bad_alloc&) {
    cria::cli::complain("out of memory");
    return cria::cli::kExitFailed;
  }
}
