// cria explain MODEL: which kernels and packing a model gets, what one token reads, and how many
// tokens a second the memory allows.
#include <nlohmann/json.hpp>

#include "bench/text.h"
#include "generation.h"
#include "interrupt.h"
#include "measuring_commands.h"
#include "output.h"
#include "printable.h"

namespace cria::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Explained {
  ModelInfo model;
  ModelExplanation how;
  std::optional<MachineLimits> limits;

  // Tokens a second at most where the context holds n_positions.
  double ceiling(int n_positions) const {
    const double bytes =
        static_cast<double>(how.weight_bytes) + static_cast<double>(how.kv_bytes) * n_positions;
    return 1e9 * limits->read_gbs / bytes;
  }
};

std::string indented(const std::string& lines) {
  std::string out;
  bool at_start = true;
  for (const char c : lines) {
    if (at_start) out += "    ";
    out += c;
    at_start = c == '\n';
  }
  return out;
}

std::string matrix_text(const MatrixReport& matrix) {
  const std::string times = matrix.count == 1 ? "" : std::to_string(matrix.count) + " x ";
  std::string text = "\n" + matrix.what +
                     format(": %s, %s%lld x %lld, %s\n", matrix.type.c_str(), times.c_str(),
                            static_cast<long long>(matrix.n), static_cast<long long>(matrix.k),
                            human_bytes(matrix.size_bytes).c_str());
  text += "    packing  " + matrix.layout + "\n    why      " + matrix.why + "\n";
  text += "    numbers  ";
  text += matrix.in_int8 ? "int8 * int8, summed exactly, scaled in fp32\n" : "fp32\n";
  return text +
         (matrix.plan.empty() ? "    kernel   " + matrix.table + "\n" : indented(matrix.plan));
}

std::string text_of(const Explained& all) {
  std::string text = printable(all.model.path) + ": " + printable(all.model.architecture) +
                     format(", %.2f M parameters\n", static_cast<double>(all.model.n_params) / 1e6);
  text += "cpu        " + printable(cpu_name()) + "\n           " + cpu_description() + "\n";
  text += "kernels    " + all.model.kernels + format("\nthreads    %d\n", all.how.n_threads);
  for (const MatrixReport& matrix : all.how.matrices) text += matrix_text(matrix);
  text += "\na token reads " + human_bytes(all.how.weight_bytes) + " of weights and " +
          human_bytes(all.how.kv_bytes) + " of KV cache for each position before it\n";
  if (!all.limits) return text;
  const int n_ctx = all.model.n_ctx_train;
  return text + format("memory gives %.1f GB/s: at most %.1f tokens/s, %.1f with %d positions\n",
                       all.limits->read_gbs, all.ceiling(0), all.ceiling(n_ctx), n_ctx);
}

Json json_of(const Explained& all) {
  Json matrices = Json::array();
  for (const MatrixReport& matrix : all.how.matrices) {
    matrices.push_back({{"what", matrix.what},
                        {"type", matrix.type},
                        {"n", matrix.n},
                        {"k", matrix.k},
                        {"count", matrix.count},
                        {"table", matrix.table},
                        {"layout", matrix.layout},
                        {"why", matrix.why},
                        {"plan", matrix.plan},
                        {"arithmetic", matrix.in_int8 ? "int8" : "f32"},
                        {"size_bytes", matrix.size_bytes}});
  }
  Json json = {{"path", all.model.path},
               {"architecture", all.model.architecture},
               {"n_params", all.model.n_params},
               {"cpu", cpu_name()},
               {"cpu_features", cpu_description()},
               {"kernels", all.model.kernels},
               {"n_threads", all.how.n_threads},
               {"matrices", std::move(matrices)},
               {"weight_bytes_per_token", all.how.weight_bytes},
               {"kv_bytes_per_position", all.how.kv_bytes}};
  json["read_gbs"] = all.limits ? Json(all.limits->read_gbs) : Json(nullptr);
  json["ceiling_ts"] = all.limits ? Json(all.ceiling(0)) : Json(nullptr);
  return json;
}

}  // namespace

int explain_model_command(const ExplainModelFlags& flags) {
  catch_interrupts();
  const auto model = open_model({.model = flags.model});
  if (!model.ok()) return fail(model.status());
  const auto how = explain_model(*model, flags.session);
  if (!how.ok()) return fail(how.status());
  Explained all{.model = model->info(), .how = *how, .limits = {}};
  if (flags.measure) {
    const auto limits = measure_limits(how->n_threads, flags.model.isa);
    if (!limits.ok()) return fail(limits.status());
    all.limits = *limits;
  }
  Output out;
  if (flags.json) {
    out.write(json_of(all).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    out.write(text_of(all));
  }
  return out.exit_code(kExitDone);
}

}  // namespace cria::cli
