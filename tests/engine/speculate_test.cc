// Speculative decoding against plain decoding: the same tokens, pieces, state and logits, however
// the guesses are made and wherever the generation ends.
#include "engine/speculate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "engine/generate.h"
#include "engine/replay.h"
#include "kernels/dispatch.h"
#include "load_tiny.h"
#include "support/allocation_count.h"

namespace cria::engine {
namespace {

using ModelPtr = std::shared_ptr<const model::Model>;

// How tokens are guessed. Every guess is evaluated, whatever that costs.
struct Guessing {
  const char* name;
  bool lookup;
  ModelPtr draft;
  int max_draft = 16;
};

// A sequence with what belongs to it.
struct Generator {
  std::unique_ptr<Sequence> sequence;
  std::unique_ptr<Speculator> speculator;

  Generator(const ModelPtr& model, const ModelPtr& draft, SessionOptions options = {}) {
    options.n_threads = options.n_threads > 0 ? options.n_threads : 2;
    auto made = Sequence::create(model, options);
    EXPECT_TRUE(made.ok()) << made.status().message();
    sequence = std::move(*made);
    auto guessing = Speculator::create(*sequence, draft, options);
    EXPECT_TRUE(guessing.ok()) << guessing.status().message();
    speculator = std::move(*guessing);
    speculator->policy().set_always();
  }
};

// What can be seen of a generation.
struct Seen {
  Status status;
  GenerateResult result;
  std::vector<std::string> pieces;
  std::vector<TokenId> tokens;
  std::vector<float> logits;
};

Seen see(Generator& generator, const std::vector<TokenId>& prompt, const GenerateOptions& options,
         const PieceCallback& also = {}) {
  Seen seen;
  auto result = generate(
      *generator.sequence, prompt, options,
      [&](std::string_view piece) {
        seen.pieces.emplace_back(piece);
        return also ? also(piece) : Continue::yes;
      },
      generator.speculator.get());
  seen.status = result.status();
  if (result.ok()) seen.result = *result;
  seen.tokens = generator.sequence->tokens();
  const auto logits = generator.sequence->logits();
  seen.logits.assign(logits.begin(), logits.end());
  return seen;
}

void expect_same(const Seen& plain, const Seen& guessed, const std::string& what) {
  EXPECT_EQ(plain.status.code(), guessed.status.code()) << what;
  EXPECT_EQ(plain.tokens, guessed.tokens) << what;
  EXPECT_EQ(plain.pieces, guessed.pieces) << what;
  EXPECT_EQ(plain.result.text, guessed.result.text) << what;
  EXPECT_EQ(plain.result.finish, guessed.result.finish) << what;
  EXPECT_EQ(plain.result.n_generated, guessed.result.n_generated) << what;
  ASSERT_EQ(plain.logits.size(), guessed.logits.size()) << what;
  EXPECT_EQ(
      std::memcmp(plain.logits.data(), guessed.logits.data(), plain.logits.size() * sizeof(float)),
      0)
      << what;
  EXPECT_EQ(plain.result.n_drafted, 0);
  EXPECT_LE(guessed.result.n_accepted, guessed.result.n_drafted);
}

// Of a vocabulary of words that random weights choose from, with repetitions.
std::vector<TokenId> some_prompt(int seed, int n = 12) {
  std::vector<TokenId> prompt = {1};
  for (int i = 1; i < n; ++i) prompt.push_back(262 + (i * i * (seed + 3) + seed) % 5);
  return prompt;
}

struct Models {
  ModelPtr target, other;
  std::vector<Guessing> ways;

