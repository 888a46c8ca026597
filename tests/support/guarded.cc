#include "support/guarded.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace cria::testing {

GuardedBytes::GuardedBytes(size_t size_bytes) : size_bytes_(size_bytes) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t body_bytes = (size_bytes + page - 1) / page * page;
  map_bytes_ = body_bytes + page;
  void* map =
      ::mmap(nullptr, map_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) {
    ADD_FAILURE() << "cannot map " << map_bytes_ << " bytes";
    map_bytes_ = 0;
    return;
  }
  map_ = static_cast<std::byte*>(map);
  EXPECT_EQ(::mprotect(map_ + body_bytes, page, PROT_NONE), 0);
  data_ = map_ + body_bytes - size_bytes;
  std::memset(map_, 0xA5, body_bytes);
}

GuardedBytes::GuardedBytes(std::string_view copy_of) : GuardedBytes(copy_of.size()) {
  if (!copy_of.empty()) std::memcpy(data_, copy_of.data(), copy_of.size());
}

GuardedBytes::~GuardedBytes() {
  if (map_ != nullptr) ::munmap(map_, map_bytes_);
}

}  // namespace cria::testing
