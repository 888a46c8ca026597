// The program cria: finds the command and leaves the rest to it.
#include <csignal>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "commands.h"
#include "measuring_commands.h"
#include "output.h"
#include "quantize_commands.h"
#include "verified.h"

namespace cria::cli {
namespace {

constexpr std::string_view kHelp =
    "cria: private, offline inference of large language models\n"
    "\n"
    "Usage: cria COMMAND [MODEL] [FLAGS]\n"
    "\n"
    "  cria chat [MODEL]         talk with a model\n"
    "  cria run [MODEL] -p TEXT  continue a prompt\n"
    "  cria al -p TEXT           a request to Al about a house, and the calls that it makes\n"
    "  cria inspect FILE         what a model file holds, and whether it can be run\n"
    "  cria tokenize [MODEL]     text to tokens\n"
    "  cria quantize IN OUT      a model in a smaller type\n"
    "  cria pack MODEL OUT       its weights as this CPU reads them, for a faster start\n"
    "  cria imatrix MODEL -f TEXT -o FILE   which columns matter, for quantize\n"
    "  cria perplexity MODEL -f TEXT        how well a model predicts a text\n"
    "  cria synth OUT.gguf       a model of random weights, for measurements and tests\n"
    "  cria bench [MODEL]        times a model; cria bench gemm: matrix products alone;\n"
    "                            cria bench engine: many conversations at once\n"
    "  cria plan [MODEL]         what a run will take in memory; the context that fits a budget\n"
    "  cria explain [MODEL]      which kernels and packing it gets, and why; its speed limit\n"
    "  cria explain gemm M N K TYPE   the same for a matrix product alone\n"
    "  cria verify               the kernels of this CPU against their definition\n"
    "\n"
    "  cria COMMAND --help       the command's flags, with examples\n"
    "  cria --version\n"
    "\n"
    "Where no MODEL is named: the one that CRIA_MODEL names, or Al, which comes with the program:\n"
    "a small model that looks after the devices of a (here: simulated) house.\n"
    "\n"
    "Environment: CRIA_MODEL, CRIA_THREADS, CRIA_ISA, CRIA_KERNELS_OFF, NO_COLOR.\n"
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

// `gemm` after `bench` or `explain` means products alone, `engine` after `bench` many
// conversations. Model files of those names are ./gemm and ./engine.
bool begins_with(const std::vector<std::string>& words, const char* word) {
  return !words.empty() && words[0] == word;
}

int run_bench(const std::vector<std::string>& words) {
  if (begins_with(words, "engine")) {
    return dispatch({words.begin() + 1, words.end()}, parse_bench_engine, bench_engine_command);
  }
  if (!begins_with(words, "gemm")) return dispatch(words, parse_bench_model, bench_model_command);
  return dispatch({words.begin() + 1, words.end()}, parse_bench_gemm, bench_gemm_command);
}

int run_explain(const std::vector<std::string>& words) {
  if (!begins_with(words, "gemm")) {
    return dispatch(words, parse_explain_model, explain_model_command);
  }
  return dispatch({words.begin() + 1, words.end()}, parse_explain_gemm, explain_gemm_command);
}

bool computes(const std::string& command) {
  for (const char* name : {"run", "chat", "al", "bench", "plan", "explain"}) {
    if (command == name) return true;
  }
  return false;
}

int run_program(const std::vector<std::string>& words) {
  if (words.empty()) {
    write_error_text(kHelp);
    return kExitUsage;
  }
  const std::string& name = words[0];
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (computes(name)) switch_off_wrong_kernels();
  if (name == "run") return dispatch(rest, parse_run, run_command);
  if (name == "chat") return dispatch(rest, parse_chat, chat_command);
  if (name == "al") return dispatch(rest, parse_al, al_command);
  if (name == "inspect") return dispatch(rest, parse_inspect, inspect_command);
  if (name == "tokenize") return dispatch(rest, parse_tokenize, tokenize_command);
  if (name == "quantize") return dispatch(rest, parse_quantize, quantize_command);
  if (name == "pack") return dispatch(rest, parse_pack, pack_command);
  if (name == "imatrix") return dispatch(rest, parse_imatrix, imatrix_command);
  if (name == "perplexity") return dispatch(rest, parse_perplexity, perplexity_command);
  if (name == "synth") return dispatch(rest, parse_synth, synth_command);
  if (name == "bench") return run_bench(rest);
  if (name == "plan") return dispatch(rest, parse_plan, plan_command);
  if (name == "explain") return run_explain(rest);
  if (name == "verify") return dispatch(rest, parse_verify, verify_command);
  if (name == "--version") return print(std::string("cria ") + version() + "\n");
  if (name == "--help" || name == "-h" || name == "help") return print(kHelp);
  complain("unknown command \"" + name +
           "\"; commands: run, chat, al, inspect, tokenize, quantize, pack, imatrix, perplexity, "
           "synth, "
           "bench, plan, explain, verify");
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
