#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/chat_template.h"

// A template from a model's metadata, and a conversation whose texts its author may know.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto recognized = cria::text::recognize_chat_template(source);
  if (!recognized.ok()) return 0;
  const cria::text::ChatContext context = {
      .bos_token = "<s>", .eos_token = "</s>", .date = "26 Jul 2024"};
  std::string out;
  for (const auto& messages : {std::vector<cria::text::ChatMessage>{{"user", "\xE3\x80\x80 a\xFF"}},
                               {{"system", ""}, {"user", "x\n"}, {"assistant", "</think>{"}}}) {
    // Refused or not: only harm counts.
    static_cast<void>((*recognized)->render(messages, context, out).ok());
  }
  return 0;
}
