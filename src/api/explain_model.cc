// How a model's matrices are held and multiplied on this machine, and what a token reads of them.
#include <algorithm>

#include "api/guard.h"
#include "api/impl.h"
#include "base/cpu.h"
#include "cria/diagnose.h"
#include "gemm/policy.h"

namespace cria {
namespace {

using model::Linear;

const char* kWhyAsItStands =
    "groups of any size fit no panel: rows are read where they stand in the file";

std::string why_packed(const kernels::PackedKernel& kernel) {
  if (std::string_view(kernel.isa) == "scalar") {
    return "the definition: no faster table of this CPU takes part with this type";
  }
  return str_cat("the fastest table that takes part; ", kernel.width,
                 " outputs side by side, so that each input meets ", kernel.width,
                 " weights, and all weights are read once, in the order in which they stand");
}

// What a matrix takes where it is multiplied from.
int64_t held_bytes(const Linear& linear) {
  const gemm::PackedWeights& packed = linear.packed;
  if (packed.kernel == nullptr) return static_cast<int64_t>(linear.weight.size_bytes);
  return packed.n_panels() * packed.kernel->panel_bytes(packed.n_cols);
}

class Explainer {
 public:
  Explainer(const model::Model& model, int n_threads) : model_(model) {
    explanation_.n_threads = n_threads;
  }

  Result<ModelExplanation> explain(const SessionOptions& options) {
    const model::Weights& weights = model_.weights;
    add("output", {&weights.output});
    for (const auto& layer : weights.layers) add("feed-forward gate, up", {&layer.gate, &layer.up});
    for (const auto& layer : weights.layers) add("feed-forward down", {&layer.down});
    for (const auto& layer : weights.layers) add("attention q", {&layer.q});
    for (const auto& layer : weights.layers) add("attention output", {&layer.attention_output});
    for (const auto& layer : weights.layers) add("attention k, v", {&layer.k, &layer.v});
    for (const MatrixReport& matrix : explanation_.matrices) {
      explanation_.weight_bytes += matrix.size_bytes;
    }
    explanation_.weight_bytes +=
        vector_bytes() + static_cast<int64_t>(weights.embedding.row_bytes());
    const auto shape = engine::kv_shape(model_.config, options.k_type, options.v_type);
    if (!shape.ok()) return shape.status();
    explanation_.kv_bytes = ops::KvPool::token_bytes(*shape);
    return std::move(explanation_);
  }

 private:
  void add(const char* what, std::initializer_list<const Linear*> linears) {
    for (const Linear* linear : linears) {
      MatrixReport& report = find_or_make(what, *linear);
      ++report.count;
      report.size_bytes += held_bytes(*linear);
    }
  }

  // Layers may differ in type, so one `what` may have several reports.
  MatrixReport& find_or_make(const char* what, const Linear& linear) {
    const char* type = dtype_info(linear.weight.dtype).name;
    std::vector<MatrixReport>& all = explanation_.matrices;
    const auto same = std::find_if(all.begin(), all.end(), [&](const MatrixReport& report) {
      return report.what == what && report.type == type;
    });
    if (same != all.end()) return *same;
    MatrixReport report{.what = what,
                        .type = type,
                        .n = linear.weight.n_rows(),
                        .k = linear.weight.n_cols(),
                        .in_int8 = dtype_info(linear.weight.dtype).quantized};
    describe(linear, report);
    return all.emplace_back(std::move(report));
  }

  void describe(const Linear& linear, MatrixReport& report) const {
    const kernels::PackedKernel* kernel = linear.packed.kernel;
    if (kernel == nullptr) {
      const bool scalar = model_.kernels.matmul_grouped == kernels::scalar::kTable.matmul_grouped;
      report.table = scalar ? kernels::scalar::kTable.name : model_.kernels.name;
      report.layout = "as in the file";
      report.why = kWhyAsItStands;
      return;
    }
    report.table = kernel->isa;
    report.layout = kernel->layout;
    report.why = why_packed(*kernel);
    const gemm::ProductShape shape = {
        .m = 1, .n = report.n, .k = report.k, .n_threads = explanation_.n_threads};
    report.plan =
        gemm::explain(gemm::plan_product(*kernel, linear.packed.type, shape), *kernel, shape);
  }

  // Norms and biases, which are held as fp32.
  int64_t vector_bytes() const {
    size_t n = model_.weights.output_norm.size() + model_.weights.output.bias.size();
    for (const model::LayerWeights& layer : model_.weights.layers) {
      n += layer.attention_norm.size() + layer.ffn_norm.size();
      for (const Linear* linear : {&layer.q, &layer.k, &layer.v, &layer.attention_output,
                                   &layer.gate, &layer.up, &layer.down}) {
        n += linear->bias.size();
      }
    }
    return static_cast<int64_t>(n * sizeof(float));
  }

  const model::Model& model_;
  ModelExplanation explanation_;
};

}  // namespace

Result<ModelExplanation> explain_model(const Model& model, const SessionOptions& options) {
  return api::guard([&]() -> Result<ModelExplanation> {
    if (options.n_threads < 0 || options.n_threads > ThreadPool::kMaxThreads) {
      return invalid_argument("n_threads: found ", options.n_threads, ", expected 0 to ",
                              ThreadPool::kMaxThreads);
    }
    const int n_threads = options.n_threads > 0 ? options.n_threads : n_usable_processors();
    return Explainer(*model.impl().model, n_threads).explain(options);
  });
}

}  // namespace cria
