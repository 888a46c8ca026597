// Eigen: header only, single-threaded as it is built here.
#include <Eigen/Core>

#include "bench/gemm_library.h"

namespace cria::cli {
namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ColMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;

class EigenRun : public GemmRun {
 public:
  EigenRun(const GemmCase& c, const GemmData& data) : case_(c), data_(data), c_(c.m, c.n) {}

  void multiply(size_t copy) override {
    const Eigen::Map<const RowMajor> a(data_.a_values.data(), case_.m, case_.k);
    const Eigen::Map<const ColMajor> b(data_.b_values[copy].data(), case_.k, case_.n);
    c_.noalias() = a * b;
  }
  std::vector<double> result() const override { return {c_.data(), c_.data() + c_.size()}; }

 private:
  GemmCase case_;
  const GemmData& data_;
  RowMajor c_;
};

class EigenLibrary : public GemmLibrary {
 public:
  std::string name() const override { return "eigen"; }
  std::string note() const override {
    return std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
           std::to_string(EIGEN_MINOR_VERSION) + ", " + Eigen::SimdInstructionSetsInUse() +
           ", one thread";
  }
  std::unique_ptr<GemmRun> prepare(const GemmCase& c, const GemmData& data) override {
    if (c.n_threads != 1) return nullptr;
    return std::make_unique<EigenRun>(c, data);
  }
};

}  // namespace

}  // namespace cria::cli

extern "C" __attribute__((visibility("default"))) cria::cli::GemmLibrary* cria_bench_peer() {
  return new cria::cli::EigenLibrary;  // NOLINT: the program owns it from here
}
