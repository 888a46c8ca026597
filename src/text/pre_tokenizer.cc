#include "text/pre_tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <string>

#include "base/str_cat.h"
#include "text/utf8.h"

namespace cria::text {
namespace {

// Patterns are Perl's, with two changes in meaning: \s and \S are Unicode's White_Space property
// (PCRE2's own \s counts U+180E, which has not been a space since Unicode 6.3), and $ is only the
// very end. (?i) folds as Unicode does. Each pattern of a row cuts what the one before it left:
// matches and the gaps between them are stretches of their own.
// Source: tokenizer.json of the models named, and llama.cpp's choice of names.
constexpr std::string_view kWhiteSpace =
    R"(\x{9}-\x{D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";

constexpr char kGpt2Pattern[] =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// The letters with case that DeepSeek LLM counts: an older Unicode's, without the mathematical
// ones, Georgian's small letters and a few more.
constexpr char kDeepseekLetters[] =
    R"(\s?[)"
    R"(\x{41}-\x{5A}\x{61}-\x{7A}\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA})"
    R"(\x{1BC}-\x{1BF}\x{1C4}-\x{293}\x{295}-\x{2AF}\x{370}-\x{373}\x{376}\x{377})"
    R"(\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5})"
    R"(\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556}\x{10A0}-\x{10C5}\x{13A0}-\x{13F5})"
    R"(\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B})"
    R"(\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D})"
    R"(\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D})"
    R"(\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4})"
    R"(\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC})"
    R"(\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107}\x{210A}-\x{2113}\x{2115})"
    R"(\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139})"
    R"(\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184}\x{2C00}-\x{2C7B})"
    R"(\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B})"
    R"(\x{A722}-\x{A76F}\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF})"
    R"(\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A})"
    R"(\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2})"
    R"(\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943})"
    R"(]+)";

constexpr const char* kGpt2[] = {kGpt2Pattern, nullptr};
constexpr const char* kDigitThenGpt2[] = {R"(\p{N})", kGpt2Pattern, nullptr};
constexpr const char* kLlama3[] = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    nullptr};
constexpr const char* kQwen2[] = {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
                                  R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
                                  nullptr};
constexpr const char* kFalcon[] = {R"([\p{P}$+<=>^~|`]+)", kGpt2Pattern, "[0-9][0-9][0-9]",
                                   nullptr};
// What llama.cpp does with a file that names no pre-tokenizer: nearly Falcon's.
constexpr const char* kDefault[] = {R"([\p{P}$+<=>^~|]+)", kGpt2Pattern, R"(\p{N}+)",
                                    "[0-9][0-9][0-9]", nullptr};
constexpr const char* kDeepseekCoder[] = {
    R"([\r\n])",    R"(\s?\p{L}+)",
    R"(\s?\p{P}+)", R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)",
    R"(\p{N})",     nullptr};
// "\s+$" is written so that a run of spaces is looked at once, not once from each of its spaces.
constexpr const char* kDeepseekLlm[] = {
    R"([\r\n])",
    kDeepseekLetters,
    R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)",
    R"((?<!\s)\s++$)",
    R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)",
    R"(\p{N}+)",
    nullptr};

constexpr std::string_view kDefaultNote =
    "the file does not say how its vocabulary cuts text (tokenizer.ggml.pre); llama.cpp's default "
    "is used, which may give other tokens than the model was trained with";

struct Row {
  std::string_view name;
  const char* const* patterns;  // ends with null
  bool ignores_merges = false;
  std::string_view note = {};
};

constexpr Row kRows[] = {
    {"gpt-2", kGpt2},
    {"llama-bpe", kLlama3, true},
    {"llama3", kLlama3, true},
    {"llama-v3", kLlama3, true},
    {"falcon3", kLlama3, true},
    {"qwen2", kQwen2},
    {"deepseek-r1-qwen", kQwen2},
    {"falcon", kFalcon},
    {"starcoder", kDigitThenGpt2},
    {"refact", kDigitThenGpt2},
    {"smollm", kDigitThenGpt2},
    {"deepseek-coder", kDeepseekCoder},
    {"deepseek-llm", kDeepseekLlm},
    {"mpt", kGpt2},
    {"olmo", kGpt2},
    {"phi-2", kGpt2},
    {"phi", kGpt2},
    {"default", kDefault, false, kDefaultNote},
    {"", kDefault, false, kDefaultNote},  // the key is missing, as in files of 2023
};

// \s and \S spelt out, inside a bracket and outside.
std::string with_white_space(std::string_view pattern) {
  std::string out;
  bool in_brackets = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c != '\\') {
      if (c == '[') in_brackets = true;
      if (c == ']') in_brackets = false;
      out += c;
      continue;
    }
    const char escaped = pattern[++i];
    if (escaped == 's' && in_brackets) {
      out += kWhiteSpace;
    } else if (escaped == 's' || escaped == 'S') {
      out += str_cat(escaped == 's' ? "[" : "[^", kWhiteSpace, ']');
    } else {
      out += str_cat(c, escaped);
    }
  }
  return out;
}

