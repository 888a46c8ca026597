#include "bench/model_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/text.h"
#include "printable.h"

namespace cria::cli {
namespace {

using Json = nlohmann::ordered_json;

// "1.1B", "134M", as models are called.
std::string size_name(int64_t n_params) {
  const auto n = static_cast<double>(n_params);
  return n >= 1e9 ? format("%.1fB", n / 1e9) : format("%.0fM", n / 1e6);
}

// The type that most of the weights have, in capitals: "Q4_0".
std::string type_name(const ModelExplanation& explanation) {
  std::string most;
  int64_t most_elems = 0;
  for (const MatrixReport& matrix : explanation.matrices) {
    int64_t n = 0;
    for (const MatrixReport& other : explanation.matrices) {
      if (other.type == matrix.type) n += other.n * other.k * other.count;
    }
    if (n > most_elems) most = matrix.type;
    most_elems = std::max(most_elems, n);
  }
  std::transform(most.begin(), most.end(), most.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return most;
}

std::string model_type(const ModelBenchFacts& facts, const ModelResult& result) {
  return facts.model.architecture + " " + size_name(facts.model.n_params) + " " +
         type_name(result.context.explanation);
}

std::string percent(std::optional<double> share) {
  return share ? format("%.0f %%", 100 * *share) : "";
}

Json optional_number(std::optional<double> value) { return value ? Json(*value) : Json(nullptr); }

// All keys but the samples.
Json keys_of(const ModelBenchFacts& facts, const ModelResult& result) {
  const BuildInfo build = build_info();
  const ModelContext& context = result.context;
  const ModelTest& test = result.test;
  const int n_batch = test.n_batch;
  return {{"build_commit", build.commit},
          {"build_number", build.number},
          {"cpu_info", cpu_name()},
          {"gpu_info", ""},
          {"backends", "CPU"},
          {"model_filename", facts.filename},
          {"model_type", model_type(facts, result)},
          {"model_size", facts.model.weight_bytes},
          {"model_n_params", facts.model.n_params},
          {"n_batch", facts.options.n_batch},
          {"n_ubatch", facts.options.n_ubatch},
          {"n_threads", context.limits.n_threads},
          {"type_k", kv_type_name(facts.options.k_type)},
          {"type_v", kv_type_name(facts.options.v_type)},
          {"n_prompt", test.n_prompt + n_batch},
          {"n_gen", test.n_gen},
          {"n_depth", test.n_depth},
          {"test_time", result.time},
          {"avg_ns", static_cast<int64_t>(result.mean_ns())},
          {"stddev_ns", static_cast<int64_t>(result.deviation_ns())},
          {"avg_ts", result.mean_ts()},
          {"stddev_ts", result.deviation_ts()},
          {"test", test.name()},
          {"flat_batch", n_batch},
          {"kernels", facts.model.kernels},
          {"bandwidth_share", optional_number(result.bandwidth_share)},
          {"peak_share", result.peak_share},
          {"read_gbs", context.limits.read_gbs},
          {"int8_gops", context.limits.int8_gops},
          {"block_gops", context.limits.block_gops},
          {"f32_gops", context.limits.f32_gops},
          {"token_bytes", context.explanation.weight_bytes},
          {"rss_bytes", result.rss_bytes},
          {"ttft_ms", optional_number(facts.first_token_ms)},
          {"logit_hash", format("%016llx", static_cast<unsigned long long>(context.logit_hash))}};
}

Json with_samples(const ModelBenchFacts& facts, const ModelResult& result) {
  Json all = keys_of(facts, result);
  all["samples_ns"] = result.samples_ns;
  all["samples_ts"] = result.tokens_per_second();
  return all;
}

// File names may be any bytes; the replacement character stands for what JSON cannot hold.
std::string text_of(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

// In quotes, a quote inside doubled (RFC 4180).
std::string csv_field(const Json& value) {
  const std::string text = value.is_null()     ? ""
                           : value.is_string() ? value.get<std::string>()
                                               : value.dump();
  std::string field(1, '"');
  for (const char c : text) {
    if (c == '"') field += c;
    field += c;
  }
  field += '"';
  return field;
}

}  // namespace

std::string model_table_head() {
  return "| model | size | params | backend | threads | test | t/s | bandwidth | peak |\n"
         "| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |\n";
}

std::string model_table_row(const ModelBenchFacts& facts, const ModelResult& result) {
  return "| " + printable(model_type(facts, result)) +
         format(" | %s | %.2f %s | CPU | %d | %s | %.2f ± %.2f | %s | %s |\n",
                human_bytes(facts.model.weight_bytes).c_str(),
                static_cast<double>(facts.model.n_params) /
                    (facts.model.n_params >= 1000000000 ? 1e9 : 1e6),
                facts.model.n_params >= 1000000000 ? "B" : "M", result.context.limits.n_threads,
                result.test.name().c_str(), result.mean_ts(), result.deviation_ts(),
                percent(result.bandwidth_share).c_str(), percent(result.peak_share).c_str());
}

std::string model_table_foot(const ModelBenchFacts& facts, const ModelResult& last) {
  const BuildInfo build = build_info();
  const MachineLimits& limits = last.context.limits;
  std::string text = "\nbuild: " + build.commit + format(" (%d)\n", build.number);
  text += "cpu: " + printable(cpu_name()) + ", kernels " + facts.model.kernels +
          format("; %d thread%s: reads %.1f GB/s, %.0f GOP/s of blocks, %.0f fp32 GFLOP/s\n",
                 limits.n_threads, limits.n_threads == 1 ? "" : "s", limits.read_gbs,
                 limits.block_gops, limits.f32_gops);
  const std::string first = facts.first_token_ms
                                ? format("%.0f ms after the start", *facts.first_token_ms)
                                : "not measured";
  text += "first token: " + first + "; resident: " + human_bytes(last.rss_bytes) +
          format("; logits: %016llx\n", static_cast<unsigned long long>(last.context.logit_hash));
  return text;
}

std::string model_csv_head() {
  ModelResult any;
  any.samples_ns = {1};
  std::string line;
  const Json keys = keys_of(ModelBenchFacts(), any);
  for (const auto& [key, value] : keys.items()) {
    if (!line.empty()) line += ',';
    line += key;
  }
  return line + "\n";
}

std::string model_csv_row(const ModelBenchFacts& facts, const ModelResult& result) {
  std::string line;
  const Json keys = keys_of(facts, result);
  for (const auto& [key, value] : keys.items()) {
    if (!line.empty()) line += ',';
    line += csv_field(value);
  }
  return line + "\n";
}

std::string model_json_line(const ModelBenchFacts& facts, const ModelResult& result) {
  return text_of(with_samples(facts, result), -1);
}

std::string model_json(const ModelBenchFacts& facts, const std::vector<ModelResult>& results) {
  Json list = Json::array();
  for (const ModelResult& result : results) list.push_back(with_samples(facts, result));
  return text_of(list, 2);
}

}  // namespace cria::cli
