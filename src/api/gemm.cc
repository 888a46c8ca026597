// The public products: every argument is checked here, then src/gemm computes.
#include "cria/gemm.h"

#include <cmath>
#include <new>

#include "api/gemm_checks.h"
#include "api/guard.h"
#include "api/kernel_choice.h"
#include "base/aligned_buffer.h"
#include "base/cpu.h"
#include "gemm/packed_product.h"

namespace cria {

struct GemmThreads::Impl {
  std::unique_ptr<ThreadPool> pool;
};

struct PackedMatrix::Impl {
  ElementType type = ElementType::f32;
  int64_t n_rows = 0, n_cols = 0;
  kernels::Table kernels;
  const kernels::PackedKernel* kernel = nullptr;
  AlignedBuffer panels;
  std::unique_ptr<ThreadPool> serial;  // one thread: holds no state, any number may call it
};

namespace {

using kernels::PackedKernel;

// What a product needs of B, packed or not.
struct Rhs {
  const PackedMatrix::Impl& impl;
  const std::byte* panels;
  kernels::PackArgs source;
};

kernels::PackArgs source_of(const ConstMatrixView& b) {
  const api::Steps steps = api::steps_of(b);
  kernels::PackArgs args = {};
  args.b = static_cast<const std::byte*>(b.data);
  args.k_stride = steps.row;
  args.n_stride = steps.column;
  return args;
}

// Impl without its panels.
Result<std::unique_ptr<PackedMatrix::Impl>> describe(const ConstMatrixView& b,
                                                     const std::string& isa) {
  CRIA_RETURN_IF_ERROR(api::check_rhs(b));
  auto table = api::choose_kernels(isa);
  if (!table.ok()) return table.status();
  auto serial = ThreadPool::create(1);
  if (!serial.ok()) return serial.status();
  auto impl = std::make_unique<PackedMatrix::Impl>();
  impl->type = b.type;
  impl->n_rows = b.n_rows;
  impl->n_cols = b.n_cols;
  impl->kernels = *table;
  impl->kernel = impl->kernels.packed[static_cast<size_t>(*api::packed_type(b.type))];
  impl->serial = std::move(*serial);
  return impl;
}

int64_t n_panels(const PackedMatrix::Impl& b) {
  return (b.n_cols + b.kernel->width - 1) / b.kernel->width;
}

// Memory for a call: the caller's, or taken and given back.
class Workspace {
 public:
  Workspace() = default;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace() { ::operator delete (owned_, std::align_val_t{64}, std::nothrow); }

  Status take(const GemmOptions& options, int64_t bytes) {
    if (bytes == 0) return {};
    if (options.workspace == nullptr) {
      owned_ = ::operator new (static_cast<size_t>(bytes), std::align_val_t{64}, std::nothrow);
      data_ = static_cast<std::byte*>(owned_);
      if (owned_ != nullptr) return {};
      return out_of_memory("gemm: cannot allocate a workspace of ", bytes, " bytes");
    }
    if (options.workspace_bytes < bytes) {
      return invalid_argument("gemm: workspace_bytes: found ", options.workspace_bytes,
                              ", expected at least ", bytes, " (gemm_workspace_bytes)");
    }
    const auto past = reinterpret_cast<uintptr_t>(options.workspace) % 64;
    data_ = static_cast<std::byte*>(options.workspace) + (64 - past) % 64;
    return {};
  }
  std::byte* data() const { return data_; }

 private:
  void* owned_ = nullptr;
  std::byte* data_ = nullptr;
};

gemm::Epilogue epilogue_of(const MatrixView& c, const GemmOptions& options, ElementType b) {
  return {.sum_type = api::is_int(b) ? ElementType::s32 : ElementType::f32,
          .c_type = c.type,
          .c = static_cast<std::byte*>(c.data),
          .c_stride = c.stride != 0 ? c.stride : c.n_cols,
          .alpha = options.alpha,
          .beta = options.beta,
          .accumulate = options.accumulate,
          .bias = options.bias,
          .bias_s32 = options.bias_s32,
          .activation = options.activation,
          .scales = options.scales,
          .scale = options.scale,
          .zero_point = options.zero_point};
}

// A checked product, planned: sizes above 0.
struct Job {
  gemm::PackedProduct product;
  gemm::Plan plan;
  ThreadPool* pool;
  int64_t lhs_bytes = 0;
  int64_t scratch_bytes = 0;

