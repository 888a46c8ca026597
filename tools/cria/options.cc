// The only file that knows the command line library.
#include "options.h"

#include <unistd.h>
#if __has_include(<sys/random.h>)
#include <sys/random.h>
#endif

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "numbers.h"
#include "output.h"
#include "settings.h"

namespace cria::cli {
namespace {

constexpr int kMaxThreads = 512;

// Flags of several letters after one dash, as users of this field type them.
constexpr std::array<std::pair<const char*, const char*>, 5> kShortSpellings = {{
    {"-sys", "--system"},
    {"-tb", "--threads-batch"},
    {"-ub", "--ubatch-size"},
    {"-ctk", "--cache-type-k"},
    {"-ctv", "--cache-type-v"},
}};

bool takes_value(const CLI::App& app, const std::string& name) {
  const CLI::Option* option = app.get_option_no_throw(name);
  return option != nullptr && option->get_items_expected_min() > 0;
}

std::string long_spelling(const std::string& word) {
  for (const auto& [from, to] : kShortSpellings) {
    if (word == from) return to;
  }
  return word;
}

// Maps the short spellings, and splits "--name=value" in two because the library loses an empty
// value. A word that is a flag's value is never touched.
std::vector<std::string> normalised(const CLI::App& app, const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") {
      out.insert(out.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      break;
    }
    const std::string word = long_spelling(words[i]);
    const size_t equals = word.rfind("--", 0) == 0 ? word.find('=') : std::string::npos;
    if (equals != std::string::npos && takes_value(app, word.substr(0, equals))) {
      out.push_back(word.substr(0, equals));
      out.push_back(word.substr(equals + 1));
      continue;
    }
    out.push_back(word);
    if (takes_value(app, word) && i + 1 < words.size()) out.push_back(words[++i]);
  }
  return out;
}

// Wrong values are reported with the flag that they were given to.
[[noreturn]] void refuse(const std::string& flags, const std::string& reason) {
  throw CLI::ValidationError(flags, reason);
}

// An option whose value goes to store as it was typed.
template <typename Store>
CLI::Option* add_text(CLI::App& app, const std::string& flags, const char* type, const char* help,
                      Store store) {
  CLI::callback_t callback = [store](const CLI::results_t& values) {
    store(values.front());
    return true;
  };
  return app.add_option(flags, callback, help)->type_name(type);
}

CLI::Option* add_string(CLI::App& app, const std::string& flags, const char* type, const char* help,
                        std::string& target) {
  return add_text(app, flags, type, help, [&target](const std::string& value) { target = value; });
}

int checked_integer(const std::string& flags, const std::string& value, int least, int most) {
  const std::optional<int64_t> number = parse_integer(value);
  if (!number || *number < least || *number > most) {
    const std::string upper = most == INT_MAX ? " or more" : " to " + std::to_string(most);
    refuse(flags, "must be a whole number, " + std::to_string(least) + upper + "; found \"" +
                      value + "\"");
  }
  return static_cast<int>(*number);
}

CLI::Option* add_integer(CLI::App& app, const std::string& flags, const char* help, int least,
                         int most, int& target) {
  return add_text(app, flags, "N", help, [flags, least, most, &target](const std::string& value) {
    target = checked_integer(flags, value, least, most);
  });
}

// A repeatable option. The library turns a single "{}" into {"{}", "%%"}; that is undone.
template <typename Store>
void add_repeatable(CLI::App& app, const std::string& flags, const char* type, const char* help,
                    Store store) {
  CLI::callback_t callback = [store](const CLI::results_t& values) {
    const bool marked = values.size() == 2 && values[0] == "{}" && values[1] == "%%";
    for (size_t i = 0; i < (marked ? 1 : values.size()); ++i) store(values[i]);
    return true;
  };
  app.add_option(flags, callback, help)->type_name(type)->take_all();
}

void add_model_flags(CLI::App& app, ModelFlags& model) {
  add_string(app, "-m,--model,MODEL", "FILE", "model file: GGUF or llama2.c checkpoint",
             model.path);
  add_string(app, "--tokenizer", "FILE",
             "vocabulary file (llama2.c tokenizer.bin, SentencePiece .model, or GGUF)",
             model.tokenizer);
}

void add_prompt_flags(CLI::App& app, PromptFlags& prompt, const char* text_help) {
  CLI::Option* text = add_text(app, "-p,--prompt", "TEXT", text_help,
                               [&prompt](const std::string& value) { prompt.text = value; });
  add_string(app, "-f,--file", "FILE", "read it from a file", prompt.file)->excludes(text);
}

void add_cache_type(CLI::App& app, const std::string& flags, const char* help, KvType& target) {
  add_text(app, flags, "TYPE", help, [flags, &target](const std::string& value) {
    if (value != "f16" && value != "f32") {
      refuse(flags, "must be f16 or f32; found \"" + value + "\"");
    }
    target = value == "f16" ? KvType::f16 : KvType::f32;
  });
}

void add_session_flags(CLI::App& app, SessionOptions& session) {
  add_integer(app, "-c,--ctx-size", "tokens of context; 0: as the model was trained for", 0,
              INT_MAX, session.n_ctx);
  add_integer(app, "-t,--threads", "threads; 0: all that this process may use", 0, kMaxThreads,
              session.n_threads);
  add_integer(app, "--threads-batch", "threads that read the prompt (also -tb)", 0, kMaxThreads,
              session.n_threads_prefill);
  add_cache_type(app, "--cache-type-k", "keys in the cache: f16 or f32 (also -ctk)",
                 session.k_type);
  add_cache_type(app, "--cache-type-v", "values in the cache: f16 or f32 (also -ctv)",
                 session.v_type);
}

// Two flags of the field for one thing here: how much of a prompt is evaluated at once.
struct BatchFlags {
  int batch = 2048;
  int ubatch = SessionOptions().n_chunk;
};

void add_batch_flags(CLI::App& app, BatchFlags& batch) {
  add_integer(app, "-b,--batch-size", "at most this many tokens of a prompt at once", 1, INT_MAX,
              batch.batch);
  add_integer(app, "--ubatch-size", "tokens of a prompt evaluated at once (also -ub)", 1, INT_MAX,
              batch.ubatch);
}

void add_sampling_flags(CLI::App& app, GenerateOptions& generate, std::string& seed) {
  for (const Setting& setting : settings()) {
    add_text(app, setting.flags, setting.whole ? "N" : "X", setting.help,
             [&setting, &generate](const std::string& value) {
               const auto wrong = apply_setting(setting, value, generate);
               if (wrong) refuse(setting.flags, *wrong);
             });
  }
  add_string(app, "-s,--seed", "N", "seed of the random numbers; -1: a new one", seed);
  add_repeatable(app, "--logit-bias", "ID+BIAS",
                 "add to a token's logit, as in 15043+1 or 2-inf; repeatable",
                 [&generate](const std::string& value) {
                   const auto wrong = add_logit_bias(value, generate.sampling);
                   if (wrong) refuse("--logit-bias", *wrong);
                 });
}

// Flags that take effect only together with others.
struct Pending {
  std::string seed;
  BatchFlags batch;
};

void add_generation_flags(CLI::App& app, GenerationFlags& flags, Pending& pending) {
  add_model_flags(app, flags.model);
  add_string(app, "--isa", "NAME", "kernel table, as in scalar or avx2; also CRIA_ISA",
             flags.model.isa);
  add_session_flags(app, flags.session);
  add_batch_flags(app, pending.batch);
  add_sampling_flags(app, flags.generate, pending.seed);
  add_repeatable(app, "-r,--reverse-prompt", "STOP", "text that ends generation; repeatable",
                 [&flags](const std::string& value) { flags.generate.stop.push_back(value); });
  app.add_flag("--ignore-eos", flags.generate.ignore_eos, "never choose a stop token");
  app.add_flag("--special", flags.generate.parse_special,
               "special tokens spelt out in the prompt are those tokens");
  app.add_flag_callback(
      "--stats", [&flags] { flags.stats = Stats::always; }, "print the speed on standard error");
  app.add_flag_callback(
      "--no-stats", [&flags] { flags.stats = Stats::never; }, "never print the speed");
  app.add_flag("-v,--verbose", flags.verbose, "print notes about the model on standard error");
}

// From the operating system; 32 bits, so that it is easily typed again.
uint64_t random_seed() {
  uint32_t seed = 0;
  if (::getentropy(&seed, sizeof(seed)) == 0) return seed;
  return static_cast<uint64_t>(std::time(nullptr)) ^ static_cast<uint64_t>(::getpid());
}

void set_seed(const std::string& text, SamplingOptions& sampling) {
  if (text.empty() || text == "-1") {
    sampling.seed = random_seed();
    return;
  }
  const std::optional<uint64_t> seed = parse_unsigned(text);
  if (!seed)
    refuse("-s,--seed", "must be a whole number, 0 or more, or -1; found \"" + text + "\"");
  sampling.seed = *seed;
}

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

void require_model(ModelFlags& model) {
  if (!model.path.empty()) return;
  const char* path = environment("CRIA_MODEL");
  if (path == nullptr) {
    throw CLI::RequiredError(
        "no model: put a GGUF file anywhere and name it, as in \"cria chat ~/models/NAME.gguf\", "
        "or set CRIA_MODEL to its path",
        CLI::ExitCodes::RequiredError);
  }
  model.path = path;
}

void finish_generation(const CLI::App& app, GenerationFlags& flags, const Pending& pending) {
  require_model(flags.model);
  set_seed(pending.seed, flags.generate.sampling);
  flags.session.n_chunk = std::min(pending.batch.batch, pending.batch.ubatch);
  const char* threads = environment("CRIA_THREADS");
  if (threads != nullptr && app.count("--threads") == 0) {
    flags.session.n_threads = checked_integer("CRIA_THREADS", threads, 0, kMaxThreads);
  }
}

// Parses, then calls finish for what no single flag can check.
template <typename Finish>
std::optional<int> parse(CLI::App& app, const std::vector<std::string>& words, Finish finish) {
  try {
    std::vector<std::string> reversed = normalised(app, words);
    std::reverse(reversed.begin(), reversed.end());  // the library takes them from the back
    app.parse(std::move(reversed));
    finish();
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    Output out;
    out.write(app.help());
    return out.exit_code(kExitDone);
  } catch (const CLI::ParseError& error) {
    complain(std::string(error.what()) + " (" + app.get_name() + " --help lists the flags)");
    return kExitUsage;
  }
}

constexpr const char* kRunExamples =
    "Examples:\n"
    "  cria run model.gguf -p \"Once upon a time\" -n 64\n"
    "  cria run model.gguf -f prompt.txt --temp 0 > answer.txt\n"
    "  echo \"The capital of Peru is\" | cria run model.gguf -n 8 --temp 0\n"
    "  cria run stories260K.bin --tokenizer tok512.bin -p \"\" -n 200 --temp 0\n"
    "One newline at the end of a file or of standard input is not part of the prompt.";

constexpr const char* kChatExamples =
    "Examples:\n"
    "  cria chat model.gguf\n"
    "  cria chat model.gguf -sys \"Answer in one sentence.\" --temp 0.2\n"
    "  cria chat model.gguf -p \"Why is the sky blue?\" > answer.txt\n"
    "  cat letter.txt | cria chat model.gguf -sys \"Summarise.\"\n"
    "Where input or output is no terminal, all of the input is one message. /help lists what can\n"
    "be typed in a chat; Ctrl-C stops a reply, Ctrl-D leaves.";

constexpr const char* kInspectExamples =
    "Examples:\n"
    "  cria inspect model.gguf\n"
    "  cria inspect model.gguf --json | jq .hyperparameters\n"
    "Exit code 0 where the file can be read, even if this version cannot run it.";

constexpr const char* kTokenizeExamples =
    "Examples:\n"
    "  cria tokenize model.gguf -p \"Hello world\"\n"
    "  cria tokenize vocabulary.gguf --ids --no-bos < text.txt\n"
    "  cria tokenize tokenizer.model --special -p \"<s>[INST]\"\n"
    "Without --ids: a line for each token, its id, a tab, and its text as a JSON string.";

constexpr const char* kSynthExamples =
    "Examples:\n"
    "  cria synth --shape tinyllama-1.1b --type q4_0 model.gguf\n"
    "  cria synth --shape tiny --vocab tokenizer.model --seed 7 tiny.gguf\n"
    "  cria synth --list";

}  // namespace

