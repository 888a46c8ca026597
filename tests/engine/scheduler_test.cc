// Jobs in a flat batch get the tokens that each would get alone, whoever comes and goes.
#include "engine/scheduler.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "engine/generate.h"
#include "load_tiny.h"
#include "support/allocation_count.h"

namespace cria::engine {
namespace {

using Tokens = std::vector<TokenId>;

GenerateOptions options_of(int n_tokens, float temperature, uint64_t seed) {
  GenerateOptions options;
  options.max_tokens = n_tokens;
  options.ignore_eos = true;
  options.sampling.temperature = temperature;
  options.sampling.seed = seed;
  options.sampling.repeat_penalty = seed % 2 == 0 ? 1.0f : 1.2f;
  return options;
}

class Jobs : public ::testing::Test {
 protected:
  static constexpr int kCtx = 120;

  Scheduler scheduler(int64_t n_kv_tokens, int max_running, int n_chunk = 64) {
    auto made = Engine::create(
        model_, {.n_kv_tokens = n_kv_tokens, .keep_prefixes = true, .n_chunk = n_chunk});
    EXPECT_TRUE(made.ok()) << made.status().message();
    engine_ = *made;
    return Scheduler(engine_, {.n_ctx = kCtx, .max_running = max_running});
  }
  std::string alone(const Tokens& prompt, const GenerateOptions& options) {
    auto sequence = Sequence::create(model_, {.n_ctx = kCtx});
    const auto result = generate(**sequence, prompt, options, {});
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result->text;
  }
  // Its result goes to results_[i].
  Job job(size_t i, Tokens prompt, GenerateOptions options, int priority = 0) {
    results_.resize(std::max(results_.size(), i + 1));
    return {.prompt = std::move(prompt),
            .options = std::move(options),
            .on_piece = {},
            .on_done =
                [this, i](Result<GenerateResult> result) {
                  EXPECT_FALSE(results_[i].has_value()) << "answered twice";
                  results_[i] = std::move(result);
                  order_.push_back(i);
                },
            .priority = priority};
  }
  static void run(Scheduler& scheduler) {
    for (int i = 0; i < 10000 && scheduler.step(); ++i) {
    }
    EXPECT_TRUE(scheduler.idle());
  }

