#include "model/packed_file.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/checksum.h"
#include "base/output_file.h"
#include "base/same_file.h"
#include "base/str_cat.h"
#include "file/packed_index.h"
#include "model/fingerprint.h"

namespace cria::model {
namespace {

// What is summed up at once.
constexpr uint64_t kPiece = uint64_t{4} << 20;

// Panels of a matrix before they are read by anybody: checksum of each piece, seeded by the last.
uint64_t sum_of_panels(Bytes panels) {
  uint64_t sum = 0;
  for (uint64_t at = 0; at < panels.size(); at += kPiece) {
    sum = checksum(panels.subspan(at, std::min(kPiece, panels.size() - at)), sum);
  }
  return sum;
}

std::string layout_of(const kernels::PackedKernel& kernel) {
  return str_cat(kernel.isa, ": ", kernel.layout, "; ", kernel.width, " columns");
}

// A matrix that stands in the file.
struct Packed {
  NamedLinear named;
  std::string layout;
  uint64_t n_bytes = 0;
  uint64_t sum = 0;

  Bytes panels() const { return {named.linear->packed.panels, static_cast<size_t>(n_bytes)}; }
};

std::vector<Packed> packed_matrices(const Model& model) {
  std::vector<Packed> all;
  for (NamedLinear& named : named_linears(model.weights)) {
    const kernels::PackedKernel* kernel =
        gemm::packed_kernel(model.kernels, named.linear->weight.dtype);
    if (kernel == nullptr) continue;
    const uint64_t n_bytes = gemm::packed_bytes(model.kernels, named.linear->weight);
    all.push_back({.named = std::move(named), .layout = layout_of(*kernel), .n_bytes = n_bytes});
  }
  return all;
}

uint64_t align_up(uint64_t n) {
  return (n + file::kPackedAlignment - 1) / file::kPackedAlignment * file::kPackedAlignment;
}

// data_start: where the first matrix stands.
file::PackedIndex index_of(const Model& model, const std::vector<Packed>& matrices,
                           uint64_t data_start) {
  file::PackedIndex index{.fingerprint = fingerprint(*model.catalog),
                          .source_bytes = model.catalog->size_bytes()};
  uint64_t offset = data_start;
  for (const Packed& each : matrices) {
    const TensorView& w = each.named.linear->weight;
    index.entries.push_back({.name = each.named.name,
                             .layout = each.layout,
                             .dtype = static_cast<uint32_t>(w.dtype),
                             .n_rows = static_cast<uint64_t>(w.n_rows()),
                             .n_cols = static_cast<uint64_t>(w.n_cols()),
                             .offset = offset,
                             .n_bytes = each.n_bytes,
                             .sum = each.sum});
    offset += align_up(each.n_bytes);
  }
  return index;
}

template <typename Found, typename Expected>
Status of_another(std::string_view path, const char* what, const Found& found,
                  const Expected& expected) {
  return invalid_argument(path, ": holds packed weights of another ", what, ": found ", found,
                          ", expected ", expected, "; make it again with cria pack");
}

Status check_matrix(const ByteReader& in, const file::PackedEntry& entry, const Packed& wanted) {
  const TensorView& w = wanted.named.linear->weight;
  if (entry.layout != wanted.layout) {
    return of_another(in.source_name(), "kernel table or layout", entry.layout, wanted.layout);
  }
  if (entry.name != wanted.named.name || entry.dtype != static_cast<uint32_t>(w.dtype) ||
      entry.n_rows != static_cast<uint64_t>(w.n_rows()) ||
      entry.n_cols != static_cast<uint64_t>(w.n_cols()) || entry.n_bytes != wanted.n_bytes) {
    return in.error("matrix", "found ", entry.name, " [", entry.n_rows, ", ", entry.n_cols,
                    "], expected ", wanted.named.name, " [", w.n_rows(), ", ", w.n_cols(), "]");
  }
  return {};
}

// Errors: io_error where the disk fails; corrupt.
Status check_sums(const MappedFile& file, const std::vector<file::PackedEntry>& entries,
                  ThreadPool& pool) {
  std::atomic<size_t> wrong = SIZE_MAX;
  std::atomic<bool> unreadable = false;
  const auto check = [&](int64_t begin, int64_t end, int) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      const file::PackedEntry& entry = entries[i];
      if (!file.prefault(entry.offset, entry.offset + entry.n_bytes).ok()) unreadable = true;
      if (unreadable) return;
      if (sum_of_panels(file.bytes().subspan(entry.offset, entry.n_bytes)) != entry.sum) wrong = i;
    }
  };
  pool.for_each(static_cast<int64_t>(entries.size()), 1, check);
  if (unreadable) return io_error(file.path(), ": cannot be read; the disk may be failing");
  if (wrong == SIZE_MAX) return {};
  const file::PackedEntry& entry = entries[wrong];
  return corrupt(file.path(), ": at byte ", entry.offset, ": ", entry.name,
                 ": its checksum is wrong; make the file again with cria pack");
}

}  // namespace

