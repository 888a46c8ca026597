// The values that wishes ask for.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "house/call.h"
#include "house/guide_parts.h"
#include "house/relative.h"
#include "house/sentences.h"
#include "house/spoken.h"
#include "house/state.h"
#include "house/words.h"

namespace cria::house {
namespace {

using Texts = std::vector<std::string>;

// Steps of relative wishes, in percent or degrees: models/al/TASK.md.
constexpr std::array kUsualSteps = {10.0, 20.0, 40.0}, kVolumeSteps = {5.0, 10.0, 20.0},
                     kDegreeSteps = {1.0, 2.0, 3.0};
constexpr double kMostDegrees = 10;  // of a step
// What people say without a number: as little as can be, a quarter, half, all.
constexpr std::array kShares = {0.0, 1.0, 25.0, 50.0, 75.0, 100.0};

}  // namespace

std::string without_names(const House& house, std::string_view asked) {
  std::string left = lower_case(asked);
  for (const Device& device : house.devices) {
    const std::string name = lower_case(device.name);
    if (name.empty()) continue;
    for (size_t at = left.find(name); at != std::string::npos; at = left.find(name, at)) {
      left.replace(at, name.size(), " ");
    }
  }
  return left;
}

namespace {

void add_text(Texts& texts, std::string text) {
  if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
}

// Those of all words that asked has, or all of them.
void add_words(Texts& texts, std::string_view asked, std::span<const std::string_view> all) {
  const size_t n_before = texts.size();
  for (const std::string_view word : all) {
    if (says_phrase(asked, word)) texts.emplace_back(word);
  }
  if (texts.size() == n_before) texts.insert(texts.end(), all.begin(), all.end());
}

// Steps of a relative wish: those that were said, in numbers or in words, or the usual one.
std::vector<double> steps_in(std::string_view said, std::string_view domain) {
  const auto& usual = domain == "climate"        ? kDegreeSteps
                      : domain == "media_player" ? kVolumeSteps
                                                 : kUsualSteps;
  std::vector<double> steps = numbers_in(said);
  const bool counts_one = said.find("one degree") != std::string_view::npos ||
                          said.find("one percent") != std::string_view::npos ||
                          said.find("by one") != std::string_view::npos ||
                          said.find('1') != std::string_view::npos;
  if (!counts_one) std::erase(steps, 1);  // "the second one"
  if (domain == "climate") std::erase_if(steps, [](double step) { return step > kMostDegrees; });
  const std::optional<Step> step = step_in(said);
  if (steps.empty() || step)
    steps.push_back(usual[static_cast<size_t>(step.value_or(Step::usual))]);
  return steps;
}

// From where the device is, a step up or down, as it was asked for.
Texts stepped(const Device& device, std::string_view said) {
  const std::string_view domain = domain_of(device.id);
  const State state = parse_state(domain, device.state);
  const bool is_climate = domain == "climate";
  if (is_climate && !state.target) return {};
  const bool is_whole = state.mode == "open" || (domain == "light" && state.mode == "on");
  const double from = is_climate      ? *state.target
                      : state.percent ? *state.percent
                      : is_whole      ? 100
                                      : 0;
  const int direction = direction_in(said, domain);
  Texts texts;
  for (const double step : steps_in(said, domain)) {
    for (const int sign : {1, -1}) {
      if (direction == -sign) continue;
      const double to = from + sign * step;
      const double least = domain == "light" ? 1 : 0;
      add_text(texts, is_climate ? degrees_text(to, state.unit)
                                 : number_text(std::clamp(to, least, 100.0)) + "%");
    }
  }
  return texts;
}

}  // namespace

Texts values_for(const House& house, const Asked& asked, std::string_view sentence,
                 const Device* device) {
  const std::string said = without_names(house, asked.all);
  if (sentence.starts_with("Starting")) return durations_in(said);
  if (!sentence.starts_with("Setting")) {
    if (device == nullptr) return {};
    // After "which one?" and "the second one" what was wished for stands further up.
    const std::string last = without_names(house, asked.last);
    const bool says_how = direction_in(last, domain_of(device->id)) != 0 || step_in(last);
    return stepped(*device, says_how || asked.is_first ? last : said);
  }
  std::vector<double> numbers = numbers_in(said);
  const std::string_view domain = device == nullptr ? "light" : domain_of(device->id);
  Texts texts;
  if (domain == "climate") {
    // A row that is off shows no unit.
    const char shown = parse_state(domain, device->state).unit;
    const char unit = shown == 0 ? device->remembered.unit : shown;
    for (const double number : numbers) add_text(texts, degrees_text(number, unit));
    if (numbers.empty()) add_words(texts, said, hvac_modes());
    return texts;
  }
  if (numbers.empty() || says_share(said)) {
    numbers.insert(numbers.end(), kShares.begin(), kShares.end());
  }
  for (const double number : numbers) {
    if (number == static_cast<int>(number) && number <= 100)
      add_text(texts, number_text(number) + "%");
  }
  if (domain == "light") add_words(texts, said, colours());
  return texts;
}

}  // namespace cria::house