  const std::shared_ptr<const model::Model> model_ = load_tiny({});
  std::shared_ptr<Engine> engine_;
  std::vector<std::optional<Result<GenerateResult>>> results_;
  std::vector<size_t> order_;
};

TEST_F(Jobs, ManyAtOnceGetTheTokensThatEachGetsAlone) {
  Scheduler all = scheduler(8 * kCtx, 8);
  std::vector<Tokens> prompts;
  std::vector<GenerateOptions> options;
  for (size_t i = 0; i < 12; ++i) {
    prompts.push_back(text_of(1 + static_cast<int>(i * 13 % 70), static_cast<uint32_t>(i)));
    options.push_back(options_of(10 + static_cast<int>(i), i % 3 == 0 ? 0.0f : 0.9f, i));
    all.add(job(i, prompts[i], options[i]));
    for (size_t j = 0; j < i % 4; ++j) all.step();  // they join at different times
  }
  run(all);
  for (size_t i = 0; i < prompts.size(); ++i) {
    ASSERT_TRUE(results_[i].has_value() && results_[i]->ok()) << i;
    EXPECT_EQ((*results_[i])->text, alone(prompts[i], options[i])) << i;
    EXPECT_EQ((*results_[i])->n_generated, options[i].max_tokens);
    EXPECT_EQ((*results_[i])->n_prompt, static_cast<int>(prompts[i].size()));
  }
  EXPECT_LT(all.stats().n_steps, 12 * 15);
}

TEST_F(Jobs, WhoeverHasToGiveWayGoesOnWithTheSameTokens) {
  Scheduler all = scheduler(6 * 32, 4);  // pages for one and a half of them
  std::vector<Tokens> prompts;
  for (size_t i = 0; i < 5; ++i) {
    prompts.push_back(text_of(40, 100 + static_cast<uint32_t>(i)));
    all.add(job(i, prompts[i], options_of(60, 0.8f, i)));
  }
  run(all);
  for (size_t i = 0; i < prompts.size(); ++i) {
    ASSERT_TRUE(results_[i].has_value() && results_[i]->ok()) << i;
    EXPECT_EQ((*results_[i])->text, alone(prompts[i], options_of(60, 0.8f, i))) << i;
  }
  EXPECT_GT(all.stats().n_preemptions, 0);
  EXPECT_EQ(order_[0], 0u) << "the first one never gives way";
  engine_->prefixes()->clear();
  EXPECT_EQ(engine_->pool().n_free(), engine_->pool().n_pages());
}

TEST_F(Jobs, TheHighestPriorityIsServedFirst) {
  Scheduler one = scheduler(8 * kCtx, 1);
  for (size_t i = 0; i < 4; ++i) {
    one.add(job(i, text_of(5, 1), options_of(3, 0, 1), i == 2 ? 5 : 0));
  }
  run(one);
  EXPECT_EQ(order_, (std::vector<size_t>{2, 0, 1, 3}));
}

TEST_F(Jobs, CommonPromptsAreEvaluatedOnce) {
  Scheduler all = scheduler(16 * kCtx, 8);
  const Tokens head = text_of(90, 7);
  for (size_t i = 0; i < 5; ++i) {
    Tokens prompt = head;
    prompt.push_back(static_cast<TokenId>(10 + i));
    all.add(job(i, prompt, options_of(12, 0, 1)));
  }
  int most_running = 0;
  while (all.step()) most_running = std::max(most_running, all.stats().n_running);
  EXPECT_EQ(most_running, 5) << "they wait for the prompt, not for the reply";
  EXPECT_GE(all.stats().n_reused_tokens, 4 * 64);
  for (size_t i = 0; i < 5; ++i) {
    Tokens prompt = head;
    prompt.push_back(static_cast<TokenId>(10 + i));
    EXPECT_EQ((*results_[i])->text, alone(prompt, options_of(12, 0, 1))) << i;
    if (i > 0) {
      EXPECT_GE((*results_[i])->n_reused, 64) << i;
    }
  }
}

TEST_F(Jobs, ALongPromptDoesNotHoldUpOthers) {
  Scheduler all = scheduler(8 * kCtx, 4, 32);
  all.add(job(0, text_of(4, 1), options_of(100, 0, 1)));
  for (int i = 0; i < 5; ++i) all.step();
  all.add(job(1, text_of(110, 2), options_of(2, 0, 1)));
  // Every pass gives the first one its next token, so it takes no more passes than alone.
  int n_steps = 5;
  while (!results_[0].has_value() && all.step()) ++n_steps;
  EXPECT_LE(n_steps, 102);
  run(all);
  EXPECT_TRUE(results_[1]->ok());
}

// Short requests whose prompts are held already come at every step.
TEST_F(Jobs, ALongPromptIsNotStarvedByAStreamOfShortOnes) {
  Scheduler all = scheduler(16 * kCtx, 8, 32);
  const Tokens head = text_of(64, 7);
  all.add(job(0, head, options_of(1, 0, 1)));
  run(all);
  all.add(job(1, text_of(110, 2), options_of(1, 0, 1)));
  Tokens prompt = head;
  prompt.push_back(9);
  size_t i = 2;
  for (; i < 400 && (i < 3 || !results_[1].has_value()); ++i) {
    all.add(job(i, prompt, options_of(1, 0, 1)));
    all.step();
  }
  EXPECT_TRUE(results_[1].has_value()) << "after " << i << " steps";
  run(all);
}

TEST_F(Jobs, PromptsThatDoNotFitAreAnsweredAtOnceAndHarmNobody) {
  Scheduler all = scheduler(4 * 32, 4);
  all.add(job(0, text_of(kCtx + 1, 1), options_of(2, 0, 1)));
  EXPECT_EQ((*results_[0]).status().code(), StatusCode::context_full);
  all.add(job(1, text_of(100, 1), options_of(100, 0, 1)));
  run(all);
  EXPECT_TRUE(results_[1]->ok());
  EXPECT_EQ((*results_[1])->finish, FinishReason::context_full);
}

TEST_F(Jobs, AnEngineTooSmallForOneSaysSo) {
  Scheduler all = scheduler(32, 4);
  all.add(job(0, text_of(30, 1), options_of(20, 0, 1)));
  run(all);
  EXPECT_EQ((*results_[0]).status().code(), StatusCode::out_of_memory);
}

TEST_F(Jobs, CancelledWhileWaitingInThePromptAndInTheReply) {
  Scheduler all = scheduler(8 * kCtx, 1, 8);
  bool stop = false;
  GenerateOptions stoppable = options_of(50, 0, 1);
  stoppable.should_cancel = [&] { return stop; };
  all.add(job(0, text_of(4, 1), stoppable));
  all.add(job(1, text_of(4, 2), stoppable));  // waits
  for (int i = 0; i < 6; ++i) all.step();
  stop = true;
  run(all);
  EXPECT_EQ((*results_[0])->finish, FinishReason::cancelled);
  EXPECT_GT((*results_[0])->n_generated, 0);
  EXPECT_EQ((*results_[1]).status().code(), StatusCode::cancelled);
  stop = false;
  all.add(job(2, text_of(100, 3), stoppable));
  all.step();
  stop = true;
  run(all);
  EXPECT_EQ((*results_[2]).status().code(), StatusCode::cancelled);
}

TEST_F(Jobs, AReplyThatIsCancelledInsideAPassKeepsItsText) {
  Scheduler all = scheduler(8 * kCtx, 4);
  int n_polls = 0;
  GenerateOptions stoppable = options_of(80, 0, 1);
  stoppable.should_cancel = [&] { return ++n_polls > 40; };
  all.add(job(0, text_of(4, 1), stoppable));
  run(all);
  ASSERT_TRUE((*results_[0]).ok());
  EXPECT_EQ((*results_[0])->finish, FinishReason::cancelled);
  EXPECT_FALSE((*results_[0])->text.empty());
}

TEST_F(Jobs, AReplyThatGaveWayAndIsCancelledKeepsItsText) {
  Scheduler all = scheduler(6 * 32, 4);
  bool stop = false;
  for (size_t i = 0; i < 4; ++i) {
    GenerateOptions options = options_of(70, 0.8f, i);
    if (i > 0) options.should_cancel = [&] { return stop; };
    all.add(job(i, text_of(40, 100 + static_cast<uint32_t>(i)), options));
  }
  while (all.stats().n_preemptions == 0 && all.step()) {
  }
  stop = true;
  run(all);
  for (size_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(results_[i].has_value());
    if (!(*results_[i]).ok()) continue;  // before its first token
    EXPECT_EQ((*results_[i])->text.empty(), (*results_[i])->n_generated == 0) << i;
  }
  EXPECT_TRUE((*results_[0])->finish == FinishReason::max_tokens);
}

TEST_F(Jobs, ACallbackThatThrowsEndsEveryJobOnceAndTheSchedulerGoesOn) {
  Scheduler all = scheduler(8 * kCtx, 4);
  Job throwing = job(0, text_of(4, 1), options_of(20, 0, 1));
  throwing.on_piece = [](std::string_view) -> Continue { throw std::runtime_error("no"); };
  all.add(std::move(throwing));
  all.add(job(1, text_of(4, 2), options_of(20, 0, 1)));
  run(all);
  EXPECT_EQ((*results_[0]).status().code(), StatusCode::internal);
  EXPECT_EQ((*results_[1]).status().code(), StatusCode::internal);
  all.add(job(2, text_of(4, 2), options_of(20, 0, 1)));
  run(all);
  EXPECT_TRUE((*results_[2]).ok());
  engine_->prefixes()->clear();
  EXPECT_EQ(engine_->pool().n_free(), engine_->pool().n_pages());
}

// Both evaluate the same page at once, so one of the two hangs its next page under the other's.
TEST_F(Jobs, APinnedPrefixIsNoLackOfPages) {
  Scheduler all = scheduler(4 * 32, 2);
  auto prompt = text_of(40, 1);
  all.add(job(0, prompt, options_of(2, 0, 1)));
  prompt[39] = 77;
  all.add(job(1, prompt, options_of(70, 0, 1)));
  run(all);
  EXPECT_TRUE((*results_[1]).ok()) << (*results_[1]).status().message();
}

TEST_F(Jobs, MoreRepliesThanABatchHasRows) {
  Scheduler all = scheduler(8 * kCtx, 8, 8);
  for (size_t i = 0; i < 10; ++i) {
    all.add(job(i, text_of(9, static_cast<uint32_t>(i)), options_of(12, 0, 1)));
  }
  run(all);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ((*results_[i])->text,
              alone(text_of(9, static_cast<uint32_t>(i)), options_of(12, 0, 1)));
  }
}

TEST_F(Jobs, TheEndOfTheSchedulerAnswersEveryone) {
  {
    Scheduler all = scheduler(8 * kCtx, 1);
    all.add(job(0, text_of(4, 1), options_of(50, 0, 1)));
    all.add(job(1, text_of(4, 1), options_of(50, 0, 1)));
    all.step();
  }
  for (const auto& result : results_) EXPECT_EQ((*result).status().code(), StatusCode::cancelled);
}

TEST(Decoding, AllocatesNothing) {
  const auto model = load_tiny({.type = "f16"});
  auto sequence = Sequence::create(model, {.n_ctx = 120, .n_threads = 2});
  ASSERT_TRUE((*sequence)->eval(text_of(40, 1), {}).ok());
  const size_t n_before = testing::n_allocations;
  for (TokenId id = 5; id < 65; ++id) ASSERT_TRUE((*sequence)->eval({&id, 1}, {}).ok());
  EXPECT_EQ(testing::n_allocations, n_before);
}

// A child that may do nothing but write and end: any other system call kills it.
TEST(Decoding, MakesNoSystemCall) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
  GTEST_SKIP() << "sanitizers make system calls of their own";
#else
  const auto model = load_tiny({.type = "q8_0"});
  auto sequence = Sequence::create(model, {.n_ctx = 120, .n_threads = 1});
  ASSERT_TRUE((*sequence)->eval(text_of(40, 1), {}).ok());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    bool ok = true;
    TokenId id = 5;
    // Pages of the process are copied by faults, which are no calls.
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) ::_exit(77);
    for (; id < 65; ++id) ok = ok && (*sequence)->eval({&id, 1}, {}).ok();
    ::syscall(SYS_exit, ok ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no seccomp here";
  ASSERT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
#endif
}

}  // namespace
}  // namespace cria::engine
