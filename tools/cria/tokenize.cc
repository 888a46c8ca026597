// cria tokenize: text to token ids. Needs a vocabulary only, of any architecture.
#include "commands.h"
#include "cria/model.h"
#include "cria/tokenizer.h"
#include "output.h"
#include "printable.h"
#include "text_input.h"

namespace cria::cli {
namespace {

std::string ids_on_one_line(const std::vector<TokenId>& ids) {
  std::string text;
  for (const TokenId id : ids) {
    if (!text.empty()) text += ' ';
    text += std::to_string(id);
  }
  return text + "\n";
}

Result<std::string> pieces_on_lines(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  std::string text;
  for (const TokenId id : ids) {
    const Result<std::string> piece = tokenizer.piece(id);
    if (!piece.ok()) return piece.status();
    text += std::to_string(id) + "\t" + json_string(*piece) + "\n";
  }
  return text;
}

// A vocabulary file alone is enough, except that llama2.c's does not say how many tokens it has:
// that takes the model as well.
Result<Tokenizer> open_tokenizer(const ModelFlags& flags) {
  if (flags.tokenizer.empty()) return Tokenizer::open(flags.path);
  if (flags.path.empty()) return Tokenizer::open(flags.tokenizer);
  ModelOptions options;
  options.tokenizer_path = flags.tokenizer;
  const Result<Model> model = Model::open(flags.path, options);
  if (!model.ok()) return model.status();
  return model->tokenizer();
}

}  // namespace

int tokenize_command(const TokenizeOptions& options) {
  const Result<Tokenizer> tokenizer = open_tokenizer(options.model);
  if (!tokenizer.ok()) return fail(tokenizer.status());
  const Result<std::string> text = read_prompt(options.prompt, "text");
  if (!text.ok()) return fail(text.status());
  const auto ids =
      tokenizer->encode(*text, {.add_special = !options.no_bos, .parse_special = options.special});
  if (!ids.ok()) return fail(ids.status());
  const Result<std::string> lines =
      options.ids ? Result<std::string>(ids_on_one_line(*ids)) : pieces_on_lines(*tokenizer, *ids);
  if (!lines.ok()) return fail(lines.status());
  Output out;
  out.write(*lines);
  return out.exit_code(kExitDone);
}

}  // namespace cria::cli
