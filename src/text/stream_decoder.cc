#include "text/stream_decoder.h"

#include "text/utf8.h"

namespace cria::text {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Appends a token's bytes. The first token that is text loses its leading space where strip_space
// says so; control tokens before it (BOS) do not count, and a byte token's space is a real one.
Status append_token(const Tokenizer& tokenizer, TokenId id, bool show_control, bool& strip_space,
                    std::string& out) {
  const size_t start = out.size();
  CRIA_RETURN_IF_ERROR(tokenizer.append_piece(id, show_control, out));
  const PieceType type = tokenizer.type(id);
  if (!strip_space || type == PieceType::control || type == PieceType::unknown) return {};
  if (out.size() == start) return {};
  strip_space = false;
  if (type != PieceType::byte && out[start] == ' ') out.erase(start, 1);
  return {};
}

}  // namespace

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool at_text_start, bool show_control)
    : tokenizer_(tokenizer),
      strip_space_(at_text_start && tokenizer.strips_leading_space()),
      show_control_(show_control) {}

Status StreamDecoder::push(TokenId id, std::string& out) {
  CRIA_RETURN_IF_ERROR(append_token(tokenizer_, id, show_control_, strip_space_, pending_));
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const Utf8Step step = utf8_step(rest);
    if (step.incomplete) break;
    out += step.valid ? rest.substr(0, step.n_bytes) : kReplacement;
    rest.remove_prefix(step.n_bytes);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return {};
}

void StreamDecoder::finish(std::string& out) {
  if (!pending_.empty()) out += kReplacement;
  pending_.clear();
}

Status decode(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, bool show_control,
              std::string& out) {
  bool strip_space = tokenizer.strips_leading_space();
  for (const TokenId id : ids) {
    CRIA_RETURN_IF_ERROR(append_token(tokenizer, id, show_control, strip_space, out));
  }
  return {};
}

}  // namespace cria::text
