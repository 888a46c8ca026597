#include "model/fingerprint.h"

#include <algorithm>
#include <span>
#include <type_traits>

#include "base/checksum.h"

namespace cria::model {
namespace {

constexpr uint64_t kSampleBytes = 64;

class Sum {
 public:
  void add(Bytes bytes) { sum_ = checksum(bytes, sum_); }
  void add(std::string_view text) { add(as_bytes(text)); }
  template <typename T>
  requires std::is_arithmetic_v<T>
  void add(T value) { add(std::as_bytes(std::span(&value, 1))); }
  void add(const file::MetaArray& array) { add(array.encoded); }

  uint64_t get() const { return sum_; }

 private:
  uint64_t sum_ = 0;
};

// Without mapping pages where there is a file: a fault maps much around it, which would count as
// this process's memory.
Bytes sample(const file::Catalog& catalog, const TensorView& tensor, uint64_t at, size_t n,
             std::byte* buffer) {
  const file::FilePlace place = catalog.place_of(tensor);
  if (place.file != nullptr && place.file->read_at(place.offset + at, n, buffer)) {
    return {buffer, n};
  }
  return {tensor.data + at, n};
}

}  // namespace

uint64_t fingerprint(const file::Catalog& catalog) {
  Sum sum;
  std::byte buffer[kSampleBytes];
  for (const auto& [key, value] : catalog.metadata) {
    sum.add(key);
    std::visit([&](const auto& kept) { sum.add(kept); }, value.value);
  }
  for (const file::NamedTensor& tensor : catalog.tensors) {
    sum.add(tensor.name);
    sum.add(static_cast<uint32_t>(tensor.view.dtype));
    for (const int64_t dim : tensor.view.dims) sum.add(dim);
    const uint64_t n_bytes = tensor.view.size_bytes;
    const uint64_t n = std::min(n_bytes, kSampleBytes);
    for (const uint64_t at : {uint64_t{0}, (n_bytes - n) / 2, n_bytes - n}) {
      sum.add(sample(catalog, tensor.view, at, static_cast<size_t>(n), buffer));
    }
  }
  return sum.get();
}

}  // namespace cria::model
