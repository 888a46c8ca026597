#include "flag_parsing.h"

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include "numbers.h"
#include "output.h"

namespace cria::cli {
namespace {

// Flags of several letters after one dash, as users of this field type them.
constexpr std::array<std::pair<const char*, const char*>, 7> kShortSpellings = {{
    {"-sys", "--system"},
    {"-tb", "--threads-batch"},
    {"-ub", "--ubatch-size"},
    {"-ctk", "--cache-type-k"},
    {"-ctv", "--cache-type-v"},
    {"-pg", "--prompt-gen"},
    {"-md", "--draft-model"},
}};

bool takes_value(const CLI::App& app, const std::string& name) {
  const CLI::Option* option = app.get_option_no_throw(name);
  return option != nullptr && option->get_items_expected_min() > 0;
}

std::string long_spelling(const std::string& word) {
  for (const auto& [from, to] : kShortSpellings) {
    if (word == from) return to;
  }
  return word;
}

// Maps the short spellings, and splits "--name=value" in two because the library loses an empty
// value. A word that is a flag's value is never touched.
std::vector<std::string> normalised(const CLI::App& app, const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") {
      out.insert(out.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      break;
    }
    const std::string word = long_spelling(words[i]);
    const size_t equals = word.rfind("--", 0) == 0 ? word.find('=') : std::string::npos;
    if (equals != std::string::npos && takes_value(app, word.substr(0, equals))) {
      out.push_back(word.substr(0, equals));
      out.push_back(word.substr(equals + 1));
      continue;
    }
    out.push_back(word);
    if (takes_value(app, word) && i + 1 < words.size()) out.push_back(words[++i]);
  }
  return out;
}

}  // namespace

void refuse(const std::string& flags, const std::string& reason) {
  throw CLI::ValidationError(flags, reason);
}

CLI::Option* add_text(CLI::App& app, const std::string& flags, const char* type, const char* help,
                      std::function<void(const std::string&)> store) {
  CLI::callback_t callback = [store = std::move(store)](const CLI::results_t& values) {
    store(values.front());
    return true;
  };
  return app.add_option(flags, callback, help)->type_name(type);
}

CLI::Option* add_string(CLI::App& app, const std::string& flags, const char* type, const char* help,
                        std::string& target) {
  return add_text(app, flags, type, help, [&target](const std::string& value) { target = value; });
}

int checked_integer(const std::string& flags, const std::string& value, int least, int most) {
  const std::optional<int64_t> number = parse_integer(value);
  if (!number || *number < least || *number > most) {
    const std::string upper = most == INT_MAX ? " or more" : " to " + std::to_string(most);
    refuse(flags, "must be a whole number, " + std::to_string(least) + upper + "; found \"" +
                      value + "\"");
  }
  return static_cast<int>(*number);
}

CLI::Option* add_integer(CLI::App& app, const std::string& flags, const char* help, int least,
                         int most, int& target) {
  return add_text(app, flags, "N", help, [flags, least, most, &target](const std::string& value) {
    target = checked_integer(flags, value, least, most);
  });
}

CLI::Option* add_byte_size(CLI::App& app, const std::string& flags, const char* help,
                           int64_t& target) {
  return add_text(app, flags, "SIZE", help, [flags, &target](const std::string& value) {
    const std::optional<int64_t> size = parse_byte_size(value);
    if (!size) {
      refuse(flags, "must be a size, as in 800M or 1.5G; found \"" + value + "\"");
    }
    target = *size;
  });
}

void add_cache_type(CLI::App& app, const std::string& flags, const char* help, KvType& target) {
  add_text(app, flags, "TYPE", help, [flags, &target](const std::string& value) {
    for (const KvType type : {KvType::f16, KvType::f32, KvType::q8_0, KvType::q4_0}) {
      if (value != kv_type_name(type)) continue;
      target = type;
      return;
    }
    refuse(flags, "must be f16, f32, q8_0 or q4_0; found \"" + value + "\"");
  });
}

// The library turns a single "{}" into {"{}", "%%"}; that is undone.
void add_repeatable(CLI::App& app, const std::string& flags, const char* type, const char* help,
                    std::function<void(const std::string&)> store) {
  CLI::callback_t callback = [store = std::move(store)](const CLI::results_t& values) {
    const bool marked = values.size() == 2 && values[0] == "{}" && values[1] == "%%";
    for (size_t i = 0; i < (marked ? 1 : values.size()); ++i) store(values[i]);
    return true;
  };
  app.add_option(flags, callback, help)->type_name(type)->take_all();
}

std::optional<int> parse(CLI::App& app, const std::vector<std::string>& words,
                         const std::function<void()>& finish) {
  try {
    std::vector<std::string> reversed = normalised(app, words);
    std::reverse(reversed.begin(), reversed.end());  // the library takes them from the back
    app.parse(std::move(reversed));
    finish();
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    Output out;
    out.write(app.help());
    return out.exit_code(kExitDone);
  } catch (const CLI::ParseError& error) {
    complain(std::string(error.what()) + " (" + app.get_name() + " --help lists the flags)");
    return kExitUsage;
  }
}

}  // namespace cria::cli
