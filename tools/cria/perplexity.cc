// cria perplexity: how well a model predicts a text, and how far it is from another.
#include "cria/perplexity.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "interrupt.h"
#include "opening.h"
#include "output.h"
#include "quantize_commands.h"
#include "terminal.h"
#include "text_input.h"

namespace cria::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string formatted(const char* format, double a, double b = 0) {
  std::array<char, 160> line;
  std::snprintf(line.data(), line.size(), format, a, b);
  return line.data();
}

double tokens_per_second(const Perplexity& measured) {
  return measured.seconds > 0 ? static_cast<double>(measured.n_tokens) / measured.seconds : 0;
}

std::string lines_of(const Perplexity& measured) {
  return formatted("perplexity     %.4f +- %.4f\n", measured.perplexity, measured.standard_error) +
         "tokens         " + std::to_string(measured.n_scored) + " scored in " +
         std::to_string(measured.n_chunks) + " chunks of " + std::to_string(measured.n_ctx) +
         "; the text has " + std::to_string(measured.n_text_tokens) + "\n" +
         formatted("speed          %.1f tokens/s\n", tokens_per_second(measured));
}

std::string lines_of(const Divergence& measured) {
  return lines_of(measured.model) +
         formatted("base           %.4f +- %.4f\n", measured.base.perplexity,
                   measured.base.standard_error) +
         formatted("KL divergence  %.6f +- %.6f nats a token", measured.mean_kl,
                   measured.kl_standard_error) +
         formatted("; at most %.4f\n", measured.max_kl) +
         formatted("same top token %.2f %%\n", 100 * measured.same_top);
}

Json json_of(const Perplexity& measured) {
  return {{"perplexity", measured.perplexity}, {"standard_error", measured.standard_error},
          {"mean_nll", measured.mean_nll},     {"n_text_tokens", measured.n_text_tokens},
          {"n_tokens", measured.n_tokens},     {"n_scored", measured.n_scored},
          {"n_chunks", measured.n_chunks},     {"n_ctx", measured.n_ctx},
          {"seconds", measured.seconds},       {"tokens_per_second", tokens_per_second(measured)}};
}

Json json_of(const Divergence& measured) {
  Json json = json_of(measured.model);
  json["base"] = json_of(measured.base);
  json["mean_kl"] = measured.mean_kl;
  json["kl_standard_error"] = measured.kl_standard_error;
  json["max_kl"] = measured.max_kl;
  json["same_top"] = measured.same_top;
  return json;
}

template <typename Measured>
int print(const Result<Measured>& measured, bool json) {
  if (!measured.ok()) return fail(measured.status());
  Output out;
  out.write(json ? json_of(*measured).dump(2) + "\n" : lines_of(*measured));
  return out.exit_code(kExitDone);
}

}  // namespace

int perplexity_command(const PerplexityFlags& flags) {
  catch_interrupts();
  const Result<std::string> text = read_whole_file(flags.text);
  if (!text.ok()) return fail(text.status());
  const Result<Model> model = open_model(flags.model);
  if (!model.ok()) return fail(model.status());
  ProgressBar bar("reading");
  PerplexityOptions options = flags.perplexity;
  options.on_progress = [&bar](double share) {
    bar.update(share);
    return !interrupted();
  };
  if (flags.base.empty()) {
    const auto measured = measure_perplexity(*model, *text, options);
    bar.clear();
    return print(measured, flags.json);
  }
  const Result<Model> base =
      open_model({.path = flags.base, .tokenizer = {}, .isa = flags.model.isa});
  if (!base.ok()) return fail(base.status());
  const auto measured = measure_divergence(*model, *base, *text, options);
  bar.clear();
  return print(measured, flags.json);
}

}  // namespace cria::cli
