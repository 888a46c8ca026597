// Ours, through the public header like anybody else.
#include "bench/gemm_library.h"
#include "cria/diagnose.h"

namespace cria::cli {
namespace {

class CriaRun : public GemmRun {
 public:
  CriaRun(const GemmCase& c, const GemmData& data, const std::string& isa)
      : case_(c),
        data_(data),
        threads_(std::move(*GemmThreads::create(c.n_threads))),
        c_(static_cast<size_t>(c.m * c.n)),
        is_int_(c.type == ElementType::s8 || c.type == ElementType::u8) {
    for (const auto& b : data.b) {
      auto packed =
          PackedMatrix::pack({b.data(), c.type, c.k, c.n, Order::column_major}, {.isa = isa});
      if (packed.ok()) b_.push_back(std::move(*packed));
    }
    const auto bytes = gemm_workspace_bytes(a_view(), b_[0], c_view(), {.threads = &threads_});
    workspace_.resize(static_cast<size_t>(bytes.ok() ? *bytes : 0));
  }

  void multiply(size_t copy) override {
    (void)cria::multiply(a_view(), b_[copy], c_view(),
                         {.threads = &threads_,
                          .workspace = workspace_.empty() ? nullptr : workspace_.data(),
                          .workspace_bytes = static_cast<int64_t>(workspace_.size())});
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
  ConstMatrixView a_view() const { return {data_.a.data(), data_.a_type, case_.m, case_.k}; }
  MatrixView c_view() {
    return {c_.data(), is_int_ ? ElementType::s32 : ElementType::f32, case_.m, case_.n};
  }

  GemmCase case_;
  const GemmData& data_;
  GemmThreads threads_;
  std::vector<PackedMatrix> b_;
  std::vector<float> c_;  // or int32, of the same size
  std::vector<std::byte> workspace_;
  bool is_int_;
};

class Cria : public GemmLibrary {
 public:
  explicit Cria(std::string isa) : isa_(std::move(isa)) {}
  std::string name() const override { return "cria"; }
  std::string note() const override {
    return std::string(version()) + ", kernels " + (isa_.empty() ? "by default" : isa_);
  }
  std::unique_ptr<GemmRun> prepare(const GemmCase& c, const GemmData& data) override {
    return std::make_unique<CriaRun>(c, data, isa_);
  }

 private:
  std::string isa_;
};

}  // namespace

std::unique_ptr<GemmLibrary> make_cria(const std::string& isa) {
  return std::make_unique<Cria>(isa);
}

}  // namespace cria::cli