std::optional<int> parse_run(const std::vector<std::string>& words, RunOptions* options) {
  CLI::App app("Continues a prompt: the text goes to standard output, all else to standard error.",
               "cria run");
  Pending pending;
  add_prompt_flags(app, options->generation.prompt,
                   "the prompt; without -p and -f: standard input");
  add_generation_flags(app, options->generation, pending);
  app.add_flag("--echo", options->echo, "print the prompt before its continuation");
  app.footer(kRunExamples);
  return parse(app, words, [&] { finish_generation(app, options->generation, pending); });
}

std::optional<int> parse_chat(const std::vector<std::string>& words, ChatOptions* options) {
  CLI::App app("Talks with a model.", "cria chat");
  Pending pending;
  add_prompt_flags(app, options->generation.prompt, "the first message");
  add_string(app, "--system", "TEXT", "the system message (also -sys)", options->system);
  add_string(app, "--chat-template", "NAME", "use this chat template and not the file's own",
             options->chat_template);
  add_generation_flags(app, options->generation, pending);
  app.footer(kChatExamples);
  return parse(app, words, [&] { finish_generation(app, options->generation, pending); });
}

std::optional<int> parse_inspect(const std::vector<std::string>& words, InspectOptions* options) {
  CLI::App app("Says what a model file holds, and whether this version can run it.",
               "cria inspect");
  add_string(app, "-m,--model,FILE", "FILE", "the file", options->path);
  add_string(app, "--tokenizer", "FILE", "vocabulary file of a llama2.c checkpoint",
             options->tokenizer);
  app.add_flag("--json", options->json, "print JSON");
  app.footer(kInspectExamples);
  return parse(app, words, [&] {
    if (options->path.empty()) throw CLI::RequiredError("FILE, the file to look at,");
  });
}

