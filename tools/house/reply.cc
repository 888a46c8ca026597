#include "house/reply.h"

#include <utility>

#include "house/sentences.h"

namespace cria::house {
namespace {

constexpr std::string_view kFence = "```";
constexpr std::string_view kLabel = "homeassistant";

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

std::string ReplySplitter::feed(std::string_view piece) {
  const size_t n_before = says_.size();
  for (const char c : piece) take(c);
  return says_.substr(n_before);
}

// A newline is held back until it is known not to end the words before a fence.
void ReplySplitter::take(char c) {
  if (place_ != Place::words) {
    if (c == '\n') {
      end_line();
    } else {
      held_ += c;
    }
    return;
  }
  const bool at_line_start = at_start_ || !held_.empty();
  at_start_ = false;
  if (c == '`' && at_line_start) {
    held_ += c;
    if (held_.size() < kFence.size() || !held_.ends_with(kFence)) return;
    held_.clear();
    ++n_blocks_;
    place_ = Place::label;
    return;
  }
  says_ += std::exchange(held_, {});
  (c == '\n' ? held_ : says_) += c;
}

void ReplySplitter::end_line() {
  const std::string line = std::exchange(held_, {});
  if (place_ == Place::label) {
    is_labelled_ = is_labelled_ && line == kLabel;
    place_ = Place::block;
  } else if (line == kFence) {
    place_ = Place::words;
    at_start_ = says_.empty();
    if (!at_start_) held_.assign(1, '\n');
  } else if (!is_blank(line)) {
    lines_.push_back(line);
  }
}

std::string ReplySplitter::finish() {
  if (place_ != Place::words) {
    end_line();
    held_.clear();
    return "";
  }
  std::string rest = std::exchange(held_, {});
  if (!rest.empty() && rest.back() == '\n') rest.pop_back();
  says_ += rest;
  return rest;
}

std::string ReplySplitter::block_problem() const {
  if (n_blocks_ > 1) return "there are " + std::to_string(n_blocks_) + " blocks, expected one";
  if (n_blocks_ == 1 && place_ != Place::words) return "the block is cut off";
  if (!is_labelled_) return "the block has not the label " + std::string(kLabel);
  return "";
}

Reply reply_of(const ReplySplitter& splitter) {
  return {splitter.says(), splitter.lines(), splitter.has_block(), splitter.block_problem()};
}

Reply split_reply(std::string_view text) {
  ReplySplitter splitter;
  splitter.feed(text);
  splitter.finish();
  return reply_of(splitter);
}

Result<std::vector<Call>> parse_calls(const Reply& reply) {
  std::vector<Call> calls;
  if (!reply.block_problem.empty()) {
    return Status(StatusCode::invalid_argument, reply.block_problem);
  }
  for (const std::string& line : reply.lines) {
    Result<Call> call = parse_call(line);
    if (!call.ok()) return Status(call.status().code(), line + ": " + call.status().message());
    calls.push_back(*std::move(call));
  }
  return calls;
}

Outcome obey(House& house, const Reply& reply) {
  Outcome outcome;
  for (const std::string& line : reply.lines) {
    if (!reply.block_problem.empty()) {
      outcome.refused.push_back(line + ": " + reply.block_problem);
      continue;
    }
    const Result<Call> call = parse_call(line);
    const Status status = call.ok() ? check_call(house, *call) : call.status();
    if (!status.ok()) {
      outcome.refused.push_back(line + ": " + status.message());
      continue;
    }
    outcome.calls.push_back(in_service_order(house, *call));
    outcome.changes.push_back(apply_call(house, *call));
  }
  for (std::string& reason : idle_words_in(house, reply.says)) {
    outcome.refused.push_back(std::move(reason));
  }
  return outcome;
}

}  // namespace cria::house
