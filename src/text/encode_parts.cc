#include "text/encode_parts.h"

#include "base/str_cat.h"

namespace cria::text {
namespace {

constexpr size_t kMaxTextBytes = size_t{1} << 28;  // symbols are counted in int32_t

Status append_parts(const PieceTable& table, std::string_view text, bool parse_special,
                    const PieceMatcher* user,
                    FunctionRef<Status(std::string_view, std::vector<TokenId>&)> encode_part,
                    std::vector<TokenId>& out) {
  const PieceMatcher* control = parse_special ? &table.control_matcher() : nullptr;
  for (const TextPart& part : split_at_pieces(text, control, user)) {
    if (part.id != -1) {
      out.push_back(part.id);
    } else {
      CRIA_RETURN_IF_ERROR(encode_part(part.text, out));
    }
  }
  return {};
}

}  // namespace

Status encode_parts(
    const PieceTable& table, std::string_view text, const EncodeOptions& options,
    const PieceMatcher* user,
    FunctionRef<Status(std::string_view part, std::vector<TokenId>& out)> encode_part,
    std::vector<TokenId>& out) {
  if (text.size() > kMaxTextBytes) {
    return out_of_memory("a text of ", text.size(), " bytes; at most ", kMaxTextBytes,
                         " can be encoded at once");
  }
  const size_t n_before = out.size();
  if (options.add_special && table.special().add_bos) out.push_back(table.special().bos);
  Status status = append_parts(table, text, options.parse_special, user, encode_part, out);
  if (!status.ok()) {
    out.resize(n_before);
    return status;
  }
  if (options.add_special && table.special().add_eos) out.push_back(table.special().eos);
  return {};
}

}  // namespace cria::text
