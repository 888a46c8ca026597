#include "bench/engine_report.h"

#include <nlohmann/json.hpp>

#include "bench/text.h"

namespace cria::cli {
namespace {

double ratio_to_first(const EngineBenchResult& result, const ParallelResult& one) {
  return one.tokens_per_second / result.parallel.front().tokens_per_second;
}

}  // namespace

std::string engine_table(const EngineBenchResult& result) {
  std::string text =
      "| conversations | tokens/s | ± | of the first | the text of each alone |\n"
      "| ---: | ---: | ---: | ---: | --- |\n";
  for (const ParallelResult& one : result.parallel) {
    text +=
        format("| %d | %.1f | %.0f %% | %.2f | %s |\n", one.n_conversations, one.tokens_per_second,
               100 * one.spread, ratio_to_first(result, one), one.same_text ? "yes" : "NO");
  }
  const DelayResult& delay = result.delay;
  text += format(
      "\na prompt of %d tokens beside a reply: steps of %.2f ms before, the longest gap "
      "%.2f ms = %.1f steps\n",
      delay.n_prompt, delay.step_ms, delay.worst_gap_ms, delay.worst_gap_steps);
  const PrefixResult& prefix = result.prefix;
  text += format(
      "first token after %d tokens: %.1f ms; of a second question: %.1f ms (%.1f %%); "
      "after %.1f ms of reading a session: %.1f ms\n",
      prefix.n_prompt, prefix.cold_ms, prefix.again_ms, 100 * prefix.again_ms / prefix.cold_ms,
      prefix.restore_ms, prefix.restored_ms);
  const KvResult& kv = result.kv;
  text += format(
      "8 conversations of %lld tokens in all: pages for %lld (%+.1f %%), %.2f MB; "
      "resident memory grew by %.2f MB\n%d thread%s\n",
      static_cast<long long>(kv.n_tokens), static_cast<long long>(kv.n_page_tokens),
      100.0 * static_cast<double>(kv.n_page_tokens - kv.n_tokens) /
          static_cast<double>(kv.n_tokens),
      static_cast<double>(kv.n_page_tokens * kv.token_bytes) / 1e6,
      static_cast<double>(kv.rss_growth_bytes) / 1e6, result.n_threads,
      result.n_threads == 1 ? "" : "s");
  return text;
}

std::string engine_json(const EngineBenchResult& result, const std::string& filename) {
  nlohmann::ordered_json json = {{"model_filename", filename}, {"n_threads", result.n_threads}};
  for (const ParallelResult& one : result.parallel) {
    json["parallel"].push_back({{"n_conversations", one.n_conversations},
                                {"tokens_per_second", one.tokens_per_second},
                                {"spread", one.spread},
                                {"ratio_to_first", ratio_to_first(result, one)},
                                {"same_text", one.same_text}});
  }
  const DelayResult& delay = result.delay;
  json["delay"] = {{"n_prompt", delay.n_prompt},
                   {"step_ms", delay.step_ms},
                   {"worst_gap_ms", delay.worst_gap_ms},
                   {"worst_gap_steps", delay.worst_gap_steps}};
  const PrefixResult& prefix = result.prefix;
  json["prefix"] = {{"n_prompt", prefix.n_prompt},
                    {"cold_ms", prefix.cold_ms},
                    {"again_ms", prefix.again_ms},
                    {"restore_ms", prefix.restore_ms},
                    {"restored_ms", prefix.restored_ms}};
  const KvResult& kv = result.kv;
  json["kv"] = {{"n_tokens", kv.n_tokens},
                {"n_page_tokens", kv.n_page_tokens},
                {"token_bytes", kv.token_bytes},
                {"rss_growth_bytes", kv.rss_growth_bytes}};
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace cria::cli
