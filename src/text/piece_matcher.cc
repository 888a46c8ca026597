#include "text/piece_matcher.h"

namespace cria::text {

bool PieceMatcher::add(std::string_view piece, TokenId id) {
  if (piece.empty() || piece.size() > kMaxPieceBytes) return false;
  first_bytes_.set(static_cast<unsigned char>(piece[0]));
  uint32_t node = 0;
  for (const char byte : piece) {
    const auto fresh = static_cast<uint32_t>(nodes_.size());
    const auto [entry, is_new] = edges_.try_emplace(edge(node, byte), fresh);
    if (is_new) nodes_.emplace_back();
    node = entry->second;
  }
  if (nodes_[node].id == -1) nodes_[node].id = id;
  return true;
}

PieceMatcher::Match PieceMatcher::longest_prefix(std::string_view text) const {
  Match best;
  if (text.empty() || !first_bytes_.test(static_cast<unsigned char>(text[0]))) return best;
  uint32_t node = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto next = edges_.find(edge(node, text[i]));
    if (next == edges_.end()) break;
    node = next->second;
    if (nodes_[node].id != -1) best = {i + 1, nodes_[node].id};
  }
  return best;
}

std::vector<TextPart> split_at_pieces(std::string_view text, const PieceMatcher* a,
                                      const PieceMatcher* b) {
  std::vector<TextPart> parts;
  size_t start = 0;
  size_t i = 0;
  while (i < text.size()) {
    PieceMatcher::Match match;
    for (const PieceMatcher* matcher : {a, b}) {
      if (matcher == nullptr) continue;
      const PieceMatcher::Match found = matcher->longest_prefix(text.substr(i));
      if (found.n_bytes > match.n_bytes) match = found;
    }
    if (match.n_bytes == 0) {
      ++i;
      continue;
    }
    if (i > start) parts.push_back({text.substr(start, i - start), -1});
    parts.push_back({text.substr(i, match.n_bytes), match.id});
    i += match.n_bytes;
    start = i;
  }
  if (start < text.size()) parts.push_back({text.substr(start), -1});
  return parts;
}

}  // namespace cria::text
