// The formats that can be chosen by name, each written as a chat template of ours.
#pragma once

#include <span>
#include <string_view>

namespace cria::text {

struct ChatFormat {
  std::string_view name;
  std::string_view jinja;
};

// The first format that renders as a file's own template does gives it its name.
std::span<const ChatFormat> chat_formats();

}  // namespace cria::text
