// cria chat: a conversation on a terminal, or one message and its reply where there is none.
#include <utility>

#include "chat_commands.h"
#include "commands.h"
#include "generation.h"
#include "interrupt.h"
#include "line_reader.h"
#include "text_input.h"

namespace cria::cli {
namespace {

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

Result<Conversation> open_conversation(const ChatOptions& options) {
  Result<Model> model = open_model(options.generation);
  if (!model.ok()) return model.status();
  const Status status = check_template(model->tokenizer(), options.chat_template);
  if (!status.ok()) return status;
  Result<Session> session = model->new_session(options.generation.session);
  if (!session.ok()) return session.status();
  return Conversation(*std::move(model), *std::move(session), options);
}

int reply_once(const ChatOptions& options, std::string message) {
  Result<Conversation> conversation = open_conversation(options);
  if (!conversation.ok()) return fail(conversation.status());
  report_seed(conversation->settings().sampling);
  Output out;
  ReplyPrinter printer(out, "");
  const Result<GenerateResult> result = conversation->say(
      std::move(message), printer.options(conversation->settings()), printer.on_piece());
  if (!result.ok()) {
    printer.abandon();
    return fail(result.status());
  }
  printer.finish();
  report_speed(*result, options.generation.stats);
  return out.exit_code(interrupted() ? kExitInterrupted : kExitDone);
}

int chat_without_terminal(const ChatOptions& options) {
  Result<std::string> message = read_prompt_text(options.generation.prompt, "message");
  if (!message.ok()) return fail(message.status());
  if (message->empty() && !options.generation.prompt.text) {
    complain("no message: standard input is empty; give -p TEXT or -f FILE");
    return kExitUsage;
  }
  return reply_once(options, *std::move(message));
}

void say_how_it_ended(const Chat& chat, const GenerateResult& result) {
  if (result.finish == FinishReason::cancelled) complain("stopped");
  if (result.finish == FinishReason::context_full) {
    complain("the context of " + std::to_string(chat.conversation.session().n_ctx()) +
             " tokens is full; /clear starts afresh, -c N makes it larger");
  }
  report_speed(result, chat.stats);
}

// Streams the reply that ask asks for. Errors are said, and the chat goes on.
template <typename Ask>
void stream_reply(Chat& chat, Ask ask) {
  clear_interrupt();
  ReplyPrinter printer(chat.out, "");
  const Result<GenerateResult> result =
      ask(printer.options(chat.conversation.settings()), printer.on_piece());
  clear_interrupt();
  if (result.ok()) {
    printer.finish();
    say_how_it_ended(chat, *result);
    return;
  }
  printer.abandon();
  complain(result.status().code() == StatusCode::cancelled ? "stopped" : result.status().message());
}

void say(Chat& chat, const std::string& message) {
  chat.history.add(message);
  stream_reply(chat, [&](const GenerateOptions& options, const PieceCallback& on_piece) {
    return chat.conversation.say(message, options, on_piece);
  });
}

// False: leave.
bool obey(Chat& chat, const std::string& line) {
  chat.history.add(line);
  const AfterCommand after = run_chat_command(chat, line);
  if (after == AfterCommand::reply_again) {
    stream_reply(chat, [&](const GenerateOptions& options, const PieceCallback& on_piece) {
      return chat.conversation.reply_again(options, on_piece);
    });
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
  Result<Conversation> conversation = open_conversation(options);
  if (!conversation.ok()) return fail(conversation.status());
  report_seed(conversation->settings().sampling);
  Chat chat{*std::move(conversation), History(history_path()), Output(), options.generation.stats};
  chat.out.write(chat.conversation.model().info().path + " (/help lists what can be typed)\n");
  if (has_first_message) {
    chat.out.write(*first + "\n");
    say(chat, *first);
  }
  return read_and_reply(chat);
}

}  // namespace

int chat_command(const ChatOptions& options) {
  catch_interrupts();
  const bool on_terminal = stdin_is_terminal() && stdout_is_terminal();
  return on_terminal ? chat_on_terminal(options) : chat_without_terminal(options);
}

}  // namespace cria::cli