  explicit Models(testing::TinyModel tiny = {}, std::string_view isa = "") {
    target = load_tiny(tiny, isa);
    tiny.seed += 1;
    tiny.n_layers = 1;
    other = load_tiny(tiny, isa);
    ways = {{"lookup", true, nullptr},
            {"one token of lookup", true, nullptr, 1},
            {"the model itself", false, target, 7},
            {"another model", false, other, 3},
            {"another model and lookup", true, other, 64}};
  }
};

GenerateOptions greedily(int n) {
  GenerateOptions options;
  options.max_tokens = n;
  options.sampling.temperature = 0;
  return options;
}

GenerateOptions with(GenerateOptions options, const Guessing& way) {
  options.speculation = {.lookup = way.lookup, .max_draft = way.max_draft};
  return options;
}

GenerateOptions plainly(GenerateOptions options) {
  options.speculation = {.lookup = false, .max_draft = 0};
  return options;
}

TEST(Speculation, GreedyTokensAreTheSame) {
  const Models models;
  int n_accepted = 0, n_rejected = 0;
  for (int seed = 0; seed < 12; ++seed) {
    const auto prompt = some_prompt(seed);
    Generator plain(models.target, nullptr);
    const Seen expected = see(plain, prompt, plainly(greedily(60)));
    for (const Guessing& way : models.ways) {
      Generator generator(models.target, way.draft);
      const Seen seen = see(generator, prompt, with(greedily(60), way));
      expect_same(expected, seen, way.name);
      n_accepted += seen.result.n_accepted;
      n_rejected += seen.result.n_drafted - seen.result.n_accepted;
    }
  }
  EXPECT_GT(n_accepted, 500);
  EXPECT_GT(n_rejected, 500);
}

TEST(Speculation, EveryKernelTableAndTypeGivesTheSame) {
  for (const std::string_view isa : kernels::runnable_tables()) {
    for (const char* type : {"f16", "q4_0", "q8_0"}) {
      testing::TinyModel tiny;
      tiny.type = type;
      tiny.d_model = tiny.d_ff = 128;
      tiny.head_dim = 32;
      const Models models(tiny, isa);
      Generator plain(models.target, nullptr);
      const Seen expected = see(plain, some_prompt(1), plainly(greedily(30)));
      for (const Guessing& way : models.ways) {
        Generator generator(models.target, way.draft);
        expect_same(expected, see(generator, some_prompt(1), with(greedily(30), way)),
                    std::string(isa) + " " + type + " " + way.name);
      }
    }
  }
}

TEST(Speculation, ChunksThreadsAndCacheTypesGiveTheSame) {
  const Models models;
  for (const KvType kv : {KvType::f16, KvType::f32}) {
    Generator plain(models.target, nullptr, {.k_type = kv, .v_type = kv});
    const Seen expected = see(plain, some_prompt(2), plainly(greedily(40)));
    for (const int n_chunk : {1, 3, 512}) {
      for (const Guessing& way : models.ways) {
        Generator generator(models.target, way.draft,
                            {.n_threads = 1,
                             .n_threads_prefill = 3,
                             .n_chunk = n_chunk,
                             .k_type = kv,
                             .v_type = kv});
        expect_same(expected, see(generator, some_prompt(2), with(greedily(40), way)), way.name);
      }
    }
  }
}

std::vector<std::pair<const char*, SamplingOptions>> sampling_settings() {
  return {{"temperature 1", {.temperature = 1, .top_k = 0, .top_p = 1, .min_p = 0}},
          {"cold", {.temperature = 0.2f}},
          {"hot", {.temperature = 3, .top_k = 0, .top_p = 1, .min_p = 0}},
          {"top-k", {.temperature = 1, .top_k = 3, .top_p = 1, .min_p = 0}},
          {"top-p", {.temperature = 1, .top_k = 0, .top_p = 0.5f, .min_p = 0}},
          {"min-p", {.temperature = 1, .top_k = 0, .top_p = 1, .min_p = 0.3f}},
          {"typical", {.temperature = 1, .top_k = 0, .typical_p = 0.4f}},
          {"repeat penalty", {.temperature = 0.7f, .repeat_penalty = 1.3f, .repeat_last_n = 8}},
          {"presence, frequency",
           {.temperature = 0.7f,
            .presence_penalty = 0.5f,
            .frequency_penalty = 0.3f,
            .repeat_last_n = -1}},
          {"greedy with penalties", {.temperature = 0, .repeat_penalty = 1.2f}},
          {"bias", {.temperature = 1, .logit_bias = {{262, 3.0f}, {263, 3.0f}, {2, 1.0f}}}}};
}

TEST(Speculation, SampledTokensAreTheSameSeedBySeed) {
  const Models models;
  int n_accepted = 0;
  for (const auto& [name, sampling] : sampling_settings()) {
    for (uint64_t seed = 0; seed < 6; ++seed) {
      GenerateOptions options = greedily(40);
      options.sampling = sampling;
      options.sampling.seed = seed;
      options.ignore_eos = seed % 2 == 0;
      const auto prompt = some_prompt(static_cast<int>(seed));
      Generator plain(models.target, nullptr);
      const Seen expected = see(plain, prompt, plainly(options));
      for (const Guessing& way : models.ways) {
        Generator generator(models.target, way.draft);
        const Seen seen = see(generator, prompt, with(options, way));
        expect_same(expected, seen, std::string(name) + ", " + way.name);
        n_accepted += seen.result.n_accepted;
      }
    }
  }
  EXPECT_GT(n_accepted, 500);
}

// The token after a guess that came true, drawn many times, against the softmax of the logits.
TEST(Speculation, SampledTokensHaveTheDistributionOfTheModel) {
  const Models models;
  Generator generator(models.target, models.target);
  const auto prompt = some_prompt(3);
  GenerateOptions options = greedily(2);
  options.sampling = {.temperature = 1, .top_k = 4, .top_p = 1, .min_p = 0};
  options.ignore_eos = true;
  options.speculation = {.lookup = false, .max_draft = 3};
  ASSERT_TRUE(generator.sequence->eval(std::span(prompt).first(prompt.size() - 1), {}).ok());
  std::map<TokenId, std::map<TokenId, int>> counts;  // of the second token after each first
  const auto n_prompt = static_cast<int64_t>(prompt.size());
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    ASSERT_TRUE(generator.sequence->rewind(n_prompt - 1).ok());
    options.sampling.seed = seed;
    ASSERT_TRUE(see(generator, {prompt.back()}, options).status.ok());
    const auto& tokens = generator.sequence->tokens();
    ++counts[tokens[prompt.size()]][tokens[prompt.size() + 1]];
  }
  for (const auto& [first, seconds] : counts) {
    ASSERT_TRUE(generator.sequence->rewind(n_prompt).ok());
    ASSERT_TRUE(generator.sequence->eval({&first, 1}, {}).ok());
    const auto logits = generator.sequence->logits();
    double sum = 0, n = 0;
    for (const auto& [id, count] : seconds) {
      sum += std::exp(double{logits[static_cast<size_t>(id)]});
      n += count;
    }
    ASSERT_EQ(seconds.size(), 4u) << "the four likeliest were all drawn";
    for (const auto& [id, count] : seconds) {
      const double p = std::exp(double{logits[static_cast<size_t>(id)]}) / sum;
      EXPECT_NEAR(count, n * p, 4 * std::sqrt(n * p * (1 - p)) + 1) << first << " " << id;
    }
  }
}

TEST(Speculation, EndsAtMaxTokensInTheMiddleOfGuesses) {
  const Models models;
  for (int n = 0; n < 24; ++n) {
    Generator plain(models.target, nullptr);
    const Seen expected = see(plain, some_prompt(4), plainly(greedily(n)));
    for (const Guessing& way : models.ways) {
      Generator generator(models.target, way.draft);
      const Seen seen = see(generator, some_prompt(4), with(greedily(n), way));
      expect_same(expected, seen, way.name);
      if (n > 1) continue;
      EXPECT_EQ(seen.result.n_drafted, 0) << "guesses beyond the end";
    }
  }
}

TEST(Speculation, EndsWhereTheContextIsFullInTheMiddleOfGuesses) {
  const Models models;
  for (int n_ctx = 12; n_ctx < 34; ++n_ctx) {
    Generator plain(models.target, nullptr, {.n_ctx = n_ctx});
    const Seen expected = see(plain, some_prompt(5), plainly(greedily(-1)));
    EXPECT_EQ(expected.result.finish, FinishReason::context_full);
    for (const Guessing& way : models.ways) {
      Generator generator(models.target, way.draft, {.n_ctx = n_ctx});
      expect_same(expected, see(generator, some_prompt(5), with(greedily(-1), way)), way.name);
    }
  }
}

TEST(Speculation, EndsAtAStopTokenInTheMiddleOfGuesses) {
  const Models models;
  int n_stopped = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    GenerateOptions options = greedily(60);
    options.sampling = {.temperature = 0.5f, .top_k = 4, .seed = seed};
    options.sampling.logit_bias = {{2, 2.0f}};  // </s>
    Generator plain(models.target, nullptr);
    const Seen expected = see(plain, some_prompt(6), plainly(options));
    n_stopped += expected.result.finish == FinishReason::stop_token ? 1 : 0;
    for (const Guessing& way : models.ways) {
      Generator generator(models.target, way.draft);
      expect_same(expected, see(generator, some_prompt(6), with(options, way)), way.name);
    }
  }
  EXPECT_GT(n_stopped, 5);
}

