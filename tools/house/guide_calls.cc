// What may follow in a reply's block of calls.
#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "house/call.h"
#include "house/guide.h"
#include "house/guide_parts.h"
#include "house/sentences.h"

namespace cria::house {
namespace {

constexpr std::string_view kBlock = "\n```homeassistant";
constexpr std::string_view kEnd = "\n```";

using Texts = std::vector<std::string>;

// What a value in words is as an argument of a service; nullopt where it has no such parameter.
std::optional<Argument> argument_of(std::string_view value, const Service& service) {
  const auto parameter = [&](std::initializer_list<std::string_view> names) -> std::string {
    for (const std::string& name : service.parameters) {
      if (std::find(names.begin(), names.end(), name) != names.end()) return name;
    }
    return "";
  };
  const auto as = [](std::string name, auto content) -> std::optional<Argument> {
    if (name.empty()) return std::nullopt;
    return Argument{std::move(name), content};
  };
  const std::string text(value);
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const std::string_view unit =
      std::string_view(text).substr(static_cast<size_t>(end - text.c_str()));
  if (is_duration(text)) return as(parameter({"duration"}), text);
  if (end == text.c_str()) {
    const bool is_mode = std::count(hvac_modes().begin(), hvac_modes().end(), text) > 0;
    return as(parameter({is_mode ? "hvac_mode" : "rgb_color"}), text);
  }
  if (unit == "%") return as(parameter({"brightness", "percentage", "position", "level"}), number);
  return as(parameter({"temperature"}), number);
}

// The arguments that a sentence's value stands for; nullopt where the service does not take them
// all.
std::optional<std::vector<Argument>> arguments_of(std::string_view value, const Service& service) {
  while (value.ends_with('.')) value.remove_suffix(1);
  std::vector<Argument> arguments;
  while (!value.empty()) {
    value.remove_prefix(value.starts_with(' ') ? 1 : 0);
    const size_t end = std::min(value.find(" and "), value.size());
    std::optional<Argument> argument = argument_of(value.substr(0, end), service);
    if (!argument) return std::nullopt;
    arguments.push_back(*std::move(argument));
    value.remove_prefix(end == value.size() ? end : end + 4);
  }
  return arguments;
}

// Calls, each with the newline before it; up to their arguments where the words do not tell those:
//   "\n{"service": "light.turn_on", "target_device": "light.kitchen""
Texts beginnings(const House& house, const Promise& promise) {
  Texts whole, found;
  const Device& device = *promise.device;
  for (const Service& service : house.services) {
    if (!does(service, device, promise.action)) continue;
    const auto arguments = arguments_of(promise.value.value_or(""), service);
    if (promise.action != nullptr && arguments && arguments->empty() != promise.value.has_value()) {
      Call call = {service.name, device.id, *arguments};
      if (check_call(house, call).ok()) {
        whole.push_back("\n" + call_text(in_service_order(house, std::move(call))));
      }
    }
    std::string text = "\n" + call_text({service.name, device.id, {}});
    text.pop_back();
    found.push_back(std::move(text));
  }
  return whole.empty() ? found : whole;
}

struct Block {
  Texts calls;            // whole ones
  std::string_view open;  // what comes after them
};

Block split_block(std::string_view text) {
  Block block;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n', 1), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.back() != '}' || !parse_call(line.substr(1)).ok()) break;
    block.calls.emplace_back(line);
    text.remove_prefix(end);
  }
  block.open = text;
  return block;
}

bool is_call_of(std::string_view call, const Texts& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](const std::string& text) { return call.starts_with(text); });
}

// The beginnings of what is promised and has no call yet.
Texts still_to_call(const House& house, const std::vector<Promise>& promises, Texts calls) {
  Texts left;
  for (const Promise& promise : promises) {
    Texts own = beginnings(house, promise);
    const auto done = std::find_if(calls.begin(), calls.end(),
                                   [&](const std::string& call) { return is_call_of(call, own); });
    if (done != calls.end()) {
      calls.erase(done);
    } else {
      std::move(own.begin(), own.end(), std::back_inserter(left));
    }
  }
  return left;
}

std::vector<Promise> anything(const House& house) {
  std::vector<Promise> all;
  for (const Device& device : house.devices) all.push_back({&device, nullptr, {}});
  return all;
}

}  // namespace

Continuations next_call(const House& house, std::string_view words, std::string_view text) {
  const Block block = split_block(text);
  const std::vector<Promise> promises = promises_in(house, words);
  Texts choices;
  if (can_do_nothing(house, words)) {
    choices.emplace_back(kEnd);
  } else if (promises.empty()) {
    for (const Promise& promise : anything(house)) {
      for (std::string& own : beginnings(house, promise)) {
        const bool is_new = std::none_of(block.calls.begin(), block.calls.end(),
                                         [&](const auto& c) { return c.starts_with(own); });
        if (is_new) choices.push_back(std::move(own));
      }
    }
    if (!block.calls.empty()) choices.emplace_back(kEnd);
  } else {
    choices = still_to_call(house, promises, block.calls);
    if (choices.empty()) choices.emplace_back(kEnd);
  }
  std::vector<Continuation> next;
  for (const std::string& choice : choices) {
    if (choice == block.open) return std::nullopt;
    // After an id's quote comes what ends the call, or an argument.
    const bool is_open = choice.ends_with('"');
    if (choice.starts_with(block.open)) next.push_back({choice.substr(block.open.size()), is_open});
  }
  if (next.empty()) return std::nullopt;
  return next;
}

Asked asked_in(const std::vector<ChatMessage>& messages) {
  Asked asked;
  for (const ChatMessage& message : messages) {
    if (message.role == "assistant") {
      asked.answered = message.content.substr(0, message.content.find(kBlock));
    }
    if (message.role != "user") continue;
    asked.is_first = asked.all.empty();
    asked.all += message.content + "\n";
    asked.last = message.content;
  }
  return asked;
}

Continuations guide(const House& house, const Asked& asked, std::string_view reply) {
  if (reply.starts_with(kBlock.substr(1))) {
    return next_call(house, "", reply.substr(kBlock.size() - 1));
  }
  const size_t at = reply.find(kBlock);
  if (at == std::string_view::npos) return next_words(house, asked, reply);
  return next_call(house, reply.substr(0, at), reply.substr(at + kBlock.size()));
}

}  // namespace cria::house
