// BLAS libraries by their common C interface, loaded at run time. B in other types than fp32 is
// given to them as fp32: what a program without such types would do.
#include <dlfcn.h>

#include <cstdlib>

#include "bench/gemm_library.h"
#include "cria/diagnose.h"

namespace cria::cli {
namespace {

// The interface's own values.
enum { kRowMajor = 101, kColMajor = 102, kNoTrans = 111, kTrans = 112 };
using SgemmFn = void (*)(int, int, int, int, int, int, float, const float*, int, const float*, int,
                         float, float*, int);
using SgemvFn = void (*)(int, int, int, int, float, const float*, int, const float*, int, float,
                         float*, int);

struct Blas {
  std::string name, note;
  SgemmFn sgemm = nullptr;
  SgemvFn sgemv = nullptr;
  void (*set_threads)(int) = nullptr;
  void (*set_threads_long)(long) = nullptr;
};

class BlasRun : public GemmRun {
 public:
  BlasRun(const Blas& blas, const GemmCase& c, const GemmData& data)
      : blas_(blas), case_(c), data_(data), c_(static_cast<size_t>(c.m * c.n)) {
    if (blas.set_threads != nullptr) blas.set_threads(c.n_threads);
    if (blas.set_threads_long != nullptr) blas.set_threads_long(c.n_threads);
  }

  void multiply(size_t copy) override {
    const int m = static_cast<int>(case_.m), n = static_cast<int>(case_.n);
    const int k = static_cast<int>(case_.k);
    const float* a = data_.a_values.data();
    const float* b = data_.b_values[copy].data();
    if (m == 1) {  // its function for a single row is faster
      blas_.sgemv(kColMajor, kTrans, k, n, 1, b, k, a, 1, 0, c_.data(), 1);
    } else {
      blas_.sgemm(kRowMajor, kNoTrans, kTrans, m, n, k, 1, a, k, b, k, 0, c_.data(), n);
    }
  }
  std::vector<double> result() const override { return {c_.begin(), c_.end()}; }

 private:
  const Blas& blas_;
  GemmCase case_;
  const GemmData& data_;
  std::vector<float> c_;
};

class BlasLibrary : public GemmLibrary {
 public:
  explicit BlasLibrary(Blas blas) : blas_(std::move(blas)) {}
  std::string name() const override { return blas_.name; }
  std::string note() const override { return blas_.note; }
  std::unique_ptr<GemmRun> prepare(const GemmCase& c, const GemmData& data) override {
    if (c.m > INT32_MAX || c.n > INT32_MAX || c.k > INT32_MAX) return nullptr;
    return std::make_unique<BlasRun>(blas_, c, data);
  }

 private:
  Blas blas_;
};

void* load_first(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
  }
  return nullptr;
}

template <typename Fn>
void find(void* library, const char* symbol, Fn& fn) {
  fn = reinterpret_cast<Fn>(dlsym(library, symbol));
}

bool has_feature(const char* word) {
  return (cpu_description() + " ").find(std::string(" ") + word + " ") != std::string::npos;
}

std::unique_ptr<GemmLibrary> finish(void* library, Blas blas) {
  find(library, "cblas_sgemm", blas.sgemm);
  find(library, "cblas_sgemv", blas.sgemv);
  if (blas.sgemm == nullptr || blas.sgemv == nullptr) return nullptr;
  return std::make_unique<BlasLibrary>(std::move(blas));
}

}  // namespace

std::unique_ptr<GemmLibrary> make_openblas() {
  // It knows no CPU newer than itself and then takes slow kernels: told before it is loaded.
  const bool corrected = std::getenv("OPENBLAS_CORETYPE") == nullptr && has_feature("avx512");
  if (corrected) setenv("OPENBLAS_CORETYPE", "SkylakeX", 1);
  void* library = load_first({"libopenblas.so.0", "libopenblas.so"});
  if (library == nullptr) return nullptr;
  Blas blas{.name = "openblas", .note = "loaded"};
  char* (*core)() = nullptr;
  find(library, "openblas_get_corename", core);
  if (core != nullptr) blas.note = std::string("core type ") + core();
  if (corrected) blas.note += " (set by us: its own detection does not know new CPUs)";
  find(library, "openblas_set_num_threads", blas.set_threads);
  return finish(library, std::move(blas));
}

std::unique_ptr<GemmLibrary> make_blis() {
  const bool corrected = std::getenv("BLIS_ARCH_TYPE") == nullptr && has_feature("avx512");
  if (corrected) setenv("BLIS_ARCH_TYPE", "0", 1);
  void* library = load_first({"libblis.so.4", "libblis.so"});
  if (library == nullptr) return nullptr;
  Blas blas{.name = "blis", .note = corrected ? "loaded, BLIS_ARCH_TYPE=0 set by us" : "loaded"};
  find(library, "bli_thread_set_num_threads", blas.set_threads_long);
  return finish(library, std::move(blas));
}

}  // namespace cria::cli