TEST(Speculation, EndsAtAStopTextInTheMiddleOfGuesses) {
  const Models models;
  Generator whole(models.target, nullptr);
  const std::string text = see(whole, some_prompt(7), plainly(greedily(50))).result.text;
  ASSERT_GT(text.size(), 30u);
  for (size_t at = 2; at + 3 < text.size(); at += 3) {
    GenerateOptions options = greedily(50);
    options.stop = {text.substr(at, 3), "never"};
    Generator plain(models.target, nullptr);
    const Seen expected = see(plain, some_prompt(7), plainly(options));
    EXPECT_EQ(expected.result.finish, FinishReason::stop_text);
    for (const Guessing& way : models.ways) {
      Generator generator(models.target, way.draft);
      expect_same(expected, see(generator, some_prompt(7), with(options, way)), way.name);
    }
  }
}

TEST(Speculation, CancelledInTheMiddleOfGuesses) {
  const Models models;
  for (size_t n_pieces = 1; n_pieces < 20; ++n_pieces) {
    for (const bool by_callback : {true, false}) {
      const auto stopped = [&](const ModelPtr& draft, GenerateOptions options) {
        Generator generator(models.target, draft);
        size_t n = 0;
        if (!by_callback) options.should_cancel = [&] { return n >= n_pieces; };
        return see(generator, some_prompt(8), options, [&](std::string_view) {
          ++n;
          return by_callback && n >= n_pieces ? Continue::no : Continue::yes;
        });
      };
      const Seen expected = stopped(nullptr, plainly(greedily(40)));
      EXPECT_EQ(expected.result.finish, FinishReason::cancelled);
      for (const Guessing& way : models.ways) {
        expect_same(expected, stopped(way.draft, with(greedily(40), way)), way.name);
      }
    }
  }
}

