#include "chat_commands.h"

#include <array>
#include <string_view>

#include "numbers.h"
#include "settings.h"
#include "transcript.h"

namespace cria::cli {
namespace {

struct Command {
  std::string_view name;
  std::string_view arguments;
  std::string_view help;
  AfterCommand (*run)(Chat& chat, const std::string& argument);
};

// The table below and show_help need each other.
AfterCommand show_help(Chat& chat, const std::string& argument);

std::string after_first_word(const std::string& text) {
  const size_t space = text.find(' ');
  if (space == std::string::npos) return "";
  const size_t begin = text.find_first_not_of(' ', space);
  return begin == std::string::npos ? "" : text.substr(begin);
}

std::string first_word(const std::string& text) { return text.substr(0, text.find(' ')); }

std::string settings_text(const GenerateOptions& options) {
  std::string text;
  for (const Setting& setting : settings()) {
    const std::string name = setting.name;
    text +=
        "  " + name + std::string(20 - name.size(), ' ') + setting_text(setting, options) + "\n";
  }
  return text + "  seed                " + std::to_string(options.sampling.seed) + "\n";
}

std::string set_seed(const std::string& value, GenerateOptions& options) {
  const std::optional<uint64_t> seed = parse_unsigned(value);
  if (!seed) return "must be a whole number, 0 or more; found \"" + value + "\"";
  options.sampling.seed = *seed;
  return "";
}

AfterCommand set_value(Chat& chat, const std::string& argument) {
  const std::string name = first_word(argument);
  const std::string value = after_first_word(argument);
  GenerateOptions& options = chat.conversation.settings();
  const Setting* setting = find_setting(name);
  if (setting == nullptr && name != "seed") {
    complain("no setting \"" + name + "\"; /show lists them");
    return AfterCommand::read_on;
  }
  const std::string wrong = setting == nullptr
                                ? set_seed(value, options)
                                : apply_setting(*setting, value, options).value_or("");
  if (!wrong.empty()) complain(name + " " + wrong);
  return AfterCommand::read_on;
}

AfterCommand show(Chat& chat, const std::string&) {
  const Conversation& conversation = chat.conversation;
  const ModelInfo& info = conversation.model().info();
  const Session& session = conversation.session();
  std::string text = "model     " + info.path + " (" + info.architecture + ", " +
                     std::to_string(info.n_params) + " parameters, kernels " + info.kernels + ")\n";
  text += "context   " + std::to_string(session.tokens().size()) + " of " +
          std::to_string(session.n_ctx()) + " tokens\n";
  text += "messages  " + std::to_string(conversation.messages().size()) + "\n";
  text += "system    " + (conversation.system().empty() ? "none" : conversation.system()) + "\n";
  chat.out.write(text + "settings\n" + settings_text(conversation.settings()));
  return AfterCommand::read_on;
}

AfterCommand show_devices(Chat& chat, const std::string&) {
  if (chat.home) {
    chat.out.write(house::device_table(chat.home->house()));
  } else {
    complain("there are no devices: only a chat with Al has a house");
  }
  return AfterCommand::read_on;
}

AfterCommand clear(Chat& chat, const std::string&) {
  chat.conversation.clear();
  return AfterCommand::read_on;
}

AfterCommand set_system(Chat& chat, const std::string& argument) {
  if (chat.home) {
    complain("Al's system message is the house; /devices shows it");
    return AfterCommand::read_on;
  }
  chat.conversation.set_system(argument);
  return AfterCommand::read_on;
}

AfterCommand save(Chat& chat, const std::string& argument) {
  if (argument.empty()) {
    complain("/save needs the name of a file");
    return AfterCommand::read_on;
  }
  const Status status = save_transcript(argument, chat.conversation.messages());
  if (!status.ok()) complain(status.message());
  return AfterCommand::read_on;
}

AfterCommand load(Chat& chat, const std::string& argument) {
  Result<std::vector<ChatMessage>> messages = load_transcript(argument);
  if (!messages.ok()) {
    complain(messages.status().message());
    return AfterCommand::read_on;
  }
  const size_t n_messages = messages->size();
  chat.conversation.set_messages(*std::move(messages));
  chat.out.write(std::to_string(n_messages) + " messages loaded\n");
  return AfterCommand::read_on;
}

AfterCommand show_history(Chat& chat, const std::string&) {
  std::string text;
  for (const std::string& entry : chat.history.entries()) text += "  " + entry + "\n";
  chat.out.write(text);
  return AfterCommand::read_on;
}

constexpr std::array kCommands = {
    Command{"/help", "", "this list", show_help},
    Command{"/set", "NAME VALUE", "change a setting, as in /set temp 0.2", set_value},
    Command{"/show", "", "the model, the context and the settings", show},
    Command{"/devices", "", "the simulated house, in a chat with Al", show_devices},
    Command{"/system", "TEXT", "change the system message; without a text: none", set_system},
    Command{"/clear", "", "forget the messages", clear},
    Command{"/regen", "", "another reply to the last message",
            [](Chat&, const std::string&) { return AfterCommand::reply_again; }},
    Command{"/save", "FILE", "write the messages to a file", save},
    Command{"/load", "FILE", "go on with the messages of a file", load},
    Command{"/history", "", "what was typed, in earlier chats too", show_history},
    Command{"/bye", "", "leave (or Ctrl-D)",
            [](Chat&, const std::string&) { return AfterCommand::leave; }},
};

AfterCommand show_help(Chat& chat, const std::string&) {
  std::string text;
  for (const Command& command : kCommands) {
    std::string usage = std::string(command.name) + " " + std::string(command.arguments);
    usage.resize(18, ' ');
    text += "  " + usage + std::string(command.help) + "\n";
  }
  text += "  \"\"\"               begins and ends a message of several lines\n";
  text += "  Ctrl-C            stops a reply\n";
  chat.out.write(text);
  return AfterCommand::read_on;
}

}  // namespace

bool is_chat_command(const std::string& line) { return !line.empty() && line[0] == '/'; }

AfterCommand run_chat_command(Chat& chat, const std::string& line) {
  const std::string name = first_word(line);
  for (const Command& command : kCommands) {
    if (name == command.name) return command.run(chat, after_first_word(line));
  }
  complain("unknown command " + name + "; /help lists them");
  return AfterCommand::read_on;
}

}  // namespace cria::cli
