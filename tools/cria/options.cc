// The flags of the commands that work on a model file.
#include "options.h"

#include <unistd.h>
#if __has_include(<sys/random.h>)
#include <sys/random.h>
#endif

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <ctime>

#include "flag_parsing.h"
#include "kept_chat.h"
#include "model_flags.h"
#include "numbers.h"
#include "output.h"
#include "settings.h"
#include "shipped_file.h"

namespace cria::cli {

void add_model_flags(CLI::App& app, ModelFlags& model) {
  add_string(app, "-m,--model,MODEL", "FILE", "model file: GGUF or llama2.c checkpoint",
             model.path);
  add_string(app, "--tokenizer", "FILE",
             "vocabulary file (llama2.c tokenizer.bin, SentencePiece .model, or GGUF)",
             model.tokenizer);
}

void add_packed_flags(CLI::App& app, ModelFlags& model) {
  CLI::Option* packed = add_string(
      app, "--packed", "FILE", "packed weights of this model, made by cria pack: nothing is packed",
      model.packed);
  app.add_flag("--pack-cache", model.pack_cache,
               "keep packed weights in the cache folder, so that the next start is faster")
      ->excludes(packed);
}

void add_threads_flag(CLI::App& app, int& n_threads) {
  add_integer(app, "-t,--threads", "threads; 0: all that this process may use", 0, kMaxThreads,
              n_threads);
}

namespace {

void add_prompt_flags(CLI::App& app, PromptFlags& prompt, const char* text_help) {
  CLI::Option* text = add_text(app, "-p,--prompt", "TEXT", text_help,
                               [&prompt](const std::string& value) { prompt.text = value; });
  add_string(app, "-f,--file", "FILE", "read it from a file", prompt.file)->excludes(text);
}

void add_basic_session_flags(CLI::App& app, SessionOptions& session) {
  add_integer(app, "-c,--ctx-size", "tokens of context; 0: as the model was trained for", 0,
              INT_MAX, session.n_ctx);
  add_threads_flag(app, session.n_threads);
}

void add_session_flags(CLI::App& app, SessionOptions& session) {
  add_basic_session_flags(app, session);
  add_integer(app, "--threads-batch", "threads that read the prompt (also -tb)", 0, kMaxThreads,
              session.n_threads_prefill);
  add_cache_type(app, "--cache-type-k", "keys in the cache: f16, f32, q8_0 or q4_0 (also -ctk)",
                 session.k_type);
  add_cache_type(app, "--cache-type-v", "values in the cache: f16, f32, q8_0 or q4_0 (also -ctv)",
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

void add_overflow_flags(CLI::App& app, GenerateOptions& generate) {
  add_text(app, "--overflow", "WHAT",
           "where the context is full: error, shift (forget the older half) or slide (forget the "
           "oldest, a little at a time)",
           [&generate](const std::string& value) {
             for (const Overflow known : {Overflow::error, Overflow::shift, Overflow::slide}) {
               if (value != overflow_name(known)) continue;
               generate.overflow = known;
               return;
             }
             refuse("--overflow", "must be error, shift or slide; found \"" + value + "\"");
           });
  app.add_flag_callback(
      "--context-shift", [&generate] { generate.overflow = Overflow::shift; },
      "the same as --overflow shift");
  add_integer(app, "--keep", "first tokens that are not forgotten (chat: the system message)", 0,
              INT_MAX, generate.n_keep);
}

void add_speculation_flags(CLI::App& app, GenerationFlags& flags) {
  SpeculationOptions& speculation = flags.generate.speculation;
  app.add_flag("--lookup", speculation.lookup,
               "guess tokens ahead from what followed the last few earlier in the text; changes "
               "only the speed");
  add_string(app, "--draft-model,--model-draft", "FILE",
             "guess tokens ahead with this smaller model of the same vocabulary (also -md)",
             flags.draft_model);
  add_integer(app, "--draft-max,--draft,--draft-n", "tokens guessed at once, at most; 0: none", 0,
              kMaxDraft, speculation.max_draft);
}

// Flags that take effect only together with others.
struct Pending {
  std::string seed;
  BatchFlags batch;
};

void add_stats_flags(CLI::App& app, GenerationFlags& flags) {
  app.add_flag_callback(
      "--stats", [&flags] { flags.stats = Stats::always; }, "print the speed on standard error");
  app.add_flag_callback(
      "--stats-json", [&flags] { flags.stats = Stats::json; },
      "print them as a line of JSON on standard error");
  app.add_flag_callback(
      "--no-stats", [&flags] { flags.stats = Stats::never; }, "never print the speed");
}

void add_generation_flags(CLI::App& app, GenerationFlags& flags, Pending& pending) {
  add_model_flags(app, flags.model);
  add_string(app, "--isa", "NAME", "kernel table, as in scalar or avx2; also CRIA_ISA",
             flags.model.isa);
  add_packed_flags(app, flags.model);
  add_session_flags(app, flags.session);
  add_byte_size(app, "--mem",
                "most memory that the program may take, as in 1.5G; without -c the largest context "
                "that fits",
                flags.memory_budget);
  add_batch_flags(app, pending.batch);
  add_sampling_flags(app, flags.generate, pending.seed);
  add_overflow_flags(app, flags.generate);
  add_speculation_flags(app, flags);
  add_repeatable(app, "-r,--reverse-prompt", "STOP", "text that ends generation; repeatable",
                 [&flags](const std::string& value) { flags.generate.stop.push_back(value); });
  app.add_flag("--ignore-eos", flags.generate.ignore_eos, "never choose a stop token");
  app.add_flag("--special", flags.generate.parse_special,
               "special tokens spelt out in the prompt are those tokens");
  add_stats_flags(app, flags);
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

}  // namespace

void finish_threads(const CLI::App& app, int& n_threads) {
  const std::optional<int> threads = threads_of_environment();
  if (threads && app.count("--threads") == 0) n_threads = *threads;
}

namespace {

void finish_generation(const CLI::App& app, GenerationFlags& flags, const Pending& pending) {
  require_model(flags.model);
  set_seed(pending.seed, flags.generate.sampling);
  flags.session.n_chunk = std::min(pending.batch.batch, pending.batch.ubatch);
  finish_threads(app, flags.session.n_threads);
}

// "" means that the flag was not given, so a user's own "" would be lost.
void refuse_empty(const CLI::App& app, const char* flag, const std::string& value) {
  if (app.count(flag) > 0 && value.empty()) refuse(flag, "needs the name of a file; found \"\"");
}

void add_beam_flags(CLI::App& app, RunOptions& options) {
  add_integer(app, "--beams", "beam search: the likeliest of so many texts, without chance", 1, 64,
              options.n_beams);
  add_text(app, "--length-penalty", "X",
           "rank texts by log probability / tokens^X (1; 0: short ones win)",
           [&options](const std::string& value) {
             const std::optional<double> x = parse_real(value);
             if (!x || !(*x >= 0 && *x <= 10)) {
               refuse("--length-penalty", "must be a number of 0 to 10; found \"" + value + "\"");
             }
             options.length_penalty = static_cast<float>(*x);
           });
}

// What has no meaning where no token is drawn and texts come only when they are finished.
void finish_beams(const CLI::App& app, const RunOptions& options) {
  if (options.n_beams == 0) {
    if (app.count("--length-penalty") > 0) refuse("--length-penalty", "needs --beams");
    return;
  }
  for (const char* flag :
       {"--lookup", "--draft-model", "--draft-max", "--overflow", "--context-shift", "--keep",
        "--reverse-prompt", "--seed", "--logit-bias", "--stats", "--stats-json", "--mem"}) {
    if (app.count(flag) > 0) refuse("--beams", std::string("does not go with ") + flag);
  }
  for (const Setting& setting : settings()) {
    const std::string flag = setting.flags;  // one name, but for -n
    if (flag.find(',') == std::string::npos && app.count(flag) > 0) {
      refuse("--beams", "does not go with " + flag);
    }
  }
}

constexpr const char* kRunExamples =
    "Examples:\n"
    "  cria run model.gguf -p \"Once upon a time\" -n 64\n"
    "  cria run model.gguf -f prompt.txt --temp 0 > answer.txt\n"
    "  echo \"The capital of Peru is\" | cria run model.gguf -n 8 --temp 0\n"
    "  cria run stories260K.bin --tokenizer tok512.bin -p \"\" -n 200 --temp 0\n"
    "  cria run model.gguf -f rename_x_to_y.txt --lookup --stats    # much of the prompt again\n"
    "  cria run model-7b.gguf --draft-model model-0.5b.gguf -f prompt.txt --stats\n"
    "  cria run model.gguf -p \"2 + 2 =\" -n 8 --beams 4       # the likeliest text as a whole\n"
    "  cria run model.gguf -p \"Dear Sir\" --mem 800M         # or a reason why not (cria plan)\n"
    "One newline at the end of a file or of standard input is not part of the prompt.";

constexpr const char* kChatExamples =
    "Examples:\n"
    "  cria chat                                    # with Al, about a simulated house\n"
    "  cria chat model.gguf\n"
    "  cria chat model.gguf -sys \"Answer in one sentence.\" --temp 0.2\n"
    "  cria chat model.gguf -p \"Why is the sky blue?\" > answer.txt\n"
    "  cria chat model.gguf --session garden        # goes on where it was left, even after a "
    "crash\n"
    "  cat letter.txt | cria chat model.gguf -sys \"Summarise.\"\n"
    "  cat letter.txt | cria chat model.gguf -sys \"Correct the spelling.\" --lookup\n"
    "Where input or output is no terminal, all of the input is one message. /help lists what can\n"
    "be typed in a chat; Ctrl-C stops a reply, Ctrl-D leaves.";

constexpr const char* kAlExamples =
    "Examples:\n"
    "  cria al -p \"turn on the kitchen light at 40 percent\"\n"
    "  cria al --house home.json -p \"lock the front door\" --calls\n"
    "  cria al --house home.json --save home.json -p \"it is too cold in here\"\n"
    "  echo \"is the garage door open?\" | cria al --json | jq -r .says\n"
    "A house is {\"services\": [\"light.turn_on(brightness,rgb_color)\", ...], \"devices\": "
    "[{\"id\":\n"
    "\"light.kitchen\", \"name\": \"Kitchen Light\", \"state\": \"on;80%;red\"}, ...]}. A device "
    "that is off may\n"
    "have \"last_on\": \"on;80%;red\", the state that it comes back with; --save writes it. Exit "
    "code 1 where\n"
    "Al makes a call that the house does not know, or where the context is full before the reply "
    "ends;\n"
    "such a call is not printed.";

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

void require_model(ModelFlags& model) {
  if (!model.path.empty()) return;
  const char* named = environment("CRIA_MODEL");
  if (named != nullptr) {
    model.path = named;
    return;
  }
  const Result<std::string> found = find_shipped(kAlModel);
  if (!found.ok()) {
    throw CLI::RequiredError(
        "no model: name a GGUF file, as in \"cria chat ~/models/NAME.gguf\", "
        "or set CRIA_MODEL to its path (" +
            found.status().message() + ")",
        CLI::ExitCodes::RequiredError);
  }
  model.path = *found;
}

std::optional<int> threads_of_environment() {
  const char* threads = environment("CRIA_THREADS");
  if (threads == nullptr) return std::nullopt;
  return checked_integer("CRIA_THREADS", threads, 0, kMaxThreads);
}

std::optional<int> parse_run(const std::vector<std::string>& words, RunOptions* options) {
  CLI::App app("Continues a prompt: the text goes to standard output, all else to standard error.",
               "cria run");
  Pending pending;
  add_prompt_flags(app, options->generation.prompt,
                   "the prompt; without -p and -f: standard input");
  add_generation_flags(app, options->generation, pending);
  app.add_flag("--echo", options->echo, "print the prompt before its continuation");
  add_beam_flags(app, *options);
  app.footer(kRunExamples);
  return parse(app, words, [&] {
    finish_generation(app, options->generation, pending);
    finish_beams(app, *options);
  });
}

std::optional<int> parse_chat(const std::vector<std::string>& words, ChatOptions* options) {
  CLI::App app("Talks with a model.", "cria chat");
  Pending pending;
  add_prompt_flags(app, options->generation.prompt, "the first message");
  add_string(app, "--system", "TEXT", "the system message (also -sys)", options->system);
  add_string(app, "--chat-template", "NAME", "use this chat template and not the file's own",
             options->chat_template);
  add_string(app, "--house", "FILE", "the house of a chat with Al; without: the demo house",
             options->house);
  add_string(app, "--session", "NAME",
             "keep the chat after every reply, and go on with it where it was kept before",
             options->session);
  add_generation_flags(app, options->generation, pending);
  app.footer(kChatExamples);
  return parse(app, words, [&] {
    finish_generation(app, options->generation, pending);
    options->temperature_given = app.count("--temp") > 0;
    refuse_empty(app, "--house", options->house);
    if (app.count("--session") > 0) {
      const std::string wrong = check_session_name(options->session);
      if (!wrong.empty()) refuse("--session", wrong);
    }
  });
}

std::optional<int> parse_al(const std::vector<std::string>& words, AlOptions* options) {
  CLI::App app(
      "Asks Al about a house: prints its answer, and what its calls changed in a simulation of the "
      "house.",
      "cria al");
  GenerationFlags& flags = options->generation;
  add_prompt_flags(app, flags.prompt, "the request; without -p and -f: standard input");
  add_string(app, "--house", "FILE", "the house as JSON; without: the demo house", options->house);
  CLI::Option* calls =
      app.add_flag("--calls", options->calls, "print only the calls, a line of JSON each");
  app.add_flag("--json", options->json, "print one object: words, calls, changes, timings")
      ->excludes(calls);
  add_string(app, "--save", "FILE",
             "write the house as it then is; fields that Cria does not know stay", options->save);
  add_string(app, "-m,--model", "FILE", "another model file of the same task", flags.model.path);
  add_string(app, "--isa", "NAME", "kernel table; also CRIA_ISA", flags.model.isa);
  add_packed_flags(app, flags.model);
  add_basic_session_flags(app, flags.session);
  add_stats_flags(app, flags);
  app.footer(kAlExamples);
  return parse(app, words, [&] {
    refuse_empty(app, "--house", options->house);
    refuse_empty(app, "--save", options->save);
    require_model(flags.model);
    finish_threads(app, flags.session.n_threads);
  });
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
