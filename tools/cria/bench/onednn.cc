// oneDNN: its matmul with weights reordered beforehand into the layout that it asks for.
#include <dlfcn.h>

#include <oneapi/dnnl/dnnl.hpp>
#include <optional>

#include "bench/gemm_library.h"

namespace cria::cli {
namespace {

using dnnl::memory;

std::optional<memory::data_type> type_of(ElementType type) {
  switch (type) {
    case ElementType::f32:
      return memory::data_type::f32;
    case ElementType::bf16:
      return memory::data_type::bf16;
    case ElementType::f16:
      return memory::data_type::f16;
    case ElementType::s8:
      return memory::data_type::s8;
    default:
      return std::nullopt;
  }
}

dnnl::matmul::primitive_desc describe(const dnnl::engine& engine, const memory::desc& a,
                                      const memory::desc& b, const memory::desc& c) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, a, b, c};
#else
  return {dnnl::matmul::desc(a, b, c), engine};
#endif
}

class OneDnnRun : public GemmRun {
 public:
  OneDnnRun(const GemmCase& c, const GemmData& data, memory::data_type type)
      : engine_(dnnl::engine::kind::cpu, 0),
        stream_(engine_),
        is_int_(c.type == ElementType::s8),
        c_(static_cast<size_t>(c.m * c.n)) {
    using tag = memory::format_tag;
    // A of the same type as B where the library wants that; fp32 is rounded as B was.
    const memory::desc a({c.m, c.k}, type, tag::ab), any({c.k, c.n}, type, tag::any);
    const memory::desc out({c.m, c.n}, is_int_ ? memory::data_type::s32 : memory::data_type::f32,
                           tag::ab);
    const dnnl::matmul::primitive_desc pd = describe(engine_, a, any, out);
    matmul_ = dnnl::matmul(pd);
    a_ = to_type(memory::desc({c.m, c.k}, is_int_ ? type : memory::data_type::f32, tag::ab), a,
                 is_int_ ? static_cast<const void*>(data.a.data()) : data.a_values.data());
    for (const auto& b : data.b) {
      b_.push_back(to_type(memory::desc({c.k, c.n}, type, tag::ba), pd.weights_desc(), b.data()));
    }
    out_ = memory(out, engine_, c_.data());
    stream_.wait();
  }

  void multiply(size_t copy) override {
    matmul_.execute(stream_,
                    {{DNNL_ARG_SRC, a_}, {DNNL_ARG_WEIGHTS, b_[copy]}, {DNNL_ARG_DST, out_}});
    stream_.wait();
  }
  std::vector<double> result() const override {
    std::vector<double> out(c_.size());
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] =
          is_int_ ? static_cast<double>(reinterpret_cast<const int32_t*>(c_.data())[i]) : c_[i];
    }
    return out;
  }

 private:
  memory to_type(const memory::desc& from, const memory::desc& to, const void* data) {
    memory source(from, engine_, const_cast<void*>(data)), target(to, engine_);
    dnnl::reorder(source, target).execute(stream_, source, target);
    stream_.wait();
    return target;
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  bool is_int_;
  dnnl::matmul matmul_;
  memory a_, out_;
  std::vector<memory> b_;
  std::vector<float> c_;  // or int32, of the same size
};

class OneDnn : public GemmLibrary {
 public:
  std::string name() const override { return "onednn"; }
  std::string note() const override {
    const dnnl_version_t* v = dnnl::version();
    return std::to_string(v->major) + "." + std::to_string(v->minor) +
           ", weights packed beforehand";
  }
  std::unique_ptr<GemmRun> prepare(const GemmCase& c, const GemmData& data) override {
    const auto type = type_of(c.type);
    if (!type) return nullptr;
    // It computes with OpenMP's threads, whose number is told to whichever OpenMP it has loaded.
    if (void* set_threads = dlsym(RTLD_DEFAULT, "omp_set_num_threads")) {
      reinterpret_cast<void (*)(int)>(set_threads)(c.n_threads);
    }
    try {
      return std::make_unique<OneDnnRun>(c, data, *type);
    } catch (const dnnl::error&) {  // it has no kernel for this type on this CPU
      return nullptr;
    }
  }
};

}  // namespace

}  // namespace cria::cli

extern "C" __attribute__((visibility("default"))) cria::cli::GemmLibrary* cria_bench_peer() {
  return new cria::cli::OneDnn;  // NOLINT: the program owns it from here
}
