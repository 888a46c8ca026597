#include "player.h"

#include <atomic>
#include <thread>
#include <utility>

#include "house/guide.h"

namespace cria::score {
namespace {

Played play_one(Session& session, const TestCase& test, const PlayOptions& play_options) {
  std::vector<ChatMessage> messages = {{"system", house::system_message(test.house)}};
  messages.insert(messages.end(), test.messages.begin(), test.messages.end());
  GenerateOptions options;
  options.max_tokens = play_options.max_tokens;
  options.sampling.temperature = 0;
  const house::Asked asked = house::asked_in(messages);
  if (!play_options.free) {
    options.continuations = [&](std::string_view reply) {
      return house::guide(test.house, asked, reply);
    };
  }
  Result<GenerateResult> result = session.chat(messages, options);
  if (!result.ok()) return {.reply = "", .error = result.status().message()};
  return {.reply = std::move(result->text),
          .error = "",
          .n_generated = result->n_generated,
          .generate_seconds = result->generate_seconds};
}

}  // namespace

Result<std::vector<Played>> play(const Model& model, const std::vector<TestCase>& cases,
                                 const PlayOptions& options) {
  std::vector<Session> sessions;
  for (int i = 0; i < options.n_threads; ++i) {
    Result<Session> session = model.new_session({.n_threads = 1});
    if (!session.ok()) return session.status();
    sessions.push_back(*std::move(session));
  }
  std::vector<Played> played(cases.size());
  std::atomic<size_t> i_next = 0;
  std::atomic<size_t> n_done = 0;
  const auto work = [&](size_t i_session) {
    for (size_t i = i_next++; i < cases.size(); i = i_next++) {
      played[i] = play_one(sessions[i_session], cases[i], options);
      const size_t n_done_now = ++n_done;
      if (i_session == 0 && options.on_progress) options.on_progress(n_done_now);
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < sessions.size(); ++i) threads.emplace_back(work, i);
  work(0);
  for (std::thread& thread : threads) thread.join();
  return played;
}

}  // namespace cria::score
