// replay MODEL PROMPT.txt REPLY.txt: what speculative decoding gains on a recorded reply, whatever
// the weights would say: its tokens are taken as the model's choice. Plain and speculative runs
// alternate; medians.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "cria/diagnose.h"

namespace cria::replay_tool {
namespace {

struct Flags {
  std::string model, prompt, reply, draft;
  int n_threads = 0, n_runs = 5;
  SpeculationOptions speculation = {.lookup = true};
};

// One way of decoding, over all runs.
struct Measured {
  std::vector<double> seconds;
  ReplayTimes last;
  double median() {
    std::sort(seconds.begin(), seconds.end());
    return seconds[seconds.size() / 2];
  }
};

int complain(const std::string& message) {
  std::fprintf(stderr, "replay: %s\n", message.c_str());
  return 1;
}

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

struct Task {
  std::vector<TokenId> prompt, reply;
  int n_ctx() const { return static_cast<int>(prompt.size() + reply.size()); }
};

Result<Task> encode(const Model& model, const Flags& flags) {
  const auto prompt = read_text(flags.prompt), reply = read_text(flags.reply);
  if (!prompt || !reply) return Status(StatusCode::not_found, "cannot read the texts");
  auto prompt_ids = model.tokenizer().encode(*prompt);
  if (!prompt_ids.ok()) return prompt_ids.status();
  auto reply_ids = model.tokenizer().encode(*reply, {.add_special = false, .continues = true});
  if (!reply_ids.ok()) return reply_ids.status();
  return Task{std::move(*prompt_ids), std::move(*reply_ids)};
}

// In a session of its own, which has learnt nothing yet.
Status run_once(const Model& model, const std::optional<Model>& draft, const Flags& flags,
                const Task& task, const SpeculationOptions& speculation, Measured& measured) {
  const SessionOptions options = {.n_ctx = task.n_ctx(), .n_threads = flags.n_threads};
  auto session = draft ? model.new_session(options, *draft) : model.new_session(options);
  if (!session.ok()) return session.status();
  const auto times = replay(*session, task.prompt, task.reply, speculation);
  if (!times.ok()) return times.status();
  measured.seconds.push_back(times->reply_seconds);
  measured.last = *times;
  return {};
}

void report(const Task& task, Measured& plain, Measured& guessing) {
  const auto n = static_cast<double>(task.reply.size());
  std::printf("prompt %zu tokens, reply %zu\n", task.prompt.size(), task.reply.size());
  std::printf("plain        %8.1f t/s\n", n / plain.median());
  std::printf("speculative  %8.1f t/s  x%.2f  drafted %d, accepted %d\n", n / guessing.median(),
              plain.median() / guessing.median(), guessing.last.n_drafted,
              guessing.last.n_accepted);
}

int run(const Flags& flags) {
  const auto model = Model::open(flags.model);
  if (!model.ok()) return complain(model.status().message());
  std::optional<Model> draft;
  if (!flags.draft.empty()) {
    const auto opened = Model::open(flags.draft);
    if (!opened.ok()) return complain(opened.status().message());
    draft = *opened;
  }
  const auto task = encode(*model, flags);
  if (!task.ok()) return complain(task.status().message());
  Measured plain, guessing;
  for (int i = 0; i < flags.n_runs; ++i) {
    Status status = run_once(*model, draft, flags, *task, {.max_draft = 0}, plain);
    if (status.ok()) status = run_once(*model, draft, flags, *task, flags.speculation, guessing);
    if (!status.ok()) return complain(status.message());
  }
  report(*task, plain, guessing);
  return 0;
}

}  // namespace
}  // namespace cria::replay_tool

int main(int argc, char** argv) {
  cria::replay_tool::Flags flags;
  CLI::App app("Times a recorded reply with and without speculative decoding.", "replay");
  app.add_option("MODEL", flags.model, "model file")->required();
  app.add_option("PROMPT", flags.prompt, "text file")->required();
  app.add_option("REPLY", flags.reply, "text file: what the model is to have said")->required();
  app.add_option("--draft-model", flags.draft, "a smaller model of the same vocabulary");
  app.add_option("--draft-max", flags.speculation.max_draft, "tokens guessed at once (16)");
  app.add_flag("!--no-lookup", flags.speculation.lookup, "only the draft model guesses");
  app.add_option("-t,--threads", flags.n_threads, "0: all that this process may use");
  app.add_option("-r,--repetitions", flags.n_runs, "of each way (5)")->check(CLI::Range(1, 1000));
  CLI11_PARSE(app, argc, argv);
  return cria::replay_tool::run(flags);
}
