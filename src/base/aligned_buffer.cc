#include "base/aligned_buffer.h"

#include <sys/mman.h>

namespace cria {

Result<AlignedBuffer> AlignedBuffer::allocate(uint64_t size_bytes, std::string_view what_for) {
  AlignedBuffer buffer;
  if (size_bytes == 0) return buffer;
  void* data = size_bytes > SIZE_MAX / 2 ? MAP_FAILED
                                         : ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE,
                                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    return out_of_memory("cannot allocate ", size_bytes, " bytes for ", what_for,
                         "; ask for less (a smaller context or model) or free some memory");
  }
  buffer.data_ = static_cast<std::byte*>(data);
  buffer.size_bytes_ = size_bytes;
  return buffer;
}

Result<AlignedBuffer> AlignedBuffer::allocate_sparse(uint64_t size_bytes,
                                                     std::string_view what_for) {
  auto buffer = allocate(size_bytes, what_for);
#if defined(MADV_NOHUGEPAGE)
  // A kernel without huge pages refuses, and has no need of it.
  if (buffer.ok() && size_bytes > 0) ::madvise(buffer->data(), size_bytes, MADV_NOHUGEPAGE);
#endif
  return buffer;
}

Result<AlignedBuffer> AlignedBuffer::allocate_streamed(uint64_t size_bytes,
                                                       std::string_view what_for) {
  auto buffer = allocate(size_bytes, what_for);
#if defined(MADV_HUGEPAGE)
  if (buffer.ok() && size_bytes > 0) ::madvise(buffer->data(), size_bytes, MADV_HUGEPAGE);
#endif
  return buffer;
}

void AlignedBuffer::discard(uint64_t offset, uint64_t n_bytes) {
  ::madvise(data_ + offset, n_bytes, MADV_DONTNEED);  // an optimisation: may fail
}

AlignedBuffer::~AlignedBuffer() {
  if (data_ != nullptr) ::munmap(data_, size_bytes_);
}

}  // namespace cria
