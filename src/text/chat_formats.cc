// Source: the models' documentation; each is the layout that its makers train on.
#include "text/chat_formats.h"

#include <array>

namespace cria::text {
namespace {

constexpr auto kFormats = std::to_array<ChatFormat>({
    {"chatml",
     R"({% for m in messages %}<|im_start|>{{ m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %})"
     R"({% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})"},
    {"qwen2.5",
     R"({% if messages[0].role != 'system' %}{{ '<|im_start|>system\nYou are Qwen, created by )"
     R"(Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' }}{% endif %})"
     R"({% for m in messages %}<|im_start|>{{ m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %})"
     R"({% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})"},
    {"qwen2",
     R"({% if messages[0].role != 'system' %}{{ '<|im_start|>system\nYou are a helpful )"
     R"(assistant.<|im_end|>\n' }}{% endif %})"
     R"({% for m in messages %}<|im_start|>{{ m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %})"
     R"({% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})"},
    {"llama3",
     R"({{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>)"
     R"({{ '\n\n' + m.content|trim }}<|eot_id|>{% endfor %})"
     R"({% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>{{ '\n\n' }})"
     R"({% endif %})"},
    {"llama3.1",
     R"({{ bos_token }}<|start_header_id|>system<|end_header_id|>{{ '\n\n' }})"
     R"(Cutting Knowledge Date: December 2023{{ '\n' }}Today Date: )"
     R"({{ date_string|default('26 Jul 2024') + '\n\n' }})"
     R"({% set rest = messages %}{% if messages[0].role == 'system' %})"
     R"({% set rest = messages[1:] %}{{ messages[0].content|trim }}{% endif %}<|eot_id|>)"
     R"({% for m in rest %}<|start_header_id|>{{ m.role }}<|end_header_id|>)"
     R"({{ '\n\n' + m.content|trim }}<|eot_id|>{% endfor %})"
     R"({% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>{{ '\n\n' }})"
     R"({% endif %})"},
    {"llama2",
     R"({% set system = '' %}{% set rest = messages %}{% if messages[0].role == 'system' %})"
     R"({% set system = '<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' %})"
     R"({% set rest = messages[1:] %}{% endif %}{% for m in rest %})"
     R"({% if (m.role == 'user') != (loop.index0 % 2 == 0) %})"
     R"({{ raise_exception('roles must alternate: user, assistant, user, ...') }}{% endif %})"
     R"({% if m.role == 'user' %}{{ bos_token }}[INST] )"
     R"({{ ((system if loop.first else '') + m.content).strip() }} [/INST])"
     R"({% else %} {{ m.content.strip() }} {{ eos_token }}{% endif %}{% endfor %})"},
    {"mistral-v1",
     R"({{ bos_token }}{% set system = '' %}{% set rest = messages %})"
     R"({% if messages[0].role == 'system' %}{% set system = messages[0].content + '\n\n' %})"
     R"({% set rest = messages[1:] %}{% endif %}{% for m in rest %})"
     R"({% if (m.role == 'user') != (loop.index0 % 2 == 0) %})"
     R"({{ raise_exception('roles must alternate: user, assistant, user, ...') }}{% endif %})"
     R"({% if m.role == 'user' %} [INST] {{ (system if loop.first else '') + m.content }} [/INST])"
     R"({% else %} {{ m.content + eos_token }}{% endif %}{% endfor %})"},
    {"mistral-v3",
     R"({{ bos_token }}{% set system = '' %}{% set rest = messages %})"
     R"({% if messages[0].role == 'system' %}{% set system = messages[0].content + '\n\n' %})"
     R"({% set rest = messages[1:] %}{% endif %}{% for m in rest %})"
     R"({% if (m.role == 'user') != (loop.index0 % 2 == 0) %})"
     R"({{ raise_exception('roles must alternate: user, assistant, user, ...') }}{% endif %})"
     R"({% if m.role == 'user' %}[INST] {{ (system if loop.last else '') + m.content }}[/INST])"
     R"({% else %} {{ m.content|trim + eos_token }}{% endif %}{% endfor %})"},
    {"mistral-v3-tekken",
     R"({{ bos_token }}{% set system = '' %}{% set rest = messages %})"
     R"({% if messages[0].role == 'system' %}{% set system = messages[0].content + '\n\n' %})"
     R"({% set rest = messages[1:] %}{% endif %}{% for m in rest %})"
     R"({% if (m.role == 'user') != (loop.index0 % 2 == 0) %})"
     R"({{ raise_exception('roles must alternate: user, assistant, user, ...') }}{% endif %})"
     R"({% if m.role == 'user' %}[INST]{{ (system if loop.last else '') + m.content }}[/INST])"
     R"({% else %}{{ m.content + eos_token }}{% endif %}{% endfor %})"},
    {"mistral-v7", R"({{ bos_token }}{% for m in messages %})"
                   R"({% if m.role == 'user' %}[INST] {{ m.content }}[/INST])"
                   R"({% elif m.role == 'system' %}[SYSTEM_PROMPT] {{ m.content }}[/SYSTEM_PROMPT])"
                   R"({% else %} {{ m.content + eos_token }}{% endif %}{% endfor %})"},
    {"zephyr",
     R"({% for m in messages %}<|{{ m.role }}|>{{ '\n' + m.content + eos_token + '\n' }}{% endfor %})"
     R"({% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %})"},
    {"phi3",
     R"({% for m in messages %}<|{{ m.role }}|>{{ '\n' + m.content }}<|end|>{{ '\n' }}{% endfor %})"
     R"({% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %})"},
    {"gemma",
     R"({{ bos_token }}{% for m in messages %}{% if m.role == 'system' %})"
     R"({{ raise_exception('System role not supported') }}{% endif %})"
     R"({% if (m.role == 'user') != (loop.index0 % 2 == 0) %})"
     R"({{ raise_exception('roles must alternate: user, assistant, user, ...') }}{% endif %})"
     R"(<start_of_turn>{{ 'user' if m.role == 'user' else 'model' }}{{ '\n' + m.content|trim }})"
     R"(<end_of_turn>{{ '\n' }}{% endfor %})"
     R"({% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %})"},
    {"granite",
     R"({% for m in messages %}<|start_of_role|>{{ m.role }}<|end_of_role|>)"
     R"({{ m.content + '<|end_of_text|>\n' }}{% endfor %})"
     R"({% if add_generation_prompt %}<|start_of_role|>assistant<|end_of_role|>{% endif %})"},
    {"command-r",
     R"({{ bos_token }}{% for m in messages %}<|START_OF_TURN_TOKEN|>{% if m.role == 'user' %})"
     R"(<|USER_TOKEN|>{% elif m.role == 'system' %}<|SYSTEM_TOKEN|>{% else %}<|CHATBOT_TOKEN|>)"
     R"({% endif %}{{ m.content|trim }}<|END_OF_TURN_TOKEN|>{% endfor %})"
     R"({% if add_generation_prompt %}<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{% endif %})"},
    {"deepseek-coder",
     R"({{ bos_token }}{% if not messages|selectattr('role', 'equalto', 'system')|list %})"
     R"({{ 'You are an AI programming assistant, utilizing the Deepseek Coder model, developed by )"
     R"(Deepseek Company, and you only answer questions related to computer science. For )"
     R"(politically sensitive questions, security and privacy issues, and other non-computer )"
     R"(science questions, you will refuse to answer\n' }}{% endif %})"
     R"({% for m in messages %}{% if m.role == 'system' %}{{ m.content }})"
     R"({% elif m.role == 'user' %}{{ '### Instruction:\n' + m.content + '\n' }})"
     R"({% else %}{{ '### Response:\n' + m.content + '\n<|EOT|>\n' }}{% endif %}{% endfor %})"
     R"({% if add_generation_prompt %}{{ '### Response:\n' }}{% endif %})"},
    {"deepseek-v2",
     R"({{ bos_token }}{% for m in messages %}{% if m.role == 'user' %})"
     R"({{ 'User: ' + m.content + '\n\n' }}{% elif m.role == 'assistant' %})"
     R"({{ 'Assistant: ' + m.content + eos_token }}{% else %}{{ m.content + '\n\n' }}{% endif %})"
     R"({% endfor %}{% if add_generation_prompt %}Assistant:{% endif %})"},
    {"deepseek-r1",
     R"({{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% endif %})"
     R"({% endfor %}{% for m in messages %}{% if m.role == 'user' %}<｜User｜>{{ m.content }})"
     R"({% elif m.role == 'assistant' %}<｜Assistant｜>{{ m.content.split('</think>')[-1] }})"
     R"(<｜end▁of▁sentence｜>{% endif %}{% endfor %})"
     R"({% if add_generation_prompt %}{{ '<｜Assistant｜><think>\n' }}{% endif %})"},
    {"vicuna",
     R"({{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }} )"
     R"({% elif m.role == 'user' %}USER: {{ m.content }} {% else %}ASSISTANT: )"
     R"({{ m.content + eos_token }}{% endif %}{% endfor %})"
     R"({% if add_generation_prompt %}ASSISTANT:{% endif %})"},
    {"orca", R"({% for m in messages %}{{ m.role|upper + ': ' + m.content }})"
             R"({% if m.role == 'assistant' %}</s>{% endif %}{{ '\n' }}{% endfor %})"
             R"({% if add_generation_prompt %}ASSISTANT:{% endif %})"},
    {"openchat",
     R"({{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }})"
     R"({% else %}GPT4 Correct {{ m.role|capitalize + ': ' + m.content }}{% endif %})"
     R"(<|end_of_turn|>{% endfor %}{% if add_generation_prompt %}GPT4 Correct Assistant:{% endif %})"},
    {"alpaca",
     R"({{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content + '\n\n' }})"
     R"({% elif m.role == 'user' %}{{ '### Instruction:\n' + m.content + '\n\n' }})"
     R"({% else %}{{ '### Response:\n' + m.content + eos_token + '\n\n' }}{% endif %}{% endfor %})"
     R"({% if add_generation_prompt %}{{ '### Response:\n' }}{% endif %})"},
    {"monarch",
     R"({% for m in messages %}{{ bos_token + m.role + '\n' + m.content + eos_token + '\n' }})"
     R"({% endfor %}{% if add_generation_prompt %}{{ bos_token + 'assistant\n' }}{% endif %})"},
    {"orion",
     R"({{ bos_token }}{% for m in messages %}{% if m.role == 'user' %})"
     R"({{ 'Human: ' + m.content + '\n\nAssistant: ' + eos_token }})"
     R"({% elif m.role == 'assistant' %}{{ m.content + eos_token }}{% endif %}{% endfor %})"},
    {"chatglm4",
     R"([gMASK]<sop>{% for m in messages %}<|{{ m.role }}|>{{ '\n' + m.content }}{% endfor %})"
     R"({% if add_generation_prompt %}<|assistant|>{% endif %})"},
    {"minicpm", R"({% for m in messages %}{% if m.role == 'user' %}<用户>{{ m.content|trim }}<AI>)"
                R"({% else %}{{ m.content|trim }}{% endif %}{% endfor %})"},
    {"megrez",
     R"({% if messages[0].role != 'system' %}<|role_start|>system<|role_end|>)"
     R"(你是Megrez-3B-Instruct，将针对用户的问题给出详细的、积极的回答。<|turn_end|>{% endif %})"
     R"({% for m in messages %}<|role_start|>{{ m.role }}<|role_end|>{{ m.content }}<|turn_end|>)"
     R"({% endfor %}{% if add_generation_prompt %}<|role_start|>assistant<|role_end|>{% endif %})"},
});

}  // namespace

std::span<const ChatFormat> chat_formats() { return kFormats; }

}  // namespace cria::text
