#include "text/chat_template.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "support/shared_data.h"

namespace cria::text {
namespace {

using Conversation = std::vector<ChatMessage>;
using TemplatePointer = std::shared_ptr<const ChatTemplate>;

const Conversation kPlain = {{"user", "U"}, {"assistant", " A "}, {"user", "V"}};
const Conversation kSystem = {{"system", "S"}, {"user", "U"}, {"assistant", " A "}, {"user", "V"}};
constexpr ChatContext kContext = {.bos_token = "<s>", .eos_token = "</s>"};

// The rendering, or "code: message".
std::string render(const ChatTemplate& chat_template, const Conversation& messages,
                   const ChatContext& context = kContext) {
  std::string out;
  const Status status = chat_template.render(messages, context, out);
  return status.ok() ? out : std::string(status_code_name(status.code())) + ": " + status.message();
}

std::string render_source(const std::string& source, const Conversation& messages = kPlain,
                          const ChatContext& context = kContext) {
  const auto recognized = recognize_chat_template(source);
  return recognized.ok() ? render(**recognized, messages, context) : recognized.status().message();
}

// Wraps an expression so that the template also renders a conversation, which recognition asks for.
std::string evaluate(const std::string& body, const Conversation& messages = kPlain) {
  const std::string rest = "|{% for m in messages %}{{ m.content }}{% endfor %}";
  const std::string all = render_source(body + rest, messages);
  std::string contents = "|";
  for (const ChatMessage& message : messages) contents += message.content;
  return all.ends_with(contents) ? all.substr(0, all.size() - contents.size()) : all;
}

// ---- the shared data: what the makers' templates render to ----

nlohmann::json load_cases(const std::string& path) {
  return nlohmann::json::parse(testing::read_file(path));
}

Conversation to_conversation(const nlohmann::json& messages) {
  Conversation out;
  for (const auto& message : messages) out.push_back({message["role"], message["content"]});
  return out;
}

void expect_renders(const nlohmann::json& data, const nlohmann::json& test_case,
                    const ChatTemplate& chat_template) {
  for (const auto& expected : test_case["renders"]) {
    if (expected["tools"]) continue;  // the API passes none
    const std::string bos = test_case["bos_token"];
    const std::string eos = test_case["eos_token"];
    const ChatContext context = {.bos_token = bos,
                                 .eos_token = eos,
                                 .add_generation_prompt = expected["add_generation_prompt"]};
    const Conversation messages =
        to_conversation(data["conversations"][std::string(expected["conversation"])]);
    const std::string text = render(chat_template, messages, context);
    if (expected.contains("text")) {
      EXPECT_EQ(text, std::string(expected["text"])) << test_case["name"];
    } else {
      const std::string error = expected["error"];  // "TemplateError: reason"
      EXPECT_TRUE(text.starts_with("invalid_argument")) << test_case["name"] << text;
      EXPECT_TRUE(text.ends_with(error.substr(error.find(": ") + 2))) << text;
    }
  }
}

TEST(ChatTemplate, RendersTheMakersTemplatesByteForByteOrRefusesThem) {
  CRIA_SHARED_FILE(path, "chat-templates/rendered.json");
  const auto data = load_cases(path);
  std::map<std::string, std::string> refused;
  size_t n_recognized = 0;
  for (const auto& test_case : data["cases"]) {
    const auto recognized = recognize_chat_template(std::string(test_case["template"]));
    if (recognized.ok()) {
      ++n_recognized;
      expect_renders(data, test_case, **recognized);
    } else {
      EXPECT_EQ(recognized.status().code(), StatusCode::unsupported);
      refused[test_case["name"]] = recognized.status().message();
    }
  }
  EXPECT_EQ(n_recognized, 20u);
  ASSERT_EQ(refused.size(), 4u);
  for (const auto& [name, message] : refused) {
    const bool has_source = name.find("command-r-plus-tool_use") != std::string::npos;
    EXPECT_NE(message.find(has_source ? "'new_tool_parser'" : "it is empty"), std::string::npos)
        << name << ": " << message;
    EXPECT_NE(message.find("chatml"), std::string::npos) << "no hint in: " << message;
  }
}

TEST(ChatTemplate, KnowsTheMakersTemplatesByName) {
  CRIA_SHARED_FILE(path, "chat-templates/rendered.json");
  const std::map<std::string, std::string> names = {
      {"teknium/OpenHermes-2.5-Mistral-7B", "chatml"},
      {"mlabonne/AlphaMonarch-7B", "monarch"},
      {"OrionStarAI/Orion-14B-Chat", "orion"},
      {"deepseek-ai/deepseek-coder-33b-instruct", "deepseek-coder"},
      {"Orca-Vicuna", "orca"},
      {"Llama-3", "llama3"},
      {"Phi-3-small", "phi3"},
      {"Phi-3-vision", "phi3"},
      {"ibm-granite/granite-3.0-8b-instruct", "granite"},
      {"mistralai/Mistral-Large-Instruct-2411 (mistralai 'v7' template)", "mistral-v7"},
      {"Qwen-Qwen2.5-7B-Instruct", "qwen2.5"},
      {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "deepseek-r1"},
      {"google-gemma-2-2b-it", "gemma"},
      {"meta-llama-Llama-3.1-8B-Instruct", "llama3.1"},
      {"meta-llama-Llama-3.3-70B-Instruct", "llama3.1"},
      {"mistralai-Mistral-Nemo-Instruct-2407", "mistral-v3-tekken"},
      {"TheBloke/FusionNet_34Bx2_MoE-AWQ", "custom"},
  };
  size_t n_seen = 0;
  const auto data = load_cases(path);
  for (const auto& test_case : data["cases"]) {
    const auto expected = names.find(test_case["name"]);
    if (expected == names.end()) continue;
    ++n_seen;
    const auto recognized = recognize_chat_template(std::string(test_case["template"]));
    ASSERT_TRUE(recognized.ok()) << recognized.status().message();
    EXPECT_EQ((*recognized)->name(), expected->second) << test_case["name"];
  }
  EXPECT_EQ(n_seen, names.size());
}

// ---- formats by name ----

const std::map<std::string, std::string>& system_renderings() {
  static const std::map<std::string, std::string> kRenderings = {
      {"chatml",
       "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n A "
       "<|im_end|>\n<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n"},
      {"qwen2.5",
       "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n A "
       "<|im_end|>\n<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n"},
      {"qwen2",
       "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n A "
       "<|im_end|>\n<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n"},
      {"llama3",
       "<s><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user"
       "<|end_header_id|>\n\nU<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA"
       "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nV<|eot_id|><|start_header_id|>"
       "assistant<|end_header_id|>\n\n"},
      {"llama3.1",
       "<s><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
       "Today Date: 26 Jul 2024\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nU"
       "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|><|start_header_id|>"
       "user<|end_header_id|>\n\nV<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"},
      {"llama2", "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST] A </s><s>[INST] V [/INST]"},
      {"mistral-v1", "<s> [INST] S\n\nU [/INST]  A </s> [INST] V [/INST]"},
      {"mistral-v3", "<s>[INST] U[/INST] A</s>[INST] S\n\nV[/INST]"},
      {"mistral-v3-tekken", "<s>[INST]U[/INST] A </s>[INST]S\n\nV[/INST]"},
      {"mistral-v7", "<s>[SYSTEM_PROMPT] S[/SYSTEM_PROMPT][INST] U[/INST]  A </s>[INST] V[/INST]"},
      {"zephyr",
       "<|system|>\nS</s>\n<|user|>\nU</s>\n<|assistant|>\n A </s>\n<|user|>\nV</s>\n"
       "<|assistant|>\n"},
      {"phi3",
       "<|system|>\nS<|end|>\n<|user|>\nU<|end|>\n<|assistant|>\n A <|end|>\n<|user|>\nV<|end|>\n"
       "<|assistant|>\n"},
      {"gemma", "invalid_argument: chat template: System role not supported"},
      {"granite",
       "<|start_of_role|>system<|end_of_role|>S<|end_of_text|>\n<|start_of_role|>user"
       "<|end_of_role|>U<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|> A "
       "<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>V<|end_of_text|>\n<|start_of_role|>"
       "assistant<|end_of_role|>"},
      {"command-r",
       "<s><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>S<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|>"
       "<|USER_TOKEN|>U<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>A"
       "<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>V<|END_OF_TURN_TOKEN|>"
       "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"},
      {"deepseek-coder",
       "<s>S### Instruction:\nU\n### Response:\n A \n<|EOT|>\n### Instruction:\nV\n"
       "### Response:\n"},
      {"deepseek-v2", "<s>S\n\nUser: U\n\nAssistant:  A </s>User: V\n\nAssistant:"},
      {"deepseek-r1",
       "<s>S<｜User｜>U<｜Assistant｜> A <｜end▁of▁sentence｜><｜User｜>V<｜Assistant｜><think>\n"},
      {"vicuna", "<s>S USER: U ASSISTANT:  A </s>USER: V ASSISTANT:"},
      {"orca", "SYSTEM: S\nUSER: U\nASSISTANT:  A </s>\nUSER: V\nASSISTANT:"},
      {"openchat",
       "<s>S<|end_of_turn|>GPT4 Correct User: U<|end_of_turn|>GPT4 Correct Assistant:  A "
       "<|end_of_turn|>GPT4 Correct User: V<|end_of_turn|>GPT4 Correct Assistant:"},
      {"alpaca",
       "<s>S\n\n### Instruction:\nU\n\n### Response:\n A </s>\n\n### Instruction:\nV\n\n"
       "### Response:\n"},
      {"monarch",
       "<s>system\nS</s>\n<s>user\nU</s>\n<s>assistant\n A </s>\n<s>user\nV</s>\n<s>assistant\n"},
      {"orion", "<s>Human: U\n\nAssistant: </s> A </s>Human: V\n\nAssistant: </s>"},
      {"chatglm4",
       "[gMASK]<sop><|system|>\nS<|user|>\nU<|assistant|>\n A <|user|>\nV<|assistant|>"},
      {"minicpm", "S<用户>U<AI>A<用户>V<AI>"},
      {"megrez",
       "<|role_start|>system<|role_end|>S<|turn_end|><|role_start|>user<|role_end|>U<|turn_end|>"
       "<|role_start|>assistant<|role_end|> A <|turn_end|><|role_start|>user<|role_end|>V"
       "<|turn_end|><|role_start|>assistant<|role_end|>"},
  };
  return kRenderings;
}

TEST(ChatTemplate, EveryNamedFormatRendersAsDocumented) {
  std::set<std::string> names;
  for (std::string_view name : chat_template_names()) {
    names.emplace(name);
    const auto found = find_chat_template(name);
    ASSERT_TRUE(found.ok()) << name << ": " << found.status().message();
    EXPECT_EQ((*found)->name(), name);
    const auto expected = system_renderings().find(std::string(name));
    ASSERT_NE(expected, system_renderings().end()) << name;
    EXPECT_EQ(render(**found, kSystem), expected->second) << name;
  }
  EXPECT_EQ(names.size(), system_renderings().size());
}

TEST(ChatTemplate, DefaultSystemMessagesStandWhereTheConversationHasNone) {
  const Conversation hello = {{"user", "U"}};
  EXPECT_EQ(render(**find_chat_template("qwen2.5"), hello),
            "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful "
            "assistant.<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(render(**find_chat_template("qwen2"), hello),
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nU"
            "<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(render(**find_chat_template("gemma"), kPlain),
            "<s><start_of_turn>user\nU<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n"
            "<start_of_turn>user\nV<end_of_turn>\n<start_of_turn>model\n");
}

TEST(ChatTemplate, TheGenerationPromptIsLeftOutWhereItIsNotAskedFor) {
  const ChatContext context = {
      .bos_token = "<s>", .eos_token = "</s>", .add_generation_prompt = false};
  const Conversation turn = {{"user", "U"}, {"assistant", "A"}};
  EXPECT_EQ(render(**find_chat_template("chatml"), turn, context),
            "<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n");
  EXPECT_EQ(render(**find_chat_template("vicuna"), turn, context), "<s>USER: U ASSISTANT: A</s>");
}

TEST(ChatTemplate, ADateIsPrintedWhereTheContextHasOne) {
  const ChatContext context = {.bos_token = "<s>", .eos_token = "</s>", .date = "01 Feb 2025"};
  EXPECT_NE(render(**find_chat_template("llama3.1"), kPlain, context).find("Date: 01 Feb 2025\n"),
            std::string::npos);
  const std::string source =
      "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y') }}{% else %}none{% endif %}"
      "{% for m in messages %}{{ m.content }}{% endfor %}";
  EXPECT_EQ(render_source(source, kPlain, context), "01 Feb 2025U A V");
  EXPECT_EQ(render_source(source, kPlain, kContext), "noneU A V");
}

TEST(ChatTemplate, AnUnknownNameIsRefusedWithTheValidOnes) {
  const auto found = find_chat_template("chatlm");
  ASSERT_EQ(found.status().code(), StatusCode::invalid_argument);
  EXPECT_NE(found.status().message().find("'chatlm'"), std::string::npos);
  EXPECT_NE(found.status().message().find("chatml, qwen2.5"), std::string::npos);
}

// ---- conversations ----

TEST(ChatTemplate, ConversationsWithoutMessagesOrWithUnknownRolesAreRefused) {
  const auto chatml = find_chat_template("chatml");
  EXPECT_TRUE(render(**chatml, {}).starts_with("invalid_argument"));
  const std::string text = render(**chatml, {{"user", "U"}, {"tool", "{}"}});
  EXPECT_TRUE(text.starts_with("invalid_argument: message 1")) << text;
  EXPECT_NE(text.find("'tool'"), std::string::npos);
}

TEST(ChatTemplate, AFailedRenderingAppendsNothing) {
  std::string out = "before";
  const auto gemma = find_chat_template("gemma");
  EXPECT_FALSE((*gemma)->render(kSystem, kContext, out).ok());
  EXPECT_EQ(out, "before");
  EXPECT_TRUE((*gemma)->render({{"user", "U"}}, kContext, out).ok());
  EXPECT_TRUE(out.starts_with("before<s><start_of_turn>"));
}

TEST(ChatTemplate, RolesThatHaveToAlternateAreChecked) {
  for (const char* name : {"llama2", "mistral-v1", "mistral-v3", "mistral-v3-tekken", "gemma"}) {
    const std::string text = render(**find_chat_template(name), {{"user", "U"}, {"user", "V"}});
    EXPECT_TRUE(text.starts_with("invalid_argument")) << name << text;
    EXPECT_NE(text.find("alternate"), std::string::npos) << name << text;
  }
}

TEST(ChatTemplate, TheEndOfTheAssistantsTurnIsFound) {
  const std::map<std::string, std::string> markers = {{"chatml", "<|im_end|>"},
                                                      {"llama3", "<|eot_id|>"},
                                                      {"phi3", "<|end|>"},
                                                      {"gemma", "<end_of_turn>"},
                                                      {"granite", "<|end_of_text|>"},
                                                      {"deepseek-coder", "<|EOT|>"},
                                                      {"orca", "</s>"},
                                                      {"openchat", "<|end_of_turn|>"},
                                                      {"megrez", "<|turn_end|>"},
                                                      {"chatglm4", "<|user|>"},
                                                      {"command-r", "<|END_OF_TURN_TOKEN|>"}};
  for (const auto& [name, marker] : markers) {
    EXPECT_EQ((*find_chat_template(name))->end_of_turn(), std::vector<std::string>{marker}) << name;
  }
  // These end with the vocabulary's EOS, which stops generation anyway.
  for (const char* name : {"llama2", "mistral-v3", "zephyr", "vicuna", "monarch"}) {
    EXPECT_TRUE((*find_chat_template(name))->end_of_turn().empty()) << name;
  }
}

// ---- templates of other spellings ----

TEST(ChatTemplate, OtherSpellingsOfAFormatGetItsName) {
  const std::pair<std::string, std::string> spellings[] = {
      {"{%- for msg in messages -%}\n  {{- '<|im_start|>' ~ msg['role'] }}\n\n"
       "{{- msg['content'] + \"<|im_end|>\" -}}{{ '\\n' }}\n{%- endfor -%}\n"
       "{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif -%}\n",
       "custom"},  // two newlines after the role: not chatml
      {"{%- for msg in messages %}\n    {{- '<|im_start|>' ~ msg.role ~ \"\\n\" ~ msg['content'] }}"
       "{{ '<|im_end|>' + '\\n' }}\n{%- endfor %}\n"
       "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant' }}{{ '\\x0a' -}}\n"
       "{%- endif %}\n",
       "chatml"},
      {"{% for message in messages %}\n{% if message['role'] == 'user' %}\n"
       "{{ '<|user|>\n' + message['content'] + eos_token }}\n"
       "{% elif message['role'] == 'system' %}\n"
       "{{ '<|system|>\n' + message['content'] + eos_token }}\n"
       "{% elif message['role'] == 'assistant' %}\n"
       "{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n"
       "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n"
       "{% endfor %}",
       "zephyr"},
      {"{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}"
       "{% set sys = messages[0]['content'] %}{% else %}{% set rest = messages %}"
       "{% set sys = false %}{% endif %}{% for message in rest %}"
       "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
       "{{ raise_exception('roles!') }}{% endif %}{% if loop.index0 == 0 and sys != false %}"
       "{% set content = '<<SYS>>\\n' + sys + '\\n<</SYS>>\\n\\n' + message['content'] %}"
       "{% else %}{% set content = message['content'] %}{% endif %}"
       "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' "
       "}}"
       "{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}"
       "{% endif %}{% endfor %}",
       "llama2"},
  };
  for (const auto& [source, name] : spellings) {
    const auto recognized = recognize_chat_template(source);
    ASSERT_TRUE(recognized.ok()) << recognized.status().message();
    EXPECT_EQ((*recognized)->name(), name) << source;
    if (name != "custom") {
      EXPECT_EQ(render(**recognized, kSystem), system_renderings().at(name));
    }
  }
}

// One change to a well-known template is rendered as changed, and loses the name.
TEST(ChatTemplate, AChangedTemplateIsNotTakenForTheKnownOne) {
  const std::string source =
      "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}{{ '<u>' + m['content'] | "
      "trim + '<e>' }}{% else %}{{ '<o>' + m['content'] + eos_token }}{% endif %}{% endfor %}"
      "{% if add_generation_prompt %}{{ '<o>' }}{% endif %}";
  const Conversation messages = {{"user", " U "}, {"assistant", " A "}};
  ASSERT_EQ(render_source(source, messages), "<s><u>U<e><o> A </s><o>");
  struct Change {
    const char* from;
    const char* to;
    const char* rendered;
  };
  const Change changes[] = {
      {"'<e>'", "'<f>'", "<s><u>U<f><o> A </s><o>"},
      {" | trim", "", "<s><u> U <e><o> A </s><o>"},
      {"== 'user'", "!= 'user'", "<s><o> U </s><u>A<e><o>"},
      {"== 'user'", "== 'system'", "<s><o> U </s><o> A </s><o>"},
      {"+ eos_token", "+ bos_token", "<s><u>U<e><o> A <s><o>"},
      {"{{ bos_token }}", "", "<u>U<e><o> A </s><o>"},
      {"if add_generation_prompt", "if not add_generation_prompt", "<s><u>U<e><o> A </s>"},
      {"{% endfor %}", " {% endfor %}", "<s><u>U<e> <o> A </s> <o>"},
      {"in messages", "in messages[1:]", "<s><o> A </s><o>"},
  };
  for (const Change& change : changes) {
    std::string changed = source;
    changed.replace(changed.find(change.from), std::string(change.from).size(), change.to);
    EXPECT_EQ(render_source(changed, messages), change.rendered) << change.from << change.to;
  }

  const std::string chatml =
      "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + "
      "message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
      "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
  ASSERT_EQ((*recognize_chat_template(chatml))->name(), "chatml");
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"<|im_end|>", "<|im_end|> "},
           {"message['content']", "message['content'] | trim"},
           {"assistant\\n", "assistant"},
           {"{% endif %}", "{% else %}{{ eos_token }}{% endif %}x"}}) {
    std::string changed = chatml;
    changed.replace(changed.find(from), from.size(), to);
    EXPECT_EQ((*recognize_chat_template(changed))->name(), "custom") << changed;
  }
}

