// Recognises a template by rendering small conversations with it: one that fails on all of them, or
// needs what is not evaluated here, is refused before a user meets it.
#include "text/chat_template.h"

#include <array>
#include <utility>

#include "base/str_cat.h"
#include "text/chat_eval.h"
#include "text/chat_formats.h"
#include "text/chat_lexer.h"
#include "text/chat_parser.h"

namespace cria::text {
namespace {

// Templates visit some hundred nodes a message and copy a content a few times.
constexpr int64_t kMaxSteps = 2'000'000;
constexpr int64_t kMaxStepsPerByte = 16;
// For all the conversations that a template is recognised by: those in use take at most 4,000.
constexpr int64_t kMaxProbeSteps = 200'000;

constexpr ChatContext kProbeContext = {
    .bos_token = "<probe-bos>", .eos_token = "<probe-eos>", .date = "26 Jul 2024"};
constexpr std::string_view kReply = "Reply 1";
constexpr std::string_view kQuestion = "Question 2";

using Conversation = std::vector<ChatMessage>;

struct Rendering {
  Status status;
  std::string text;
};

constexpr size_t kNumProbes = 4;
constexpr size_t kReplyProbe = 1;  // the first of them with a reply
using Renderings = std::array<Rendering, kNumProbes>;

// The white space around contents tells templates that trim from those that do not.
std::array<Conversation, kNumProbes> probe_conversations() {
  const ChatMessage system = {"system", " System "};
  const ChatMessage first = {"user", " Question 1 "};
  const ChatMessage reply = {"assistant", str_cat(" ", kReply, " ")};
  const ChatMessage second = {"user", str_cat(" ", kQuestion, " ")};
  return {Conversation{first}, Conversation{first, reply, second}, Conversation{system, first},
          Conversation{system, first, reply, second}};
}

std::string all_names() {
  std::string names;
  for (const ChatFormat& format : chat_formats()) {
    if (!names.empty()) names += ", ";
    names += format.name;
  }
  return names;
}

Status check_messages(const Conversation& messages) {
  if (messages.empty()) return invalid_argument("a conversation needs at least one message");
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string& role = messages[i].role;
    if (role != "system" && role != "user" && role != "assistant") {
      return invalid_argument("message ", i, " has the role ", quoted(role),
                              "; the roles are system, user and assistant");
    }
  }
  return {};
}

int64_t max_steps(const Conversation& messages) {
  int64_t steps = kMaxSteps;
  for (const ChatMessage& message : messages) {
    steps += kMaxStepsPerByte * static_cast<int64_t>(message.content.size());
  }
  return steps;
}

// "<|im_end|>" where it stands right after the reply; "" where the text goes on without a marker.
std::string marker_after_reply(std::string_view rendered) {
  const size_t reply = rendered.find(kReply);
  if (reply == std::string_view::npos) return "";
  std::string_view rest = strip_space_left(rendered.substr(reply + kReply.size()));
  const size_t end = rest.find('>');
  if (!rest.starts_with("<") || end == std::string_view::npos) return "";
  rest = rest.substr(0, end + 1);
  const bool is_probe = rest == kProbeContext.eos_token || rest == kProbeContext.bos_token;
  return is_probe || rest.find_first_of(" \n") != std::string_view::npos ? "" : std::string(rest);
}

class JinjaChatTemplate final : public ChatTemplate {
 public:
  // with_reply: of the probe kReplyProbe.
  JinjaChatTemplate(std::string_view name, JinjaBlock block, const Rendering& with_reply)
      : name_(name), block_(std::move(block)) {
    if (!with_reply.status.ok()) return;
    std::string marker = marker_after_reply(with_reply.text);
    if (!marker.empty()) end_of_turn_.push_back(std::move(marker));
  }

  std::string_view name() const override { return name_; }
  const std::vector<std::string>& end_of_turn() const override { return end_of_turn_; }