  Job(const ConstMatrixView& a, const Rhs& b, const MatrixView& c, const GemmOptions& options)
      : pool(options.threads != nullptr ? options.threads->impl().pool.get()
                                        : b.impl.serial.get()) {
    product.kernel = b.impl.kernel;
    product.type = *api::packed_type(b.impl.type);
    product.shape = {
        .m = a.n_rows, .n = b.impl.n_cols, .k = a.n_cols, .n_threads = pool->n_threads()};
    product.panels = b.panels;
    product.source = b.source;
    product.out = epilogue_of(c, options, b.impl.type);
    plan = gemm::plan_product(*product.kernel, product.type, product.shape);
    lhs_bytes = gemm::lhs_scratch_bytes(*product.kernel, a, plan);
    scratch_bytes = gemm::product_scratch_bytes(product, plan);
  }

  // With room to align the caller's memory.
  int64_t workspace_bytes() const {
    const int64_t bytes = lhs_bytes + scratch_bytes;
    return bytes == 0 ? 0 : bytes + 63;
  }

  void run(const kernels::Table& table, const ConstMatrixView& a, std::byte* workspace) {
    product.a = gemm::make_lhs({table, *pool}, *product.kernel, a, plan, workspace);
    gemm::run(product, plan, *pool, workspace + lhs_bytes);
  }
};

// K is 0: sums of zero still pass through the epilogue.
void finish_zeros(const MatrixView& c, const GemmOptions& options, ElementType b) {
  const gemm::Epilogue epilogue = epilogue_of(c, options, b);
  const int32_t zero = 0;  // as fp32, too
  for (int64_t r = 0; r < c.n_rows; ++r) {
    for (int64_t n = 0; n < c.n_cols; ++n) gemm::finish(epilogue, &zero, 0, r, n, 1, 1);
  }
}

Status multiply_checked(const ConstMatrixView& a, const Rhs& b, const MatrixView& c,
                        const GemmOptions& options) {
  CRIA_RETURN_IF_ERROR(
      api::check_product(a, {b.impl.type, b.impl.n_rows, b.impl.n_cols}, c, options));
  if (c.n_rows == 0 || c.n_cols == 0) return {};
  if (a.n_cols == 0) {
    finish_zeros(c, options, b.impl.type);
    return {};
  }
  Job job(a, b, c, options);
  Workspace workspace;
  CRIA_RETURN_IF_ERROR(workspace.take(options, job.workspace_bytes()));
  job.run(b.impl.kernels, a, workspace.data());
  return {};
}

}  // namespace

GemmThreads::GemmThreads(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GemmThreads::GemmThreads(GemmThreads&&) noexcept = default;
GemmThreads& GemmThreads::operator=(GemmThreads&&) noexcept = default;
GemmThreads::~GemmThreads() = default;
int GemmThreads::n_threads() const { return impl_->pool->n_threads(); }

Result<GemmThreads> GemmThreads::create(int n_threads) {
  return api::guard([&]() -> Result<GemmThreads> {
    auto pool = ThreadPool::create(n_threads == 0 ? n_usable_processors() : n_threads);
    if (!pool.ok()) return pool.status();
    return GemmThreads(std::make_unique<Impl>(Impl{std::move(*pool)}));
  });
}

PackedMatrix::PackedMatrix(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PackedMatrix::PackedMatrix(PackedMatrix&&) noexcept = default;
PackedMatrix& PackedMatrix::operator=(PackedMatrix&&) noexcept = default;
PackedMatrix::~PackedMatrix() = default;
int64_t PackedMatrix::n_rows() const { return impl_->n_rows; }
int64_t PackedMatrix::n_cols() const { return impl_->n_cols; }
ElementType PackedMatrix::type() const { return impl_->type; }
int64_t PackedMatrix::size_bytes() const {
  return static_cast<int64_t>(impl_->panels.size_bytes());
}
std::string PackedMatrix::layout() const {
  return str_cat(impl_->kernel->isa, ": ", impl_->kernel->layout);
}

Result<PackedMatrix> PackedMatrix::pack(const ConstMatrixView& b, const PackOptions& options) {
  return api::guard([&]() -> Result<PackedMatrix> {
    auto described = describe(b, options.isa);
    if (!described.ok()) return described.status();
    Impl& impl = **described;
    const PackedKernel& kernel = *impl.kernel;
    const int64_t panel_bytes = b.n_rows == 0 ? 0 : kernel.panel_bytes(b.n_rows);
    const auto bytes =
        checked_mul(static_cast<uint64_t>(n_panels(impl)), static_cast<uint64_t>(panel_bytes));
    if (!bytes) {
      return out_of_memory("PackedMatrix: ", b.n_rows, " x ", b.n_cols,
                           " does not fit the address space");
    }
    auto panels = AlignedBuffer::allocate_streamed(*bytes, "packed weights");
    if (!panels.ok()) return panels.status();
    impl.panels = std::move(*panels);
    if (*bytes == 0) return PackedMatrix(std::move(*described));
    ThreadPool& pool = options.threads != nullptr ? *options.threads->impl().pool : *impl.serial;
    pool.for_each(n_panels(impl), 4, [&](int64_t begin, int64_t end, int) {
      for (int64_t p = begin; p < end; ++p) {
        kernels::PackArgs args = source_of(b);
        args.b += p * kernel.width * args.n_stride;
        args.n_k = b.n_rows;
        args.n_cols = std::min<int64_t>(kernel.width, b.n_cols - p * kernel.width);
        args.out = impl.panels.data() + p * panel_bytes;
        kernel.pack(args);
      }
    });
    return PackedMatrix(std::move(*described));
  });
}

Result<int64_t> gemm_workspace_bytes(const ConstMatrixView& a, const PackedMatrix& b,
                                     const MatrixView& c, const GemmOptions& options) {
  return api::guard([&]() -> Result<int64_t> {
    CRIA_RETURN_IF_ERROR(api::check_product(a, {b.type(), b.n_rows(), b.n_cols()}, c, options));
    if (c.n_rows == 0 || c.n_cols == 0 || a.n_cols == 0) return int64_t{0};
    return Job(a, {b.impl(), b.impl().panels.data(), {}}, c, options).workspace_bytes();
  });
}

Status multiply(const ConstMatrixView& a, const PackedMatrix& b, const MatrixView& c,
                const GemmOptions& options) {
  return api::guard([&]() -> Status {
    return multiply_checked(a, {b.impl(), b.impl().panels.data(), {}}, c, options);
  });
}

Status multiply(const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& c,
                const GemmOptions& options) {
  return api::guard([&]() -> Status {
    auto described = describe(b, "");
    if (!described.ok()) return described.status();
    return multiply_checked(a, {**described, nullptr, source_of(b)}, c, options);
  });
}

Result<std::string> explain_gemm(int64_t m, int64_t n, int64_t k, ElementType type, int n_threads,
                                 const std::string& isa) {
  return api::guard([&]() -> Result<std::string> {
    CRIA_RETURN_IF_ERROR(api::check_explained(m, n, k, type, n_threads));
    auto table = api::choose_kernels(isa);
    if (!table.ok()) return table.status();
    const kernels::PackedType packed = *api::packed_type(type);
    const PackedKernel& kernel = *table->packed[static_cast<size_t>(packed)];
    const gemm::ProductShape shape{.m = m, .n = n, .k = k, .n_threads = n_threads};
    return gemm::explain(gemm::plan_product(kernel, packed, shape), kernel, shape);
  });
}

}  // namespace cria