TEST(Speculation, ACallbackThatThrowsLeavesNoGuesses) {
  const Models models;
  const auto thrown = [&](const ModelPtr& draft, const GenerateOptions& options) {
    Generator generator(models.target, draft);
    int n = 0;
    EXPECT_THROW(see(generator, some_prompt(9), options,
                     [&](std::string_view) -> Continue {
                       if (++n == 9) throw 42;  // NOLINT: what a host may do
                       return Continue::yes;
                     }),
                 int);
    return generator.sequence->tokens();
  };
  const auto expected = thrown(nullptr, plainly(greedily(40)));
  for (const Guessing& way : models.ways) {
    EXPECT_EQ(thrown(way.draft, with(greedily(40), way)), expected) << way.name;
  }
}

// One session, many generations, with rewinds between them, as a chat makes them.
TEST(Speculation, StaysInStepFromOneGenerationToTheNext) {
  const Models models;
  for (const Guessing& way : models.ways) {
    Generator plain(models.target, nullptr), generator(models.target, way.draft);
    for (int turn = 0; turn < 6; ++turn) {
      auto prompt = some_prompt(turn, 6);
      if (turn == 2) prompt.clear();  // goes on from what is held
      expect_same(see(plain, prompt, plainly(greedily(11 + turn))),
                  see(generator, prompt, with(greedily(11 + turn), way)), way.name);
      const auto n = static_cast<int64_t>(plain.sequence->tokens().size());
      const int64_t n_kept = turn % 2 == 0 ? n : n - 7;
      ASSERT_TRUE(plain.sequence->rewind(n_kept).ok());
      ASSERT_TRUE(generator.sequence->rewind(n_kept).ok());
    }
  }
}

