// Memory whose next byte cannot be touched, to catch a kernel or a reader that goes too far.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

namespace cria::testing {

// size_bytes that end right before an inaccessible page. Contents start as 0xA5.
class GuardedBytes {
 public:
  explicit GuardedBytes(size_t size_bytes);
  explicit GuardedBytes(std::string_view copy_of);
  ~GuardedBytes();
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  std::byte* data() { return data_; }
  size_t size() const { return size_bytes_; }
  std::span<const std::byte> bytes() const { return {data_, size_bytes_}; }
  template <typename T>
  T* as() {
    return reinterpret_cast<T*>(data_);
  }

 private:
  std::byte* map_ = nullptr;
  size_t map_bytes_ = 0;
  std::byte* data_ = nullptr;
  size_t size_bytes_ = 0;
};

}  // namespace cria::testing