// ---- the language ----

TEST(ChatTemplateLanguage, WhiteSpaceAroundTags) {
  const std::pair<const char*, const char*> cases[] = {
      {"a\n  {% if true %}\n  b\n  {% endif %}\nc", "a\n  b\nc"},
      {"a\n  {%+ if true %}\n  b\n  {%+ endif %}\nc", "a\n    b\n  c"},
      {"a\n  {%- if true -%}\n  b\n  {%- endif -%}\nc", "abc"},
      {"a\n  {{ 'x' }}\n  b", "a\n  x\n  b"},
      {"a\n  {{- 'x' -}}\n  b", "axb"},
      {"{% if true +%}\nb{% endif %}", "\nb"},
      {"a {# comment #}\nb", "a b"},
      {"a\n  {# comment #}\nb", "a\nb"},
      {"a {#- comment -#} b", "ab"},
      {"a {#- {{ 'not' }} {% run %} -#} b", "ab"},
      {"x {% if true %} y {% endif %} z", "x  y  z"},
      {"{% if true %}\n{% if true %}\n  q{% endif %}\n{% endif %}\n", "  q"},
      {"a\r\n{% if true %}\r\nb{% endif %}\r\n", "a\nb"},
      {"{{ '}}' }}{{ \"%}\" }}", "}}%}"},
  };
  for (const auto& [source, expected] : cases) EXPECT_EQ(evaluate(source), expected) << source;
}

