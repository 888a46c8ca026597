#include <algorithm>
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

// Calls up to their arguments, each with the newline before it:
//   "\n{"service": "light.turn_on", "target_device": "light.kitchen""
Texts beginnings(const House& house, const Promise& promise) {
  Texts found;
  const Device& device = *promise.device;
  for (const Service& service : house.services) {
    if (!is_able({{service}, {}, ""}, device, promise.action)) continue;
    std::string text = "\n" + call_text({service.name, device.id, {}});
    text.pop_back();
    found.push_back(std::move(text));
  }
  return found;
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
  for (const Device& device : house.devices) all.push_back({&device, nullptr});
  return all;
}

}  // namespace

Continuations next_call(const House& house, std::string_view words, std::string_view text) {
  const Block block = split_block(text);
  const std::vector<Promise> promises = promises_in(house, words);
  Texts choices;
  if (promises.empty()) {
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
    if (choice.starts_with(block.open)) next.push_back({choice.substr(block.open.size()), true});
  }
  if (next.empty()) return std::nullopt;
  return next;
}

Continuations guide(const House& house, std::string_view reply) {
  const size_t at = reply.find(kBlock);
  if (at == std::string_view::npos) return next_words(house, reply);
  return next_call(house, reply.substr(0, at), reply.substr(at + kBlock.size()));
}

}  // namespace cria::house
