#include "convert/importance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "base/str_cat.h"
#include "file/gguf_writer.h"
#include "file/readers.h"
#include "tensor/blocks.h"

namespace cria::convert {
namespace {

constexpr std::string_view kSums = ".in_sum2";
constexpr std::string_view kCounts = ".counts";

Status wrong(const file::Catalog& catalog, const file::NamedTensor& tensor, std::string_view what) {
  return corrupt(catalog.source_name, ": at byte ", tensor.file_offset, ": tensor ",
                 quoted(tensor.name), ": ", what);
}

// All elements, checked: a number from a file must not become a weight of the search unseen.
Status read_floats(const file::Catalog& catalog, const file::NamedTensor& tensor,
                   std::vector<float>& out) {
  if (tensor.view.dtype != DType::f32) {
    return wrong(catalog, tensor,
                 str_cat("found type ", dtype_info(tensor.view.dtype).name, ", expected f32"));
  }
  out.resize(static_cast<size_t>(tensor.view.n_elems()));
  dequantize_row(DType::f32, tensor.view.data, tensor.view.n_elems(), out.data());
  for (size_t i = 0; i < out.size(); ++i) {
    if (std::isfinite(out[i]) && out[i] >= 0) continue;
    return wrong(catalog, tensor,
                 str_cat("found ", out[i], " as element ", i, ", expected 0 or more"));
  }
  return {};
}

Status read_matrix(const file::Catalog& catalog, const file::NamedTensor& sums,
                   Importance& importance) {
  const std::string name(sums.name.substr(0, sums.name.size() - kSums.size()));
  const file::NamedTensor* counts = catalog.find_tensor(str_cat(name, kCounts));
  if (counts == nullptr) return wrong(catalog, sums, "found no tensor of its counts beside it");
  if (sums.view.n_rows() != 1) {
    return wrong(catalog, sums,
                 str_cat("found shape ", shape_text(sums.view),
                         ", expected one row: experts are not supported"));
  }
  if (counts->view.n_elems() != 1) {
    return wrong(catalog, *counts,
                 str_cat("found shape ", shape_text(counts->view), ", expected [1]"));
  }
  std::vector<float> mean, count;
  CRIA_RETURN_IF_ERROR(read_floats(catalog, sums, mean));
  CRIA_RETURN_IF_ERROR(read_floats(catalog, *counts, count));
  if (count[0] <= 0) return {};  // never used: it says nothing
  for (float& square : mean) {
    square /= count[0];
    if (!std::isfinite(square)) return wrong(catalog, *counts, "is too small for its sums");
  }
  importance.emplace(name, std::move(mean));
  return {};
}

}  // namespace

Result<Importance> read_importance(const std::string& path) {
  const auto opened = file::open_catalog(path, "");
  if (!opened.ok()) return opened.status();
  return importance_in(**opened);
}

Result<Importance> importance_in(const file::Catalog& catalog) {
  std::string_view kind;
  if (catalog.find("general.type") != nullptr) {
    CRIA_RETURN_IF_ERROR(catalog.get("general.type", kind));
  }
  if (kind != "imatrix") {
    return unsupported(catalog.source_name, ": found a ", catalog.format,
                       " file with a general.type of ", quoted(kind),
                       ", expected 'imatrix'; make one with: cria imatrix MODEL -f "
                       "TEXT -o FILE");
  }
  Importance importance;
  for (const file::NamedTensor& tensor : catalog.tensors) {
    if (!tensor.name.ends_with(kSums)) continue;
    CRIA_RETURN_IF_ERROR(read_matrix(catalog, tensor, importance));
  }
  return importance;
}

Status write_importance(const ImportanceFile& importance, const std::string& path) {
  file::GgufWriter writer;
  writer.add_string("general.type", "imatrix");
  writer.add_strings("imatrix.datasets", {importance.source_name});
  writer.add_u32("imatrix.chunk_count", static_cast<uint32_t>(importance.n_chunks));
  writer.add_u32("imatrix.chunk_size", static_cast<uint32_t>(importance.n_chunk_tokens));
  std::vector<std::vector<float>> data;
  for (const auto& [name, sums] : importance.by_weight) {
    CRIA_RETURN_IF_ERROR(writer.add_tensor(str_cat(name, kSums), DType::f32,
                                           {static_cast<int64_t>(sums.squares.size())}));
    std::vector<float>& squares = data.emplace_back();
    for (const double square : sums.squares) {
      constexpr auto kMost = static_cast<double>(std::numeric_limits<float>::max());
      squares.push_back(static_cast<float>(std::min(square, kMost)));
    }
    CRIA_RETURN_IF_ERROR(writer.add_tensor(str_cat(name, kCounts), DType::f32, {1}));
    data.push_back({static_cast<float>(sums.n_tokens)});
  }
  return writer.write(path, [&](size_t i, file::GgufWriter::Sink sink) {
    return sink(std::as_bytes(std::span(data[i])));
  });
}

}  // namespace cria::convert