TEST(Speculation, TheModelItselfGuessesAlwaysRight) {
  const Models models;
  Generator generator(models.target, models.target);
  GenerateOptions options = greedily(60);
  options.ignore_eos = true;
  options.speculation.max_draft = 5;
  const Seen seen = see(generator, some_prompt(10), options);
  EXPECT_EQ(seen.result.n_accepted, seen.result.n_drafted);
  EXPECT_EQ(seen.result.n_accepted, 50) << "each pass of five guesses brings six tokens";
}

// Once its memory has been touched, a step allocates nothing, with guesses of any kind.
TEST(Speculation, AStepAllocatesNothing) {
  const Models models;
  const auto prompt = some_prompt(1), reply = some_prompt(2, 60);
  for (const Guessing& way : models.ways) {
    Generator generator(models.target, way.draft, {.n_threads = 1});
    const GenerateOptions options = with(greedily(60), way);
    ASSERT_TRUE(generator.speculator->prepare(*generator.sequence, options.speculation).ok());
    size_t n_allocations = 1;
    for (int round = 0; round < 2; ++round) {
      ASSERT_TRUE(generator.sequence->rewind(0).ok());
      ASSERT_TRUE(generator.sequence->eval(prompt, {}).ok());
      Lookahead text(*generator.sequence, generator.speculator.get(), options);
      const size_t n_before = testing::n_allocations;
      for (const TokenId id : reply) ASSERT_TRUE(text.advance(id, 60).ok());
      n_allocations = testing::n_allocations - n_before;
      EXPECT_GT(text.n_drafted(), 0);
    }
    EXPECT_EQ(n_allocations, 0u) << way.name;
  }
}

TEST(Speculation, OptionsOutOfRangeAreRefused) {
  const Models models;
  Generator generator(models.target, nullptr);
  for (const int max_draft : {-1, kMaxGuesses + 1}) {
    GenerateOptions options = greedily(3);
    options.speculation.max_draft = max_draft;
    const Seen seen = see(generator, {1}, options);
    EXPECT_EQ(seen.status.code(), StatusCode::invalid_argument);
    EXPECT_NE(seen.status.message().find("max_draft"), std::string::npos);
    EXPECT_TRUE(seen.tokens.empty());
  }
}

TEST(Speculation, AReplayEndsWithTheStateOfThePlainOne) {
  const Models models;
  const auto prompt = some_prompt(11), reply = some_prompt(1, 40);
  Generator plain(models.target, nullptr);
  ASSERT_TRUE(replay(*plain.sequence, *plain.speculator, prompt, reply, {}).ok());
  for (const Guessing& way : models.ways) {
    Generator generator(models.target, way.draft);
    const auto times = replay(*generator.sequence, *generator.speculator, prompt, reply,
                              {.lookup = way.lookup, .max_draft = way.max_draft});
    ASSERT_TRUE(times.ok()) << times.status().message();
    EXPECT_EQ(generator.sequence->tokens(), plain.sequence->tokens());
    const auto expected = plain.sequence->logits(), found = generator.sequence->logits();
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), found.begin(), found.end()));
    EXPECT_LE(times->n_accepted, times->n_drafted);
    EXPECT_GT(times->n_drafted, 0);
  }
}

}  // namespace
}  // namespace cria::engine
