// What each command was asked to do: flags and environment as plain structs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cria/diagnose.h"
#include "cria/session.h"

namespace cria::cli {

struct ModelFlags {
  std::string path;
  std::string tokenizer;
  std::string isa;
  std::string packed;       // a file of cria pack; "": none
  bool pack_cache = false;  // keep packed weights in the user's cache
};

struct PromptFlags {
  std::optional<std::string> text;  // -p
  std::string file;                 // -f; "" for none
};

// automatic: where standard error is a terminal
enum class Stats { automatic, always, never, json };

// What run and chat share.
struct GenerationFlags {
  ModelFlags model;
  PromptFlags prompt;
  std::string draft_model;  // a file that guesses tokens ahead; "": none
  SessionOptions session;
  GenerateOptions generate;  // its seed is drawn already where none was given
  Stats stats = Stats::automatic;
  bool verbose = false;       // the model's notes on standard error
  int64_t memory_budget = 0;  // bytes; 0: none
};

struct RunOptions {
  GenerationFlags generation;
  bool echo = false;
  int n_beams = 0;  // 0: no beam search
  float length_penalty = BeamOptions().length_penalty;
};

struct ChatOptions {
  GenerationFlags generation;
  std::string system;
  std::string chat_template;  // "": the file's own
  std::string house;          // a house file for a chat with Al; "": the demo house
  std::string session;        // a name under which the chat is kept; "": it is not
  bool temperature_given = false;
};

struct AlOptions {
  GenerationFlags generation;  // without the sampling
  std::string house;           // "": the demo house
  std::string save;            // where the changed house goes; "": nowhere
  bool calls = false;
  bool json = false;
};

struct InspectOptions {
  std::string path;
  std::string tokenizer;
  bool json = false;
};

struct TokenizeOptions {
  ModelFlags model;  // isa is not used
  PromptFlags prompt;
  bool ids = false;
  bool no_bos = false;
  bool special = false;
};

struct SynthFlags {
  std::string path;
  SynthOptions synth;
  bool list = false;
};

// Where no model is named: CRIA_MODEL, then Al. Throws the parser's error where neither is there.
void require_model(ModelFlags& model);
// CRIA_THREADS, where it is set.
std::optional<int> threads_of_environment();

// Each takes the words after the command's name and fills *options. Returns an exit code where
// nothing is left to do: help was asked for and printed, or the words are wrong, which was said.
std::optional<int> parse_run(const std::vector<std::string>& words, RunOptions* options);
std::optional<int> parse_chat(const std::vector<std::string>& words, ChatOptions* options);
std::optional<int> parse_al(const std::vector<std::string>& words, AlOptions* options);
std::optional<int> parse_inspect(const std::vector<std::string>& words, InspectOptions* options);
std::optional<int> parse_tokenize(const std::vector<std::string>& words, TokenizeOptions* options);
std::optional<int> parse_synth(const std::vector<std::string>& words, SynthFlags* options);

}  // namespace cria::cli