  Status render(const Conversation& messages, const ChatContext& context,
                std::string& out) const override {
    CRIA_RETURN_IF_ERROR(check_messages(messages));
    std::string text;
    JinjaBudget budget(max_steps(messages));
    const Status status = evaluate_jinja(block_, {messages, context, budget}, text);
    if (!status.ok()) return Status(status.code(), str_cat("chat template: ", status.message()));
    out += text;
    return {};
  }

 private:
  std::string_view name_;  // of a static table
  JinjaBlock block_;
  std::vector<std::string> end_of_turn_;
};

Rendering probe(const JinjaBlock& block, const Conversation& messages, JinjaBudget& budget) {
  Rendering rendering;
  rendering.status = evaluate_jinja(block, {messages, kProbeContext, budget}, rendering.text);
  return rendering;
}

// Ok where at least one conversation renders and the others fail only because the template says so.
Status run_probes(const JinjaBlock& block, Renderings& out) {
  JinjaBudget budget(kMaxProbeSteps);
  const auto conversations = probe_conversations();
  Status raised;
  bool any_rendered = false;
  for (size_t i = 0; i < kNumProbes; ++i) {
    out[i] = probe(block, conversations[i], budget);
    const Status& status = out[i].status;
    if (status.code() == StatusCode::unsupported) return status;
    if (!status.ok()) raised = status;
    any_rendered = any_rendered || (status.ok() && out[i].text.find(kReply) != std::string::npos);
  }
  if (any_rendered) return {};
  return unsupported("it renders no conversation", raised.ok() ? "" : ": ", raised.message());
}

// The same texts, and refusals of the same conversations, apart from BOS at the start.
bool agree(const Renderings& renderings, const JinjaBlock& known) {
  const auto without_bos = [](std::string_view text) {
    if (text.starts_with(kProbeContext.bos_token))
      text.remove_prefix(kProbeContext.bos_token.size());
    return text;
  };
  JinjaBudget budget(kMaxProbeSteps);
  const auto conversations = probe_conversations();
  for (size_t i = 0; i < kNumProbes; ++i) {
    const Rendering expected = probe(known, conversations[i], budget);
    if (renderings[i].status.code() != expected.status.code()) return false;
    if (!expected.status.ok()) continue;
    if (without_bos(renderings[i].text) != without_bos(expected.text)) return false;
  }
  return true;
}

std::string_view name_of(const Renderings& renderings) {
  for (const ChatFormat& format : chat_formats()) {
    const auto known = parse_jinja(format.jinja);
    if (known.ok() && agree(renderings, *known)) return format.name;
  }
  return "custom";
}

Status refusal(const Status& reason) {
  return unsupported("the model's chat template cannot be used: ", reason.message(),
                     "; choose a format by name: ", all_names());
}

}  // namespace

Result<std::shared_ptr<const ChatTemplate>> recognize_chat_template(std::string_view jinja_source) {
  if (strip_space_left(jinja_source).empty()) return refusal(unsupported("it is empty"));
  auto block = parse_jinja(jinja_source);
  if (!block.ok()) return refusal(block.status());
  Renderings renderings;
  const Status status = run_probes(*block, renderings);
  if (!status.ok()) return refusal(status);
  return std::shared_ptr<const ChatTemplate>(std::make_shared<JinjaChatTemplate>(
      name_of(renderings), std::move(*block), renderings[kReplyProbe]));
}

Result<std::shared_ptr<const ChatTemplate>> find_chat_template(std::string_view name) {
  for (const ChatFormat& format : chat_formats()) {
    if (format.name != name) continue;
    auto block = parse_jinja(format.jinja);
    if (!block.ok()) return block.status();
    JinjaBudget budget(kMaxProbeSteps);
    const Rendering with_reply = probe(*block, probe_conversations()[kReplyProbe], budget);
    return std::shared_ptr<const ChatTemplate>(
        std::make_shared<JinjaChatTemplate>(format.name, std::move(*block), with_reply));
  }
  return invalid_argument("unknown chat template ", quoted(name), "; the names are ", all_names());
}

std::vector<std::string_view> chat_template_names() {
  std::vector<std::string_view> names;
  for (const ChatFormat& format : chat_formats()) names.push_back(format.name);
  return names;
}

}  // namespace cria::text
