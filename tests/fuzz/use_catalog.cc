#include "fuzz/use_catalog.h"

namespace cria::fuzz {
namespace {

void require(bool condition) {
  if (!condition) __builtin_trap();
}

// A wrong type is a refusal too; which keys have which types is the input's choice.
template <typename T>
void get_as(const file::Catalog& catalog, std::string_view key) {
  T out{};
  const Status status = catalog.get(key, out);
  if (!status.ok()) check_refusal(status);
}

void touch(const std::byte* data, uint64_t n_bytes) {
  if (n_bytes == 0) return;
  volatile std::byte sink = data[0];
  sink = data[n_bytes - 1];
  (void)sink;
}

}  // namespace

void check_refusal(const Status& status) {
  require(status.code() == StatusCode::corrupt || status.code() == StatusCode::unsupported);
  for (const char* piece : {"at byte ", "found ", "expected "}) {
    require(status.message().find(piece) != std::string::npos);
  }
}

void use_catalog(const file::Catalog& catalog) {
  for (const auto& [key, value] : catalog.metadata) {
    require(catalog.find(key) == &value);
    get_as<uint32_t>(catalog, key);
    get_as<int32_t>(catalog, key);
    get_as<float>(catalog, key);
    get_as<bool>(catalog, key);
    get_as<std::string_view>(catalog, key);
    get_as<std::vector<std::string_view>>(catalog, key);
    get_as<std::vector<float>>(catalog, key);
    get_as<std::vector<int32_t>>(catalog, key);
  }
  for (const file::NamedTensor& tensor : catalog.tensors) {
    require(catalog.find_tensor(tensor.name) == &tensor);
    const TensorView& view = tensor.view;
    touch(view.data, view.size_bytes);
    require(view.row_bytes() * static_cast<uint64_t>(view.n_rows()) == view.size_bytes);
    if (view.dtype != DType::grouped_i8) continue;
    require(view.group_size > 0 && view.n_elems() % view.group_size == 0);
    touch(view.scales, static_cast<uint64_t>(view.n_elems() / view.group_size) * sizeof(float));
  }
}

}  // namespace cria::fuzz
