// Writes a file so that a reader sees the old one or the whole new one, never a part.
#pragma once

#include <string>

#include "base/byte_reader.h"

namespace cria {

// Writes to PATH.tmp.PID.N and renames on commit; without commit() the temporary is removed.
// Thread compatible. Every error names the path; a full disk leaves an existing file untouched.
class OutputFile {
 public:
  static Result<OutputFile> create(const std::string& path);

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  ~OutputFile();

  Status write(Bytes bytes);
  // Flushes to the disk and renames over the target.
  Status commit();
  uint64_t n_bytes_written() const { return n_bytes_written_; }

 private:
  OutputFile() = default;
  Status fail(std::string_view action, int error) const;

  std::string path_;
  std::string temporary_path_;
  int fd_ = -1;
  uint64_t n_bytes_written_ = 0;
};

}  // namespace cria