TEST(ChatTemplateLanguage, Expressions) {
  const std::pair<const char*, const char*> cases[] = {
      {"1 + 2 * 3", "7"},
      {"7 // 2 ~ '.' ~ 7 % 3 ~ '.' ~ -7 // 2 ~ '.' ~ -7 % 3", "3.1.-4.2"},
      {"'a' ~ 1 ~ none ~ true ~ nothing", "a1NoneTrue"},
      {"'a' 'b' \"c\"", "abc"},
      {R"('\t\'\x41\u00e9\\')", "\t'A\xC3\xA9\\"},
      {R"('a\qb')", "a\\qb"},
      {"1 == true", "True"},
      {"'1' == 1", "False"},
      {"1 < 2 and not 2 <= 1", "True"},
      {"'' or 'x'", "x"},
      {"'y' and 'x'", "x"},
      {"not 'x' == 'y'", "True"},
      {"'yes' if messages else 'no'", "yes"},
      {"'yes' if false", ""},
      {"'b' in 'abc' and 'role' in messages[0] and 'tools' not in messages[0]", "True"},
      {"2 in [1, 2] and 3 not in [1, 2]", "True"},
      {"messages[-1]['content'] + messages[0].role", "Vuser"},
      {"messages[1:]|length ~ messages[:-1]|length ~ messages[::-1][0].content", "22V"},
      {"'h\u00e9llo'[1] + 'h\u00e9llo'[1:3] ~ 'h\u00e9llo'|length", "\u00e9\u00e9l5"},
      {"messages[7] is defined", "False"},
      {"messages[0].tool_calls is defined or messages[0].content is none", "False"},
      {"messages[0].content is string and messages is iterable and messages is not mapping",
       "True"},
      {"messages[0] is mapping and 3 is odd and 3 is number", "True"},
      {"tools is defined or tools is not none and tools", ""},
      {"missing|default('d') + ''|default('e', true)", "de"},
      {"' \u3000x\u00a0\n'|trim + '|' + ' y '.strip() + '|' + 'zz'.strip('z')", "x|y|"},
      {"'\\n\\na'.lstrip('\\n') + ' b '.rstrip() + '.'", "a b."},
      {"'a-b-c'.split('-')[-1] + 'a-b-c'.split('-', 1)[1]", "cb-c"},
      {"'abc'.startswith('ab') and 'abc'.endswith('bc')", "True"},
      {"'user'.title() + 'user'|upper + 'USER'.lower() + 'user'|capitalize", "UserUSERuserUser"},
      {"'aXbX'.replace('X', '-') + 'aX'|replace('X', '')", "a-b-a"},
      {"messages|selectattr('role', 'equalto', 'user')|list|length", "2"},
      {"(messages|rejectattr('role', 'equalto', 'assistant')|first).content", "U"},
      {"(messages|last).content ~ [1, 2]|join('+')", "V1+2"},
      {"range(3)|join(',') ~ range(1, 3)|join", "0,1,212"},
      {"messages[0].get('name', 'n') ~ messages[0].get('role')", "nuser"},
      {"bos_token ~ eos_token ~ add_generation_prompt", "<s></s>True"},
  };
  for (const auto& [expression, expected] : cases) {
    EXPECT_EQ(evaluate("{{ " + std::string(expression) + " }}"), expected) << expression;
  }
}

