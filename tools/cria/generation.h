// What run and chat have in common: opening a model, and a reply on its way to the screen.
#pragma once

#include <functional>
#include <string>

#include "cria/model.h"
#include "options.h"
#include "output.h"
#include "terminal.h"

namespace cria::cli {

// With a progress bar; stopped by Ctrl-C. Says which context a budget leaves where none was asked
// for. Errors: as Model::open.
Result<Model> open_model(const GenerationFlags& flags);

// With the draft model that flags name, if any. Errors: as Model::open and Model::new_session.
Result<Session> open_session(const Model& model, const GenerationFlags& flags);

// "cria: seed N" on standard error, where chance plays a part.
void report_seed(const SamplingOptions& sampling);

// `[ prompt: x t/s | generation: y t/s ]` on standard error, where stats asks for it; also how many
// tokens were guessed ahead, where any were.
// Never silent: what Overflow made of the text, on standard error.
void report_forgotten(const GenerateResult& result);
// That, and the speed where it is wanted.
void report_speed(const GenerateResult& result, Stats stats);

// The callbacks of one reply: pieces go to out as they come, Ctrl-C stops, a bar shows how far a
// long prompt is read. Requires: out and this outlive the call that got the callbacks.
class ReplyPrinter {
 public:
  // heading is printed before the first piece, so nothing is printed where the prompt is refused.
  ReplyPrinter(Output& out, std::string heading);

  // base with the callbacks set.
  GenerateOptions options(const GenerateOptions& base);
  PieceCallback on_piece();
  // Call after the reply: the heading, where no piece came, and a newline.
  void finish();
  // For a reply that failed: a newline only where something stands on the line.
  void abandon();

 private:
  void begin();

  Output& out_;
  std::string heading_;
  ProgressBar bar_;
  bool begun_ = false;
};

}  // namespace cria::cli
