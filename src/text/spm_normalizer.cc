#include "text/spm_normalizer.h"

#include <cstring>

#include "base/byte_reader.h"
#include "base/str_cat.h"
#include "text/utf8.h"

namespace cria::text {
namespace {

// A replacement longer than this is no character's: NFKC's longest is 33 bytes. The limit keeps a
// hostile map from turning each byte of a prompt into megabytes.
constexpr size_t kMaxReplacementBytes = 1024;

// One unit of the double array, as darts-clone packs it.
bool has_leaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t leaf_value(uint32_t unit) { return unit & 0x7FFFFFFF; }
uint32_t label(uint32_t unit) { return unit & 0x800000FF; }
uint32_t offset(uint32_t unit) { return unit >> 10 << ((unit & 1u << 9) >> 6); }

// Walks every state that a text can lead to, and says what is wrong with the first bad one.
class TrieCheck {
 public:
  TrieCheck(const std::vector<uint32_t>& units, std::string_view replacements)
      : units_(units), replacements_(replacements), seen_(units.size(), false) {}

  std::string run() {
    std::vector<uint32_t> open{0};
    while (!open.empty()) {
      const uint32_t state = open.back();
      open.pop_back();
      std::string trouble = visit(state, open);
      if (!trouble.empty()) return trouble;
    }
    return {};
  }

 private:
  std::string visit(uint32_t state, std::vector<uint32_t>& open) {
    const uint32_t base = state ^ offset(units_[state]);
    // A state's children fill one aligned block of 256 units, present or not.
    if ((base | 0xFF) >= units_.size()) {
      return str_cat("unit ", state, " leads to unit ", base | 0xFF, " of ", units_.size());
    }
    if (has_leaf(units_[state])) {
      std::string trouble = check_leaf(leaf_value(units_[base]));
      if (!trouble.empty()) return trouble;
    }
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const uint32_t child = base ^ byte;
      if (label(units_[child]) != byte || seen_[child]) continue;
      seen_[child] = true;
      open.push_back(child);
    }
    return {};
  }

  std::string check_leaf(uint32_t value) const {
    if (value >= replacements_.size()) {
      return str_cat("a replacement at ", value, " of ", replacements_.size(), " bytes");
    }
    const std::string_view window = replacements_.substr(value, kMaxReplacementBytes + 1);
    if (window.find('\0') != std::string_view::npos) return {};
    return str_cat("the replacement at ", value, " does not end within ", kMaxReplacementBytes,
                   " bytes");
  }

  const std::vector<uint32_t>& units_;
  std::string_view replacements_;
  std::vector<bool> seen_;
};

}  // namespace

Result<CharsMap> CharsMap::make(std::string_view precompiled, std::string_view source_name) {
  CharsMap map;
  if (precompiled.empty()) return map;
  const std::string name = str_cat(source_name, ": precompiled_charsmap");
  ByteReader reader(as_bytes(precompiled), name);
  uint32_t n_trie_bytes = 0;
  CRIA_RETURN_IF_ERROR(reader.read("trie size", n_trie_bytes));
  if (n_trie_bytes == 0 || n_trie_bytes % 4 != 0) {
    return reader.error_at(0, "trie size", "found ", n_trie_bytes, ", expected a multiple of 4");
  }
  Bytes trie;
  CRIA_RETURN_IF_ERROR(reader.read_bytes("trie", n_trie_bytes, trie));
  map.units_.resize(n_trie_bytes / 4);
  for (size_t i = 0; i < map.units_.size(); ++i) {
    const auto* unit = reinterpret_cast<const unsigned char*>(trie.data()) + 4 * i;
    map.units_[i] = unit[0] | unit[1] << 8 | unit[2] << 16 | uint32_t{unit[3]} << 24;
  }
  std::string_view replacements;
  CRIA_RETURN_IF_ERROR(reader.read_text("replacements", reader.remaining(), replacements));
  map.replacements_ = replacements;
  const std::string trouble = TrieCheck(map.units_, replacements).run();
  if (!trouble.empty()) return reader.error_at(4, "trie", trouble);
  return map;
}

size_t CharsMap::longest_prefix(std::string_view text, std::string_view& replacement) const {
  if (units_.empty()) return 0;
  size_t longest = 0;
  uint32_t state = offset(units_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    state ^= byte;
    const uint32_t unit = units_[state];
    if (label(unit) != byte) break;
    state ^= offset(unit);
    if (!has_leaf(unit)) continue;
    longest = i + 1;
    replacement = replacements_.c_str() + leaf_value(units_[state]);
  }
  return longest;
}

namespace {

// The step at the head of a text: how much it consumes, and what stands for it.
struct NormalizedStep {
  size_t n_bytes;
  std::string_view out;
};

NormalizedStep next_step(const SpmNormalizer& normalizer, const PieceMatcher& user_defined,
                         std::string_view text) {
  const size_t n_piece = user_defined.longest_prefix(text).n_bytes;
  if (n_piece > 0) return {n_piece, text.substr(0, n_piece)};
  std::string_view replacement;
  const size_t n_replaced = normalizer.charsmap.longest_prefix(text, replacement);
  if (n_replaced > 0) return {n_replaced, replacement};
  const Utf8Step step = utf8_step(text);
  const size_t n_bytes = step.valid ? step.n_bytes : 1;
  return {n_bytes, text.substr(0, n_bytes)};
}

}  // namespace

size_t SpmNormalizer::run(std::string_view text, bool continues, const PieceMatcher& user_defined,
                          std::string& out, size_t max_bytes) const {
  const std::string_view space = escape_whitespaces ? kSpaceSymbol : std::string_view(" ");
  size_t consumed = 0;
  size_t step_start = 0;
  bool after_space = remove_extra_whitespaces && !continues;  // spaces at the start go too
  bool is_first = !continues;
  while (consumed < text.size() && out.size() <= max_bytes) {
    const NormalizedStep step = next_step(*this, user_defined, text.substr(consumed));
    step_start = consumed;
    consumed += step.n_bytes;
    std::string_view part = step.out;
    while (after_space && !part.empty() && part.front() == ' ') part.remove_prefix(1);
    // A text of spaces alone is nothing, prefix and all; sentencepiece looks at whole steps here.
    if (is_first && remove_extra_whitespaces && step.out == " ") continue;
    if (is_first && add_space_prefix) out += space;
    is_first = false;
    for (const char c : part) {
      if (c == ' ') {
        out += space;
      } else {
        out += c;
      }
    }
    if (!part.empty()) after_space = remove_extra_whitespaces && part.back() == ' ';
  }
  while (remove_extra_whitespaces && max_bytes == SIZE_MAX && out.ends_with(space)) {
    out.erase(out.size() - space.size());
  }
  return step_start;
}

}  // namespace cria::text
