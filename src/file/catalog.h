// What a model file holds, whatever its format: metadata and named tensors. Formats other than GGUF
// are given GGUF's keys and tensor names, so that everything above knows one vocabulary.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/byte_reader.h"
#include "base/mapped_file.h"
#include "tensor/tensor_view.h"

namespace cria::file {

// GGUF's value types, with its ids.
enum class MetaType : uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};
const char* meta_type_name(MetaType type);

// An array as its encoded bytes, checked when it was read: strings are u64 length + bytes each.
struct MetaArray {
  MetaType elem_type = MetaType::u8;
  uint64_t count = 0;
  Bytes encoded;
};

struct MetaValue {
  MetaType type = MetaType::u32;
  // Unsigned types: uint64_t; signed: int64_t; f32, f64: double; boolean: bool. Text is a view of
  // the file.
  std::variant<uint64_t, int64_t, double, bool, std::string_view, MetaArray> value;
  uint64_t file_offset = 0;  // of the value, for messages
};

struct NamedTensor {
  std::string_view name;
  TensorView view;
  uint64_t file_offset = 0;
  int i_shard = 0;
};

// Where a tensor's bytes begin in a file.
struct FilePlace {
  std::shared_ptr<const MappedFile> file;
  uint64_t offset = 0;
};

// Immutable once read; share it by shared_ptr. Keeps alive all bytes that its views point at.
class Catalog {
 public:
  std::string source_name;  // the path, or what a test calls its bytes
  std::string format;       // "GGUF v3", "llama2.c v2", ...
  std::vector<std::pair<std::string_view, MetaValue>> metadata;  // in the file's order
  std::vector<NamedTensor> tensors;                              // in the file's order
  std::vector<std::string> notes;  // what a person should know, e.g. "tokens 3 and 9 are the same"

  // Null where there is none.
  const MetaValue* find(std::string_view key) const;
  const NamedTensor* find_tensor(std::string_view name) const;

  // Typed look-ups. A key that is absent leaves out as it was and is no error. Integers of any
  // width and sign that fit are taken, and f64 for float; a key of another type, or a number that
  // does not fit, is corrupt (position, key, found and expected type named). Text is a view of the
  // catalog's bytes; the vectors are filled only when the whole array fits.
  Status get(std::string_view key, uint32_t& out) const;
  Status get(std::string_view key, int32_t& out) const;
  Status get(std::string_view key, float& out) const;
  Status get(std::string_view key, bool& out) const;
  Status get(std::string_view key, std::string_view& out) const;
  Status get(std::string_view key, std::vector<std::string_view>& out) const;
  Status get(std::string_view key, std::vector<float>& out) const;
  Status get(std::string_view key, std::vector<int32_t>& out) const;

  // For readers: fill the indices after metadata and tensors are complete. Errors: corrupt where a
  // key or a tensor name stands twice.
  Status index();
  // For readers: keep bytes alive. own() returns a view of the stored copy.
  void keep(std::shared_ptr<const MappedFile> mapped) { files_.push_back(std::move(mapped)); }
  std::string_view own(std::string bytes);

  // Of all files that belong to it.
  uint64_t size_bytes() const;
  std::vector<std::string> paths() const;

  // Brings a tensor's mapped pages into memory. Errors: io_error where the disk fails.
  Status prefault(const TensorView& tensor) const;
  // Gives their memory back, and some around them: for tensors that were copied into another form.
  void drop(const TensorView& tensor) const;
  // Gives back the memory of every page, headers too: all is mapped again where it is used again.
  void drop_all() const;
  // For a tensor that is read here and there; file null where its bytes are our own.
  FilePlace place_of(const TensorView& tensor) const;

 private:
  // Positions in metadata and tensors, sorted by key and name. Not hash maps: a file chooses the
  // keys, so it could choose them to collide; and these take 4 bytes an entry.
  std::vector<uint32_t> metadata_order_;
  std::vector<uint32_t> tensor_order_;
  // The file that holds the tensor's bytes; null for bytes of our own.
  std::shared_ptr<const MappedFile> file_of(const TensorView& tensor) const;

  std::vector<std::shared_ptr<const MappedFile>> files_;
  std::vector<std::unique_ptr<std::string>> owned_;
};

}  // namespace cria::file
