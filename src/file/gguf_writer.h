// Writes GGUF v3 files. Source: the GGUF specification.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "base/output_file.h"
#include "file/catalog.h"

namespace cria::file {

// Collects metadata and tensor headers, then streams tensor data in order. Thread compatible.
class GgufWriter {
 public:
  void add_u32(std::string_view key, uint32_t value);
  void add_f32(std::string_view key, float value);
  void add_bool(std::string_view key, bool value);
  void add_string(std::string_view key, std::string_view value);
  void add_strings(std::string_view key, const std::vector<std::string>& values);
  void add_f32s(std::string_view key, const std::vector<float>& values);
  void add_i32s(std::string_view key, const std::vector<int32_t>& values);
  // As it stands in another file.
  void add_value(std::string_view key, const MetaValue& value);
  // dims[0] contiguous. Errors: invalid_argument where dims[0] is no multiple of the block, there
  // are not 1 to 4 dims of at least 1, the name is empty or was added before, or GGUF lacks the
  // type.
  Status add_tensor(std::string_view name, DType dtype, const std::vector<int64_t>& dims);

  // Writes PATH atomically. fill is called once per tensor, in the order added, and writes exactly
  // the tensor's bytes through the sink it is given (any number of pieces).
  // Errors: io_error; whatever fill returns; internal where fill wrote another number of bytes. On
  // an error an earlier file of that name is untouched.
  using Sink = FunctionRef<Status(Bytes)>;
  Status write(const std::string& path, FunctionRef<Status(size_t i_tensor, Sink sink)> fill) const;

 private:
  struct Tensor {
    std::string name;
    DType dtype;
    std::vector<int64_t> dims;
    uint64_t size_bytes;
  };
  void add_key(std::string_view key, MetaType type);
  std::string metadata_;
  uint64_t n_metadata_ = 0;
  std::vector<Tensor> tensors_;
};

}  // namespace cria::file