std::optional<int> parse_tokenize(const std::vector<std::string>& words, TokenizeOptions* options) {
  CLI::App app("Turns text into tokens, byte for byte.", "cria tokenize");
  add_model_flags(app, options->model);
  add_prompt_flags(app, options->prompt, "the text; without -p and -f: standard input");
  app.add_flag("--ids", options->ids, "print the ids on one line");
  app.add_flag("--no-bos", options->no_bos, "do not add BOS and EOS");
  app.add_flag("--special", options->special,
               "special tokens spelt out in the text are those tokens");
  app.footer(kTokenizeExamples);
  return parse(app, words, [&] {
    if (options->model.tokenizer.empty()) require_model(options->model);
  });
}

std::optional<int> parse_synth(const std::vector<std::string>& words, SynthFlags* options) {
  CLI::App app("Writes a GGUF of random weights with the shape of a known model.", "cria synth");
  std::string seed = "0";
  add_string(app, "OUT.gguf", "FILE", "the file to write", options->path);
  add_string(app, "--shape", "NAME", "the model whose shape it has", options->synth.shape);
  add_string(app, "--type", "TYPE", "type of the matrices, as in q4_0 or f16", options->synth.type);
  add_string(app, "--vocab", "FILE", "take the vocabulary from this file",
             options->synth.vocabulary_path);
  add_string(app, "-s,--seed", "N", "seed of the random numbers", seed);
  app.add_flag("--list", options->list, "list the shapes");
  app.footer(kSynthExamples);
  return parse(app, words, [&] {
    SamplingOptions sampling;
    set_seed(seed, sampling);
    options->synth.seed = sampling.seed;
    if (options->path.empty() && !options->list) {
      throw CLI::RequiredError("OUT.gguf, the file to write,");
    }
  });
}

}  // namespace cria::cli