const Row* find_row(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// What PCRE2 needs for matching, besides the pattern. One for each call of split.
class Matcher {
 public:
  Matcher() = default;
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;
  ~Matcher() {
    pcre2_match_data_free(data_);
    pcre2_match_context_free(context_);
  }

  // Limits grow with the text: none of our patterns needs more than a few steps a byte.
  Status prepare(size_t n_bytes) {
    data_ = pcre2_match_data_create(1, nullptr);
    context_ = pcre2_match_context_create(nullptr);
    if (data_ == nullptr || context_ == nullptr) {
      return out_of_memory("no memory to match a text of ", n_bytes, " bytes");
    }
    const size_t steps = std::min(size_t{1} << 31, size_t{100'000} + 64 * n_bytes);
    pcre2_set_match_limit(context_, static_cast<uint32_t>(steps));
    pcre2_set_heap_limit(context_, uint32_t{64} << 10);  // KiB
    return {};
  }

  // Appends text, cut at the matches of code. Requires: text is valid UTF-8.
  void split(const pcre2_code* code, std::string_view text, std::vector<std::string_view>& out) {
    size_t done = 0;
    while (done < text.size()) {
      int n_groups = match(code, text, done, 0);
      // The stack of compiled code is small; the interpreter's is on the heap.
      if (n_groups == PCRE2_ERROR_JIT_STACKLIMIT) n_groups = match(code, text, done, PCRE2_NO_JIT);
      if (n_groups < 0) break;  // no match, or a limit: the rest stays together
      const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data_);
      if (bounds[0] > done) out.push_back(text.substr(done, bounds[0] - done));
      out.push_back(text.substr(bounds[0], bounds[1] - bounds[0]));
      done = bounds[1];
    }
    if (done < text.size()) out.push_back(text.substr(done));
  }

 private:
  int match(const pcre2_code* code, std::string_view text, size_t start, uint32_t options) {
    return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), start,
                       options | PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, data_, context_);
  }

  pcre2_match_data* data_ = nullptr;
  pcre2_match_context* context_ = nullptr;
};

}  // namespace

void PreTokenizer::CodeDeleter::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

Result<PreTokenizer> PreTokenizer::make(std::string_view name, std::string_view source_name) {
  const Row* row = find_row(name);
  if (row == nullptr) {
    std::string known;
    for (const std::string_view each : pre_tokenizer_names()) {
      known += str_cat(known.empty() ? "" : ", ", each);
    }
    return unsupported(source_name, ": pre-tokenizer ", quoted(name),
                       " (tokenizer.ggml.pre); known: ", known);
  }
  PreTokenizer out;
  out.ignores_merges_ = row->ignores_merges;
  out.note_ = row->note;
  for (const char* const* pattern = row->patterns; *pattern != nullptr; ++pattern) {
    const std::string spelt = with_white_space(*pattern);
    int error = 0;
    PCRE2_SIZE offset = 0;
    out.stages_.emplace_back(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(spelt.data()), spelt.size(),
                                           PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY, &error,
                                           &offset, nullptr));
    if (out.stages_.back() == nullptr) {
      return Status(StatusCode::internal, str_cat("pre-tokenizer ", name, ": PCRE2 error ", error,
                                                  " at ", offset, " of its pattern"));
    }
    // Where there is no JIT (a system that forbids it), matching is slower and the same.
    pcre2_jit_compile(out.stages_.back().get(), PCRE2_JIT_COMPLETE);
  }
  return out;
}

Status PreTokenizer::split(std::string_view text, std::vector<std::string_view>& out) const {
  Matcher matcher;
  CRIA_RETURN_IF_ERROR(matcher.prepare(text.size()));
  std::vector<std::string_view> parts, finer;
  const auto split_valid = [&](std::string_view valid) {
    if (valid.empty()) return;
    parts.assign(1, valid);
    for (const auto& stage : stages_) {
      finer.clear();
      for (const std::string_view part : parts) matcher.split(stage.get(), part, finer);
      parts.swap(finer);
    }
    out.insert(out.end(), parts.begin(), parts.end());
  };
  size_t start = 0;
  size_t i = 0;
  while (i < text.size()) {
    const Utf8Step step = utf8_step(text.substr(i));
    if (!step.valid) {
      split_valid(text.substr(start, i - start));
      for (size_t k = 0; k < step.n_bytes; ++k) out.push_back(text.substr(i + k, 1));
      start = i + step.n_bytes;
    }
    i += step.n_bytes;
  }
  split_valid(text.substr(start));
  return {};
}

std::vector<std::string_view> pre_tokenizer_names() {
  std::vector<std::string_view> names;
  for (const Row& row : kRows) {
    if (!row.name.empty()) names.push_back(row.name);
  }
  return names;
}

}  // namespace cria::text