TEST(ChatTemplateLanguage, LoopsAndVariables) {
  const std::pair<const char*, const char*> cases[] = {
      {"{% for m in messages %}{{ loop.index ~ loop.index0 ~ loop.revindex ~ loop.first ~ "
       "loop.last }}"
       ";{% endfor %}",
       "103TrueFalse;212FalseFalse;321FalseTrue;"},
      {"{% for m in messages if m.role == 'user' %}{{ m.content ~ loop.length }}{% endfor %}",
       "U2V2"},
      {"{% for m in [] %}x{% else %}empty{% endfor %}", "empty"},
      {"{% for m in messages %}{{ loop.previtem.role if loop.previtem }}>{% endfor %}",
       ">user>assistant>"},
      {"{% set x = 1 %}{% for m in messages %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}",
       "2221"},
      {"{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}", "2"},
      {"{% set n = namespace(x=1) %}{% for m in messages %}{% set n.x = n.x + 1 %}{% endfor %}"
       "{{ n.x ~ n.y }}",
       "4"},
      {"{% for a in [1, 2] %}{% for b in [3] %}{{ a ~ b ~ loop.index }}{% endfor %}{{ loop.index }}"
       "{% endfor %}",
       "1311"
       "2312"},
      {"{% if false %}a{% elif nothing %}b{% else %}c{% endif %}", "c"},
      {"{% generation %}{% set y = 1 %}{{ y }}{% endgeneration %}{{ y }}", "1"},
      {"{% macro tool(t, n=1) %}{{ t|tojson(indent=4) }}{% endmacro %}ok", "ok"},
  };
  for (const auto& [source, expected] : cases) EXPECT_EQ(evaluate(source), expected) << source;
}

