#include "tally.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

namespace cria::score {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kNameWidth = 16;

double percent(const Share& share) { return 100.0 * share.n_right / share.n; }

std::string percent_text(const Share& share) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%9.1f", share.n == 0 ? 0 : percent(share));
  return share.n == 0 ? "        -" : text.data();
}

std::string row(const std::string& name, const Tally& tally) {
  const Interval interval = tally.right.n == 0 ? Interval{0, 1} : wilson(tally.right);
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%-*s %6d %s  %5.1f-%5.1f", kNameWidth, name.c_str(),
                tally.right.n, percent_text(tally.right).c_str(), 100 * interval.least,
                100 * interval.most);
  std::string line = text.data();
  for (const Share& share :
       {tally.calls, tally.json, tally.state, tally.refusals, tally.ask_backs}) {
    line += percent_text(share);
  }
  std::snprintf(text.data(), text.size(), "%9.0f\n", tally.tokens_per_second());
  return line + text.data();
}

std::string rows(const char* title, const std::map<std::string, Tally>& tallies) {
  std::string text = std::string(title) + "\n";
  for (const auto& [name, tally] : tallies) text += row("  " + name, tally);
  return text;
}

Json share_json(const Share& share) {
  if (share.n == 0) return nullptr;
  return {{"n", share.n}, {"n_right", share.n_right}, {"percent", percent(share)}};
}

Json tally_json(const Tally& tally) {
  Json json = {{"cases", tally.right.n},
               {"right", share_json(tally.right)},
               {"calls", share_json(tally.calls)},
               {"json", share_json(tally.json)},
               {"state", share_json(tally.state)},
               {"refusals", share_json(tally.refusals)},
               {"ask_backs", share_json(tally.ask_backs)},
               {"n_generated", tally.n_generated},
               {"tokens_per_second", tally.tokens_per_second()}};
  if (tally.right.n > 0) {
    const Interval interval = wilson(tally.right);
    json["right"]["least"] = 100 * interval.least;
    json["right"]["most"] = 100 * interval.most;
  }
  return json;
}

Json tallies_json(const std::map<std::string, Tally>& tallies) {
  Json json = Json::object();
  for (const auto& [name, tally] : tallies) json[name] = tally_json(tally);
  return json;
}

}  // namespace

Interval wilson(const Share& share) {
  constexpr double kZ = 1.959964;  // 97.5 % of a normal distribution lie below
  const double n = share.n;
  const double p = share.n_right / n;
  const double scale = 1 / (1 + kZ * kZ / n);
  const double middle = scale * (p + kZ * kZ / (2 * n));
  const double half = scale * kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

void Tally::add(const TestCase& test, const Verdict& verdict, int n_tokens, double seconds) {
  const std::string& category = test.category;
  right.add(verdict.right());
  if (!test.calls.empty()) calls.add(verdict.calls_right);
  if (verdict.has_block) json.add(verdict.block_parses);
  if (category == "state") state.add(verdict.right());
  if (category == "absent" || category == "no_service" || category == "out_of_scope") {
    refusals.add(verdict.right());
  }
  if (category == "ask_back") ask_backs.add(verdict.right());
  n_generated += n_tokens;
  generate_seconds += seconds;
}

double Tally::tokens_per_second() const {
  return generate_seconds > 0 ? static_cast<double>(n_generated) / generate_seconds : 0;
}

void Score::add(const TestCase& test, const Verdict& verdict, int n_tokens, double seconds) {
  for (const std::string& axis : test.axes) axes[axis].add(test, verdict, n_tokens, seconds);
  categories[test.category].add(test, verdict, n_tokens, seconds);
  all.add(test, verdict, n_tokens, seconds);
}

std::string score_table(const Score& score) {
  std::string text(kNameWidth, ' ');
  text += "  cases   right %         95 %    calls     JSON    state refusals ask-back      t/s\n";
  text += rows("axis", score.axes) + rows("category", score.categories);
  return text + row("all", score.all);
}

std::string score_json(const Score& score) {
  const Json json = {{"axes", tallies_json(score.axes)},
                     {"categories", tallies_json(score.categories)},
                     {"all", tally_json(score.all)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cria::score