uint64_t packed_file_bytes(const Model& model) {
  uint64_t n_bytes = 0;
  for (const Packed& each : packed_matrices(model)) n_bytes += align_up(each.n_bytes);
  return n_bytes;
}

Status save_packed(const Model& model, const std::string& path,
                   const std::function<bool(double)>& on_progress) {
  std::vector<Packed> matrices = packed_matrices(model);
  if (matrices.empty()) {
    return Status(StatusCode::unsupported,
                  str_cat(model.path, ": has no weights that are packed for kernels ",
                          model.kernels.name, "; they are used where they stand"));
  }
  for (const std::string& source : model.catalog->paths()) {
    if (!is_same_file(source, path)) continue;
    return invalid_argument(path,
                            ": is the model itself, which packed weights do not replace; name "
                            "another file");
  }
  for (Packed& each : matrices) each.sum = sum_of_panels(each.panels());
  const uint64_t data_start = align_up(file::packed_head(index_of(model, matrices, 0)).size());
  std::string head = file::packed_head(index_of(model, matrices, data_start));
  head.resize(data_start);
  const std::string padding(file::kPackedAlignment, '\0');
  auto out = OutputFile::create(path);
  if (!out.ok()) return out.status();
  CRIA_RETURN_IF_ERROR(out->write(as_bytes(head)));
  for (const Packed& each : matrices) {
    if (on_progress && !on_progress(static_cast<double>(&each - matrices.data()) /
                                    static_cast<double>(matrices.size()))) {
      return Status(StatusCode::cancelled, str_cat("cancelled while writing ", path));
    }
    CRIA_RETURN_IF_ERROR(out->write(each.panels()));
    if (&each == &matrices.back()) break;
    const uint64_t n_padding = align_up(each.n_bytes) - each.n_bytes;
    CRIA_RETURN_IF_ERROR(out->write(as_bytes(padding).first(n_padding)));
  }
  return out->commit();
}

Status attach_packed(const std::string& path, ThreadPool& pool, Model& model) {
  auto file = MappedFile::open(path);
  if (!file.ok()) return file.status();
  ByteReader in((*file)->bytes(), path);
  const auto index = file::read_packed_index(in);
  if (!index.ok()) return index.status();
  const uint64_t own = fingerprint(*model.catalog);
  if (index->fingerprint != own || index->source_bytes != model.catalog->size_bytes()) {
    return of_another(path, "model", index->fingerprint, own);
  }
  const std::vector<Packed> matrices = packed_matrices(model);
  if (index->entries.size() != matrices.size()) {
    return in.error("number of matrices", "found ", index->entries.size(), ", expected ",
                    matrices.size());
  }
  for (size_t i = 0; i < matrices.size(); ++i) {
    CRIA_RETURN_IF_ERROR(check_matrix(in, index->entries[i], matrices[i]));
  }
  CRIA_RETURN_IF_ERROR(check_sums(**file, index->entries, pool));
  auto entry = index->entries.begin();
  for (Linear* linear : linears_to_pack(model.weights)) {
    if (gemm::packed_kernel(model.kernels, linear->weight.dtype) == nullptr) continue;
    linear->packed = gemm::panels_in_file(model.kernels, linear->weight, *file, entry->offset);
    ++entry;
  }
  return let_go_of_packed(*model.catalog, model.weights);
}

}  // namespace cria::model