TEST(ChatTemplateLanguage, WhatIsNotKnownIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"{{ messages|tojson }}", "'tojson'"},
      {"{{ 'x'|safe }}", "'safe'"},
      {"{{ 'x' is callable }}", "'callable'"},
      {"{{ cycler('a') }}", "'cycler'"},
      {"{% macro f(x) %}{% endmacro %}{{ f(1) }}", "'f'"},
      {"{{ pad_token }}", "'pad_token'"},
      {"{{ messages }}", "the text of a list"},
      {"{{ messages[0] }}", "the text of a message"},
      {"{{ nothing.part }}", "an undefined value"},
      {"{{ 'a' + 1 }}", "'+' between a string and a number"},
      {"{{ 'a' + nothing }}", "'+' between a string and an undefined value"},
      {"{{ 1 / 2 }}", "'/'"},
      {"{{ 1 // 0 }}", "'//'"},
      {"{{ 9223372036854775807 + 1 }}", "'+'"},
      {"{{ 92233720368547758070 }}", "too large"},
      {"{{ {'a': 1} }}", "a dictionary"},
      {"{{ 1.5 }}", "a fraction"},
      {"{{ (1, 2) }}", "a tuple"},
      {"{{ 1 < 2 < 3 }}", "a chain of comparisons"},
      {"{{ messages[0].items }}", "'items'"},
      {"{{ messages[0].items() }}", "'items'"},
      {"{{ messages.append(1) }}", "'append'"},
      {"{{ ''.__class__ }}", "'__class__'"},
      {"{{ '\u00e9'.upper() }}", "'upper'"},
      {"{{ strftime_now('%H') }}", "'%H'"},
      {"{% if messages|selectattr('role') %}{% endif %}", "without the filter 'list'"},
      {"{% for k, v in messages %}{% endfor %}", "a loop over"},
      {"{% for c in 'text' %}{% endfor %}", "a loop over a string"},
      {"{% include 'x' %}", "'include'"},
      {"{% set x %}y{% endset %}", "'='"},
      {"{% raw %}{{ }}{% endraw %}", "'raw'"},
      {"{% set messages[0] = 1 %}", "'='"},
      {"{% set x.y = 1 %}", "'x'"},
      {"{{ '\\777' }}", "escape"},
      {"{{ 'x }}", "a string does not end"},
      {"{{ x", "a tag does not end"},
      {"{# x", "a comment does not end"},
      {"{{ (1] }}", "brackets do not match"},
      {"{{ 1 ! 2 }}", "'!'"},
      {"{{ x y }}", "unknown form"},
      {"{% if true %}", "not closed"},
      {"{% endif %}", "'endif'"},
      {"{{ }}", "unknown form"},
  };
  for (const auto& [source, part] : cases) {
    const auto recognized = recognize_chat_template(
        std::string(source) + "{% for m in messages %}{{ m.content }}{% endfor %}");
    ASSERT_EQ(recognized.status().code(), StatusCode::unsupported) << source;
    const std::string& message = recognized.status().message();
    EXPECT_NE(message.find(part), std::string::npos) << source << ": " << message;
    EXPECT_NE(message.find("line 1: "), std::string::npos) << source << ": " << message;
    EXPECT_NE(message.find("choose a format by name: chatml"), std::string::npos) << message;
  }
}

