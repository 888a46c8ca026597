// cria al: one request to Al about a house, and its calls: for people, as lines, or as JSON.
#include "house/al.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "atomic_file.h"
#include "commands.h"
#include "generation.h"
#include "home.h"
#include "house/guide.h"
#include "house/house_json.h"
#include "interrupt.h"
#include "output.h"
#include "printable.h"
#include "text_input.h"

namespace cria::cli {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

// What came of one request.
struct Answer {
  house::Reply reply;
  house::Outcome outcome;
  GenerateResult result;
  int n_ctx = 0;
  double load_seconds = 0;
};

Result<Answer> ask(const AlOptions& options, const std::string& request, house::House& house) {
  const Clock::time_point start = Clock::now();
  const Result<Model> model = open_model(options.generation);
  if (!model.ok()) return model.status();
  if (!house::is_al(*model)) {
    complain("warning: " + model->info().path + " is not Al; expect no calls of it");
  }
  Result<Session> session = model->new_session(options.generation.session);
  if (!session.ok()) return session.status();
  Answer answer;
  answer.load_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  GenerateOptions generate = options.generation.generate;
  generate.sampling.temperature = 0;
  generate.should_cancel = [] { return interrupted(); };
  if (house::is_al(*model)) {
    generate.continuations = [&](std::string_view reply) {
      return house::guide(house, {.all = request, .last = request}, reply);
    };
  }
  Result<GenerateResult> result =
      session->chat({{"system", house::system_message(house)}, {"user", request}}, generate);
  if (!result.ok()) return result.status();
  if (interrupted()) return Status(StatusCode::cancelled, "interrupted");
  answer.result = *std::move(result);
  answer.n_ctx = session->n_ctx();
  answer.reply = house::split_reply(answer.result.text);
  answer.outcome = house::obey(house, answer.reply);
  return answer;
}

std::string calls_text(const Answer& answer) {
  std::string text;
  for (const house::Call& call : answer.outcome.calls) text += house::call_text(call) + "\n";
  return text;
}

// Each line made safe to show, with a newline.
std::string printable_lines(std::string_view text) {
  std::string out;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    out += printable(text.substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return out;
}

std::string words_text(const Answer& answer) {
  std::string text = printable_lines(answer.reply.says);
  for (const house::Change& change : answer.outcome.changes) {
    text += "  " + printable(house::change_text(change)) + "\n";
  }
  return text;
}

Json changes_json(const house::Outcome& outcome) {
  Json changes = Json::array();
  for (const house::Change& change : outcome.changes) {
    changes.push_back(
        {{"device", change.device}, {"before", change.before}, {"after", change.after}});
  }
  return changes;
}

std::string json_text(const Answer& answer) {
  const GenerateResult& result = answer.result;
  Json calls = Json::array();
  for (const house::Call& call : answer.outcome.calls) {
    calls.push_back(Json::parse(house::call_text(call), nullptr, false));
  }
  const Json timings = {{"load_ms", answer.load_seconds * 1e3},
                        {"prompt_ms", result.prompt_seconds * 1e3},
                        {"generate_ms", result.generate_seconds * 1e3},
                        {"n_prompt", result.n_prompt},
                        {"n_generated", result.n_generated},
                        {"n_drafted", result.n_drafted},
                        {"n_accepted", result.n_accepted}};
  const Json object = {{"says", answer.reply.says},
                       {"calls", std::move(calls)},
                       {"changes", changes_json(answer.outcome)},
                       {"refused", answer.outcome.refused},
                       {"timings", timings}};
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void print(const AlOptions& options, const Answer& answer, Output& out) {
  if (options.json) {
    out.write(json_text(answer));
  } else {
    out.write(options.calls ? calls_text(answer) : words_text(answer));
  }
  report_refusals(answer.outcome);
  if (answer.result.finish == FinishReason::context_full) {
    complain("the reply is cut off: the context of " + std::to_string(answer.n_ctx) +
             " tokens is full; -c N makes it larger");
  }
  report_speed(answer.result, options.generation.stats);
}

// Whether Al's answer is whole and all of its calls were done.
bool is_good(const Answer& answer) {
  return answer.outcome.refused.empty() && answer.result.finish != FinishReason::context_full;
}

}  // namespace

int al_command(const AlOptions& options) {
  catch_interrupts();
  const Result<std::string> request = read_prompt_text(options.generation.prompt, "request");
  if (!request.ok()) return fail(request.status());
  if (request->empty() && !options.generation.prompt.text) {
    complain("no request: standard input is empty; give -p TEXT or -f FILE");
    return kExitUsage;
  }
  Result<house::House> house = open_house(options.house);
  if (!house.ok()) return fail(house.status());
  const Result<Answer> answer = ask(options, *request, *house);
  if (!answer.ok()) return fail(answer.status());
  Output out;
  print(options, *answer, out);
  const int exit_code = out.exit_code(is_good(*answer) ? kExitDone : kExitFailed);
  if (options.save.empty() || out.failed()) return exit_code;
  const Status saved = write_file_atomically(options.save, house::house_json(*house));
  return saved.ok() ? exit_code : fail(saved);
}

}  // namespace cria::cli
