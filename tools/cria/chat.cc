// cria chat: a conversation on a terminal, or one message and its reply where there is none.
#include <utility>

#include "chat_commands.h"
#include "commands.h"
#include "generation.h"
#include "house/al.h"
#include "house/guide.h"
#include "interrupt.h"
#include "line_reader.h"
#include "text_input.h"

namespace cria::cli {
namespace {

// The exchanges before a message that Al sees: what a follow-up refers to. Longer conversations are
// rare in what it was trained with, and confuse it.
constexpr size_t kAlWindow = 1;
constexpr const char* kSimulated = "The house is simulated: nothing real is switched.";

std::string template_names() {
  std::string names;
  for (const std::string& name : Tokenizer::chat_template_names()) {
    names.append(names.empty() ? "" : ", ").append(name);
  }
  return names;
}

// Refuses before the first message what every reply would refuse.
Status check_template(const Tokenizer& tokenizer, const std::string& forced) {
  if (forced.empty()) {
    Status own = tokenizer.chat_template_name().status();
    if (own.code() != StatusCode::not_found) return own;
    return Status(own.code(), own.message() + " (one of " + template_names() + ")");
  }
  for (const std::string& name : Tokenizer::chat_template_names()) {
    if (name == forced) return Status();
  }
  return Status(StatusCode::invalid_argument, "--chat-template: there is no template \"" + forced +
                                                  "\"; names: " + template_names());
}

// The demo house, or the one that options name, where the model is Al and has not been given
// another task by a system message.
Status open_home(const ChatOptions& options, Chat& chat) {
  if (!house::is_al(chat.conversation.model()) || !options.system.empty()) {
    if (options.house.empty()) return Status();
    return Status(StatusCode::invalid_argument,
                  "--house is for a chat with Al without a system message of your own");
  }
  const Result<house::House> house = open_house(options.house);
  if (!house.ok()) return house.status();
  chat.home.emplace(*house);
  chat.conversation.set_window(kAlWindow);
  if (!options.temperature_given) chat.conversation.settings().sampling.temperature = 0;
  return Status();
}

Result<Chat> open_chat(const ChatOptions& options, const std::string& history) {
  Result<Model> model = open_model(options.generation);
  if (!model.ok()) return model.status();
  Status status = check_template(model->tokenizer(), options.chat_template);
  if (!status.ok()) return status;
  Result<Session> session = open_session(*model, options.generation);
  if (!session.ok()) return session.status();
  Chat chat{Conversation(*std::move(model), *std::move(session), options),
            History(history),
            Output(),
            options.generation.stats,
            std::nullopt,
            std::nullopt};
  status = open_home(options, chat);
  if (!status.ok()) return status;
  if (!options.session.empty()) {
    chat.kept.emplace(options.session);
    status = chat.kept->resume(chat.conversation, chat.home);
    if (!status.ok()) return status;
  }
  report_seed(chat.conversation.settings().sampling);
  return chat;
}

// Streams the reply to message, or another one to the last message where there is none.
Result<GenerateResult> stream_reply(Chat& chat, const std::string* message) {
  ReplyPrinter printer(chat.out, "");
  PieceCallback on_piece = printer.on_piece();
  if (chat.home) chat.conversation.set_system(chat.home->begin_reply(message == nullptr));
  const PieceCallback on_words = chat.home ? chat.home->words_only(on_piece) : on_piece;
  GenerateOptions settings = printer.options(chat.conversation.settings());
  if (chat.home) {
    std::vector<ChatMessage> messages = chat.conversation.messages();
    if (message != nullptr) messages.push_back({"user", *message});
    settings.continuations = [home = &*chat.home,
                              asked = house::asked_in(messages)](std::string_view text) {
      return house::guide(home->house(), asked, text);
    };
  }
  Result<GenerateResult> result = message == nullptr
                                      ? chat.conversation.reply_again(settings, on_words)
                                      : chat.conversation.say(*message, settings, on_words);
  if (!result.ok()) {
    if (chat.home) chat.home->abandon_reply();
    printer.abandon();
    return result;
  }
  house::Reply reply;
  if (chat.home) reply = chat.home->end_reply(on_piece);
  printer.finish();
  if (!chat.home) return result;
  if (result->finish != FinishReason::cancelled) {
    chat.home->obey(reply);
  } else if (result->text.empty()) {
    chat.home->abandon_reply();
  }
  return result;
}

// The same, and keeps the chat where that was asked for.
Result<GenerateResult> reply_and_keep(Chat& chat, const std::string* message) {
  Result<GenerateResult> result = stream_reply(chat, message);
  if (result.ok() && chat.kept) chat.kept->keep(chat.conversation, chat.home);
  return result;
}

int reply_once(const ChatOptions& options, const std::string& message) {
  Result<Chat> chat = open_chat(options, "");
  if (!chat.ok()) return fail(chat.status());
  if (chat->home) complain(std::string("note: ") + kSimulated);
  const Result<GenerateResult> result = reply_and_keep(*chat, &message);
  if (!result.ok()) return fail(result.status());
  report_speed(*result, options.generation.stats);
  return chat->out.exit_code(interrupted() ? kExitInterrupted : kExitDone);
}

int chat_without_terminal(const ChatOptions& options) {
  const Result<std::string> message = read_prompt_text(options.generation.prompt, "message");
  if (!message.ok()) return fail(message.status());
  if (message->empty() && !options.generation.prompt.text) {
    complain("no message: standard input is empty; give -p TEXT or -f FILE");
    return kExitUsage;
  }
  return reply_once(options, *message);
}

void say_how_it_ended(const Chat& chat, const GenerateResult& result) {
  if (result.finish == FinishReason::cancelled) complain("stopped");
  if (result.finish == FinishReason::context_full) {
    complain("the context of " + std::to_string(chat.conversation.session().n_ctx()) +
             " tokens is full; /clear starts afresh, -c N makes it larger");
  }
  report_speed(result, chat.stats);
}

// A reply in a chat that goes on: errors are said. message: as for stream_reply.
void reply(Chat& chat, const std::string* message) {
  clear_interrupt();
  const Result<GenerateResult> result = reply_and_keep(chat, message);
  clear_interrupt();
  if (result.ok()) {
    say_how_it_ended(chat, *result);
  } else if (result.status().code() == StatusCode::cancelled) {
    complain("stopped");
  } else {
    complain(result.status().message());
  }
}

void say(Chat& chat, const std::string& message) {
  chat.history.add(message);
  reply(chat, &message);
}

// Al answers at temperature 0 where nobody asks for another.
void note_same_reply(const Chat& chat) {
  const bool is_greedy = chat.conversation.settings().sampling.temperature == 0;
  if (!chat.home || !is_greedy || chat.conversation.messages().empty()) return;
  complain("note: at temperature 0 the reply is the same again; /set temp 0.8 gives others");
}

// False: leave.
bool obey(Chat& chat, const std::string& line) {
  chat.history.add(line);
  const AfterCommand after = run_chat_command(chat, line);
  if (after == AfterCommand::reply_again) {
    note_same_reply(chat);
    reply(chat, nullptr);
  }
  return after != AfterCommand::leave;
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\n") == std::string::npos;
}

int read_and_reply(Chat& chat) {
  LineReader reader(chat.out);
  bool interrupted_before = false;
  while (!chat.out.failed()) {
    std::string message;
    const ReadOutcome outcome = reader.read_message(chat.history.entries(), &message);
    if (outcome == ReadOutcome::interrupted && !interrupted_before) {
      interrupted_before = true;
      chat.out.write("\n(Ctrl-C again, Ctrl-D or /bye leaves)\n");
      continue;
    }
    if (outcome != ReadOutcome::text && outcome != ReadOutcome::quoted) {
      chat.out.write("\n");
      const bool twice = outcome == ReadOutcome::interrupted;
      return chat.out.exit_code(twice ? kExitInterrupted : kExitDone);
    }
    interrupted_before = false;
    if (is_blank(message)) continue;
    if (outcome == ReadOutcome::quoted || !is_chat_command(message)) {
      say(chat, message);
    } else if (!obey(chat, message)) {
      break;
    }
  }
  return chat.out.exit_code(kExitDone);
}

int chat_on_terminal(const ChatOptions& options) {
  const PromptFlags& prompt = options.generation.prompt;
  const bool has_first_message = prompt.text || !prompt.file.empty();
  Result<std::string> first =
      has_first_message ? read_prompt_text(prompt, "message") : std::string();
  if (!first.ok()) return fail(first.status());
  Result<Chat> chat = open_chat(options, history_path());
  if (!chat.ok()) return fail(chat.status());
  chat->out.write(chat->conversation.model().info().path + " (/help lists what can be typed)\n");
  if (chat->home) chat->out.write(std::string(kSimulated) + " /devices shows it.\n");
  if (has_first_message) {
    chat->out.write(*first + "\n");
    say(*chat, *first);
  }
  return read_and_reply(*chat);
}

}  // namespace

int chat_command(const ChatOptions& options) {
  catch_interrupts();
  const bool on_terminal = stdin_is_terminal() && stdout_is_terminal();
  return on_terminal ? chat_on_terminal(options) : chat_without_terminal(options);
}

}  // namespace cria::cli