TEST(ChatTemplateLanguage, TheLineOfAnUnknownConstructIsNamed) {
  const auto recognized = recognize_chat_template(
      "{% for m in messages %}\n{{ m.content }}\n\n{{ m|tojson }}{% endfor %}");
  EXPECT_NE(recognized.status().message().find("line 4: the filter 'tojson'"), std::string::npos)
      << recognized.status().message();
}

TEST(ChatTemplateLanguage, AConstructThatOnlySomeTextsReachFailsWhenReached) {
  const auto recognized = recognize_chat_template(
      "{% for m in messages %}{% if '{' in m.content %}{{ m|tojson }}{% endif %}{{ m.content }}"
      "{% endfor %}");
  ASSERT_TRUE(recognized.ok());
  EXPECT_EQ(render(**recognized, {{"user", "U"}}), "U");
  const std::string text = render(**recognized, {{"user", "{}"}});
  EXPECT_TRUE(text.starts_with("unsupported")) << text;
}

TEST(ChatTemplateLanguage, TemplatesThatRenderNoConversationAreRefused) {
  for (const char* source :
       {"", " \n\t", "Hello", "{{ bos_token }}", "{{ raise_exception('never') }}"}) {
    EXPECT_EQ(recognize_chat_template(source).status().code(), StatusCode::unsupported) << source;
  }
}

