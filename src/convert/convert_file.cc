#include "convert/convert_file.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>

#include "base/cpu.h"
#include "base/same_file.h"
#include "base/str_cat.h"
#include "base/thread_pool.h"
#include "convert/importance.h"
#include "convert/plan.h"
#include "convert/recipe.h"
#include "file/gguf_writer.h"
#include "file/readers.h"
#include "tensor/blocks.h"
#include "tensor/quantize.h"

namespace cria::convert {
namespace {

// Elements that are converted before they are written: enough to keep the threads busy, little
// beside a model.
constexpr int64_t kBatchElems = 1 << 21;
constexpr int64_t kGrainElems = 1 << 14;

// A column that the sample text never touched still counts a little.
constexpr double kImportanceFloor = 0.01;

constexpr uint32_t kQuantizationVersion = 2;  // of the block formats, in the GGUF specification

// Reports how much is done; false from the caller cancels.
class Progress {
 public:
  Progress(const Plan& plan, const std::function<bool(double)>& callback) : callback_(callback) {
    for (const PlannedTensor& tensor : plan.tensors) total_ += tensor.source->view.n_elems();
  }
  Status add(int64_t n_elems) {
    done_ += n_elems;
    if (!callback_ || callback_(static_cast<double>(done_) / static_cast<double>(total_))) {
      return {};
    }
    return Status(StatusCode::cancelled, "cancelled; nothing was written");
  }

 private:
  const std::function<bool(double)>& callback_;
  int64_t total_ = 0;
  int64_t done_ = 0;
};

// Converts tensors row by row, many rows at once.
class Converter {
 public:
  Converter(const file::Catalog& catalog, const Importance& importance, ThreadPool& pool,
            Progress& progress)
      : catalog_(catalog), importance_(importance), pool_(pool), progress_(progress) {}

  Status write(const PlannedTensor& tensor, file::GgufWriter::Sink sink) {
    const TensorView& view = tensor.source->view;
    Status status = tensor.dtype == view.dtype ? copy(view, sink) : convert(tensor, sink);
    catalog_.drop(view);  // its pages are not read again
    return status;
  }

  int n_without_importance() const { return n_without_importance_; }

 private:
  Status copy(const TensorView& view, file::GgufWriter::Sink sink) {
    CRIA_RETURN_IF_ERROR(sink({view.data, static_cast<size_t>(view.size_bytes)}));
    return progress_.add(view.n_elems());
  }

  Status convert(const PlannedTensor& tensor, file::GgufWriter::Sink sink) {
    const TensorView& view = tensor.source->view;
    const int64_t n_cols = view.n_cols(), n_rows = view.n_rows();
    CRIA_RETURN_IF_ERROR(find_weights(tensor));
    const int64_t n_batch = std::clamp<int64_t>(kBatchElems / n_cols, 1, n_rows);
    out_row_bytes_ = static_cast<int64_t>(*row_bytes(tensor.dtype, static_cast<uint64_t>(n_cols)));
    out_.resize(static_cast<size_t>(n_batch * out_row_bytes_));
    values_.resize(static_cast<size_t>(pool_.n_threads() * n_cols));
    for (int64_t begin = 0; begin < n_rows; begin += n_batch) {
      const int64_t end = std::min(n_rows, begin + n_batch);
      CRIA_RETURN_IF_ERROR(convert_rows(tensor, begin, end));
      const auto n_bytes = static_cast<size_t>((end - begin) * out_row_bytes_);
      CRIA_RETURN_IF_ERROR(sink(Bytes(out_).first(n_bytes)));
      CRIA_RETURN_IF_ERROR(progress_.add((end - begin) * n_cols));
    }
    return {};
  }

  Status convert_rows(const PlannedTensor& tensor, int64_t begin, int64_t end) {
    const TensorView& view = tensor.source->view;
    const int64_t n_cols = view.n_cols();
    const bool has_wide_range = tensor.dtype == DType::f32 || tensor.dtype == DType::bf16;
    const float most = has_wide_range ? HUGE_VALF : kLargestQuantizable;
    std::atomic<int64_t> first_wrong{INT64_MAX};  // whichever thread finds it
    const int64_t grain = std::max<int64_t>(1, kGrainElems / n_cols);
    pool_.for_each(end - begin, grain, [&](int64_t from, int64_t to, int i_thread) {
      float* values = values_.data() + i_thread * n_cols;
      for (int64_t i = from; i < to; ++i) {
        dequantize_row(view.dtype, view.row(begin + i), n_cols, values);
        const int64_t wrong = find_wrong(values, n_cols, most);
        if (wrong >= 0) return keep_least(first_wrong, (begin + i) * n_cols + wrong);
        quantize_row(tensor.dtype, values, n_cols, weights_.empty() ? nullptr : weights_.data(),
                     out_.data() + i * out_row_bytes_);
      }
    });
    if (first_wrong == INT64_MAX) return {};
    return refuse_element(tensor, first_wrong);
  }

  static int64_t find_wrong(const float* values, int64_t n, float most) {
    for (int64_t i = 0; i < n; ++i) {
      if (!(std::fabs(values[i]) <= most) || std::isinf(values[i])) return i;
    }
    return -1;
  }

  static void keep_least(std::atomic<int64_t>& least, int64_t value) {
    int64_t held = least;
    while (value < held && !least.compare_exchange_weak(held, value)) {
    }
  }

