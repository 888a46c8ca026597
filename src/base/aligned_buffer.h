// Memory for weights, KV cache and scratch: zeroed, page aligned, taken from the system lazily.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/checked.h"
#include "base/str_cat.h"

namespace cria {

// Owns one anonymous mapping. Moves, never copies. Pages cost memory only once they are touched.
class AlignedBuffer {
 public:
  // Errors: out_of_memory naming what for and the size. size_bytes 0 gives an empty buffer.
  static Result<AlignedBuffer> allocate(uint64_t size_bytes, std::string_view what_for);
  // The same in small pages, for memory of which a little everywhere is touched first (KV cache):
  // where the system gives huge pages unasked, that would take nearly all of it at once.
  static Result<AlignedBuffer> allocate_sparse(uint64_t size_bytes, std::string_view what_for);

  // The same in huge pages where the system gives them on request, for memory that is filled and
  // then streamed whole again and again (weights): fewer addresses to translate.
  static Result<AlignedBuffer> allocate_streamed(uint64_t size_bytes, std::string_view what_for);

  // Gives a part's memory back to the system; it then reads as zeros, or as it was. Multiples of
  // the system's pages.
  void discard(uint64_t offset, uint64_t n_bytes);

  AlignedBuffer() = default;
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_bytes_(std::exchange(other.size_bytes_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_bytes_, other.size_bytes_);
    return *this;
  }
  ~AlignedBuffer();

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  uint64_t size_bytes() const { return size_bytes_; }

  template <typename T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(data_), size_bytes_ / sizeof(T)};
  }

 private:
  std::byte* data_ = nullptr;
  uint64_t size_bytes_ = 0;
};

}  // namespace cria