// ---- hostile templates ----

constexpr const char* kTooMuchWork = "more work than a template may cause";

std::string repeated(std::string_view text, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

// The message that stops the work when it is loaded and, where it waits for a conversation that
// holds "go", when that is rendered.
void expect_refused(const std::string& work, std::string_view message) {
  const std::string rest = "{% for m in messages %}{{ m.content }}{% endfor %}";
  const Status loaded = recognize_chat_template(work + rest).status();
  EXPECT_EQ(loaded.code(), StatusCode::unsupported) << work.substr(0, 80);
  EXPECT_NE(loaded.message().find(message), std::string::npos) << loaded.message();

  const auto waiting =
      recognize_chat_template("{% if 'go' in messages[0].content %}" + work + "{% endif %}" + rest);
  ASSERT_TRUE(waiting.ok()) << waiting.status().message();
  EXPECT_EQ(render(**waiting, {{"user", "U"}}), "U");
  const std::string text = render(**waiting, {{"user", "go"}});
  EXPECT_TRUE(text.starts_with("unsupported")) << text.substr(0, 80);
  EXPECT_NE(text.find(message), std::string::npos) << text.substr(0, 80);
}

TEST(ChatTemplateLimits, DeepNestingIsRefused) {
  constexpr int kDeep = 20000;
  for (const std::string& source :
       {"{{ " + repeated("(", kDeep) + "1" + repeated(")", kDeep) + " }}",
        "{{ " + repeated("not ", kDeep) + "1 }}", "{{ 1" + repeated(" + 1", kDeep) + " }}",
        "{{ 1" + repeated("|trim", kDeep) + " }}", "{{ x" + repeated(".x", kDeep) + " }}",
        "{{ x" + repeated("[0]", kDeep) + " }}", "{{ " + repeated("[", kDeep) + " }}",
        "{{ " + repeated("{1:", kDeep) + " }}", "{{ 1" + repeated(" if 1 else 1", kDeep) + " }}",
        "{{ x" + repeated(" is defined", kDeep) + " }}", "{{ x" + repeated(" == x(", kDeep) + " }}",
        repeated("{% if 1 %}", kDeep), repeated("{% for x in y %}", kDeep)}) {
    EXPECT_EQ(recognize_chat_template(source).status().code(), StatusCode::unsupported)
        << source.substr(0, 40);
  }
  EXPECT_EQ(recognize_chat_template(std::string(2 << 20, ' ') + "x").status().code(),
            StatusCode::unsupported);
}

TEST(ChatTemplateLimits, EndlessWorkIsRefused) {
  const std::string loops =
      "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}"
      "{% endfor %}{% endfor %}{% endfor %}";
  std::string doubling =
      "{% set n = namespace(s='0123456789') %}{% for i in range(60) %}"
      "{% set n.s = n.s + n.s %}{% endfor %}";
  std::string lists =
      "{% set n = namespace(s=[1, 2, 3]) %}{% for i in range(60) %}"
      "{% set n.s = n.s + n.s %}{% endfor %}";
  for (const std::string& work : {loops, doubling, lists}) expect_refused(work, kTooMuchWork);
}

// Each pass holds the list before: the destruction of the last one would recurse as often.
TEST(ChatTemplateLimits, ListsThatNestInALoopAreRefused) {
  const auto nest = [](int n) {
    return "{% set ns = namespace(x=0) %}{% for i in range(" + std::to_string(n) +
           ") %}{% set ns.x = [ns.x] %}{% endfor %}";
  };
  EXPECT_EQ(evaluate(nest(32) + "{{ ns.x|length }}"), "1");
  expect_refused(nest(33), "lists nested more than 32 deep");
  expect_refused(nest(9000), "lists nested more than 32 deep");
}

TEST(ChatTemplateLimits, ComparingListsThatShareTheirPartsIsRefused) {
  const std::string halves =
      "{% set ns = namespace(a=0, b=0) %}{% for i in range(30) %}"
      "{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}";
  EXPECT_EQ(evaluate(halves + "{{ ns.a|length }}"), "2");
  expect_refused(halves + "{{ ns.a == ns.b }}", kTooMuchWork);
  expect_refused(halves + "{{ ns.a in [ns.b] }}", kTooMuchWork);
  expect_refused(halves + "{{ ns.a is ne(ns.b) }}", kTooMuchWork);
}

// A namespace is reached through a pointer, so that nothing recurses through it or leaks.
TEST(ChatTemplateLimits, ANamespaceMayHoldItself) {
  EXPECT_EQ(evaluate("{% set ns = namespace(n=1) %}{% set ns.x = ns %}{% set ns.y = [ns] %}"
                     "{{ ns.x.x.n ~ (ns.y == [ns.x]) ~ (ns.y[0].y == ns.y) }}"),
            "1TrueTrue");
}

// The results would take gigabytes: they are refused before they are made.
TEST(ChatTemplateLimits, ResultsThatAreTooLargeAreRefused) {
  const std::string a = "'" + std::string(60000, 'a') + "'";
  const std::string b = "'" + std::string(60000, 'b') + "'";
  const std::string commas = "'" + std::string(100000, ',') + "'";
  expect_refused("{% set y = " + a + "|replace('a', " + b + ") %}", kTooMuchWork);
  expect_refused("{% set y = " + a + ".replace('a', " + b + ") %}", kTooMuchWork);
  expect_refused("{% set y = range(19000)|join(" + b + ") %}", kTooMuchWork);
  const std::string copies = "{% set ns = namespace(s=" + a + ") %}{% for i in range(9000) %}";
  expect_refused(copies + "{% set ns.s = ns.s ~ ns.s %}{% endfor %}", kTooMuchWork);
  expect_refused(copies + "{% set ns.s = ns.s + ns.s %}{% endfor %}", kTooMuchWork);
  expect_refused(copies + "{% set s = " + commas + ".split(',') %}{% endfor %}", kTooMuchWork);
  expect_refused(copies + "{% for x in [ns.s] %}{% endfor %}{% endfor %}", kTooMuchWork);
  expect_refused(copies + "{% set ns.s = range(19000) %}{% endfor %}", kTooMuchWork);
  expect_refused(copies + "{% set ns = namespace(a=0, b=1, c=2, d=3, e=4) %}{% endfor %}",
                 kTooMuchWork);
}

TEST(ChatTemplateLimits, SearchesThatCompareEverywhereAreRefused) {
  const std::string text = "'" + std::string(100000, 'a') + "'";
  const std::string part = "'" + std::string(50000, 'a') + "b'";
  expect_refused("{{ " + part + " in " + text + " }}", kTooMuchWork);
  expect_refused("{{ " + text + ".split(" + part + ")|length }}", kTooMuchWork);
  expect_refused("{{ " + text + "|replace(" + part + ", '')|length }}", kTooMuchWork);
}

TEST(ChatTemplateLimits, VariablesAreCounted) {
  const auto sets = [](int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += "{% set a" + std::to_string(i) + " = 0 %}";
    return out;
  };
  EXPECT_EQ(evaluate(sets(250) + "{{ a249 }}"), "0");
  expect_refused(sets(257), "more than 256 variables");
  EXPECT_EQ(evaluate(repeated("{% set a = 1 %}", 1000) + "{{ a }}"), "1");
  // Lookups cost what they compare: here they find their name last.
  expect_refused(sets(250) +
                     "{% for i in range(9000) %}{% for j in range(9000) %}{{ a249 }}{% endfor %}"
                     "{% endfor %}",
                 kTooMuchWork);
}

TEST(ChatTemplateLimits, TheNumberOfTokensAndTheLengthOfNamesAreBounded) {
  const auto message = [](const std::string& source) {
    return recognize_chat_template(source).status().message();
  };
  const std::string rest = "{% for m in messages %}{{ m.content }}{% endfor %}";
  EXPECT_TRUE(
      recognize_chat_template("{% if false %}" + repeated("{{ a }}", 9000) + "{% endif %}" + rest)
          .ok());
  EXPECT_NE(message(repeated("{{ a }}", 12000) + rest).find("more than 32768 words and signs"),
            std::string::npos);
  EXPECT_NE(message("\n{{ [" + repeated("0,", 20000) + "] }}" + rest)
                .find("line 2: more than 32768 words and signs"),
            std::string::npos);
  EXPECT_TRUE(recognize_chat_template("{{ " + std::string(128, 'a') + " }}" + rest).ok());
  EXPECT_NE(message("{{ " + std::string(129, 'a') + " }}" + rest).find("a name that is too long"),
            std::string::npos);
}

// The limits are far from what honest use takes.
TEST(ChatTemplateLimits, ThousandsOfShortMessagesRender) {
  Conversation messages;
  for (int i = 0; i < 1000; ++i) {
    messages.push_back({"user", "U"});
    messages.push_back({"assistant", "A"});
  }
  for (const char* name : {"chatml", "llama3.1", "mistral-v3", "gemma", "deepseek-r1"}) {
    std::string out;
    const Status status = (*find_chat_template(name))->render(messages, kContext, out);
    EXPECT_TRUE(status.ok()) << name << ": " << status.message();
  }
}

TEST(ChatTemplateLimits, ATemplateCutAtAnyByteIsAcceptedOrRefusedWithoutHarm) {
  const std::string source =
      "{% set ns = namespace(x='a') %}{%- for m in messages[0:] if m.role is string -%}"
      "{{ \"<\\x41\" ~ m['content']|trim|replace('a', 'b') }}{# c #}{% if loop.last and not ns.y %}"
      "{% set ns.x = m.content.split('x', 1)[-1][::1] %}{% else %}{{ [1, 2]|join(',') }}{% endif %}"
      "{% endfor %}{{ ns.x if add_generation_prompt else (1 + 2) // 3 }}";
  ASSERT_TRUE(recognize_chat_template(source).ok());
  for (size_t n = 0; n < source.size(); ++n) {
    const auto recognized = recognize_chat_template(source.substr(0, n));
    if (recognized.ok()) render(**recognized, kSystem);
  }
}

}  // namespace
}  // namespace cria::text