  Status refuse_element(const PlannedTensor& tensor, int64_t i_elem) const {
    const TensorView& view = tensor.source->view;
    const int64_t n_cols = view.n_cols();
    std::vector<float> row(static_cast<size_t>(n_cols));
    dequantize_row(view.dtype, view.row(i_elem / n_cols), n_cols, row.data());
    const float value = row[static_cast<size_t>(i_elem % n_cols)];
    const std::string found =
        str_cat(catalog_.source_name, ": at byte ", tensor.source->file_offset, ": tensor ",
                quoted(tensor.source->name), ", row ", i_elem / n_cols, ", column ",
                i_elem % n_cols, ": found ", value, ", expected ");
    if (!std::isfinite(value)) {
      return corrupt(found, "a finite number; the file is damaged or its model is broken");
    }
    return unsupported(found, "magnitudes up to 65504 for ", dtype_info(tensor.dtype).name,
                       ", whose scales are f16; bf16 and f32 hold it");
  }

  // Sets weights_: what counts in the columns of this tensor, or nothing.
  Status find_weights(const PlannedTensor& tensor) {
    weights_.clear();
    if (importance_.empty() || !tensor.is_matrix || !dtype_info(tensor.dtype).quantized) return {};
    const auto found = importance_.find(tensor.source->name);
    if (found == importance_.end()) {
      ++n_without_importance_;
      return {};
    }
    const auto n_cols = static_cast<size_t>(tensor.source->view.n_cols());
    if (found->second.size() != n_cols) {
      return invalid_argument("imatrix: found ", found->second.size(), " columns for tensor ",
                              quoted(tensor.source->name), ", expected ", n_cols,
                              "; it belongs to another model");
    }
    double mean = 0;
    for (const float square : found->second) mean += static_cast<double>(square) / n_cols;
    if (!(mean > 0)) return {};
    for (const float square : found->second) {
      weights_.push_back(static_cast<float>(static_cast<double>(square) / mean + kImportanceFloor));
    }
    return {};
  }

  const file::Catalog& catalog_;
  const Importance& importance_;
  ThreadPool& pool_;
  Progress& progress_;
  std::vector<float> weights_;  // [n_cols], or empty
  std::vector<float> values_;   // [n_threads, n_cols]
  std::vector<std::byte> out_;
  int64_t out_row_bytes_ = 0;
  int n_without_importance_ = 0;
};

// All but what is wrong in the new file.
void add_metadata(const file::Catalog& catalog, uint32_t file_type, file::GgufWriter& writer) {
  for (const auto& [key, value] : catalog.metadata) {
    const bool replaced = key == "general.file_type" || key == "general.quantization_version" ||
                          key == "general.alignment" || key.starts_with("split.");
    if (!replaced) writer.add_value(key, value);
  }
  writer.add_u32("general.quantization_version", kQuantizationVersion);
  writer.add_u32("general.file_type", file_type);
}

Status add_tensors(const Plan& plan, file::GgufWriter& writer, QuantizeReport& report) {
  for (const PlannedTensor& tensor : plan.tensors) {
    const TensorView& view = tensor.source->view;
    CRIA_RETURN_IF_ERROR(writer.add_tensor(tensor.source->name, tensor.dtype,
                                           {view.dims.begin(), view.dims.begin() + view.n_dims}));
    const auto n_cols = static_cast<uint64_t>(view.n_cols());
    report.bytes_before += static_cast<int64_t>(view.size_bytes);
    report.bytes_after += static_cast<int64_t>(*row_bytes(tensor.dtype, n_cols)) * view.n_rows();
    report.tensors.push_back({.name = std::string(tensor.source->name),
                              .from = dtype_info(view.dtype).name,
                              .to = dtype_info(tensor.dtype).name,
                              .n_elems = view.n_elems()});
  }
  return {};
}

Result<std::shared_ptr<const file::Catalog>> open_source(const std::string& in,
                                                         const std::string& out) {
  auto catalog = file::open_catalog(in, "");
  if (!catalog.ok()) return catalog.status();
  if (!(*catalog)->format.starts_with("GGUF")) {
    return unsupported(in, ": found a ", (*catalog)->format,
                       " file, expected a GGUF; convert it first");
  }
  for (const std::string& path : (*catalog)->paths()) {
    if (is_same_file(path, out)) {
      return invalid_argument(out,
                              ": found the file that is read as the one to write, expected "
                              "another name");
    }
  }
  return catalog;
}

}  // namespace

Result<QuantizeReport> convert_file(const std::string& in, const std::string& out,
                                    const QuantizeOptions& options) {
  const auto recipe = find_recipe(options.type);
  if (!recipe.ok()) return recipe.status();
  const auto catalog = open_source(in, out);
  if (!catalog.ok()) return catalog.status();
  auto plan = make_plan(**catalog, options);
  if (!plan.ok()) return plan.status();
  Importance importance;
  if (!options.imatrix_path.empty()) {
    auto read = read_importance(options.imatrix_path);
    if (!read.ok()) return read.status();
    importance = std::move(*read);
  }
  const int n_threads = options.n_threads > 0 ? options.n_threads : n_usable_processors();
  auto pool = ThreadPool::create(std::min(n_threads, ThreadPool::kMaxThreads));
  if (!pool.ok()) return pool.status();

  QuantizeReport report;
  file::GgufWriter writer;
  add_metadata(**catalog, file_type(**recipe), writer);
  CRIA_RETURN_IF_ERROR(add_tensors(*plan, writer, report));
  Progress progress(*plan, options.on_progress);
  Converter converter(**catalog, importance, **pool, progress);
  CRIA_RETURN_IF_ERROR(writer.write(out, [&](size_t i, file::GgufWriter::Sink sink) {
    return converter.write(plan->tensors[i], sink);
  }));
  report.notes = std::move(plan->notes);
  if (converter.n_without_importance() > 0) {
    report.notes.push_back(str_cat(options.imatrix_path, ": has nothing on ",
                                   converter.n_without_importance(),
                                   " of the matrices; their columns count the same"));
  }
  return report;
}

}  // namespace cria::convert
