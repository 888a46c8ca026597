#include "file/gguf_shards.h"

#include <optional>

#include "base/str_cat.h"
#include "file/readers.h"

namespace cria::file {
namespace {

constexpr std::string_view kIndexKey = "split.no";
constexpr std::string_view kCountKey = "split.count";
constexpr std::string_view kTensorsKey = "split.tensors.count";
constexpr size_t kDigits = 5;

// A path of the form PREFIX-00002-of-00003.gguf.
struct ShardPath {
  std::string prefix;
  uint32_t number = 0;  // from 1
  uint32_t count = 0;
};

std::optional<uint32_t> parse_digits(std::string_view text) {
  uint32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  return value;
}

std::optional<ShardPath> parse_shard_path(std::string_view path) {
  constexpr std::string_view kForm = "-00001-of-00001.gguf";
  if (path.size() <= kForm.size()) return std::nullopt;
  const std::string_view tail = path.substr(path.size() - kForm.size());
  const auto number = parse_digits(tail.substr(1, kDigits));
  const auto count = parse_digits(tail.substr(10, kDigits));
  if (tail[0] != '-' || tail.substr(6, 4) != "-of-" || tail.substr(15) != ".gguf" || !number ||
      !count) {
    return std::nullopt;
  }
  return ShardPath{std::string(path.substr(0, path.size() - kForm.size())), *number, *count};
}

std::string five_digits(uint32_t value) {
  const std::string digits = std::to_string(value);
  return digits.size() < kDigits ? std::string(kDigits - digits.size(), '0') + digits : digits;
}

std::string shard_path(const ShardPath& any, uint32_t number) {
  return str_cat(any.prefix, "-", five_digits(number), "-of-", five_digits(any.count), ".gguf");
}

// An integer that must be there.
Status get_required(const Catalog& catalog, std::string_view key, uint32_t& out) {
  if (catalog.find(key) == nullptr) {
    return corrupt(catalog.source_name, ": at byte 0: found no key ", quoted(key),
                   ", expected one in a shard of a model");
  }
  return catalog.get(key, out);
}

// An integer that must be as expected where it is there.
Status check_key(const Catalog& catalog, std::string_view key, uint32_t expected) {
  const MetaValue* value = catalog.find(key);
  if (value == nullptr) return {};
  uint32_t found = 0;
  CRIA_RETURN_IF_ERROR(catalog.get(key, found));
  if (found == expected) return {};
  return corrupt(catalog.source_name, ": at byte ", value->file_offset, ": key ", quoted(key),
                 ": found ", found, ", expected ", expected,
                 "; a shard was renamed or belongs to another model");
}

// One shard's file and what it says.
struct Shard {
  std::shared_ptr<const MappedFile> mapped;
  std::shared_ptr<Catalog> catalog;
};

Result<Shard> open_shard(const ShardPath& any, uint32_t number) {
  auto mapped = MappedFile::open(shard_path(any, number));
  if (!mapped.ok()) {
    return Status(mapped.status().code(), str_cat(mapped.status().message(), "; all ", any.count,
                                                  " shards of a model must lie in one folder"));
  }
  auto catalog = read_gguf((*mapped)->bytes(), (*mapped)->path());
  if (!catalog.ok()) return catalog.status();
  CRIA_RETURN_IF_ERROR(check_key(**catalog, kIndexKey, number - 1));
  CRIA_RETURN_IF_ERROR(check_key(**catalog, kCountKey, any.count));
  return Shard{std::move(*mapped), std::move(*catalog)};
}

Status check_tensor_count(const Catalog& catalog, size_t n_found, uint32_t n_expected,
                          bool is_last) {
  if (n_found <= n_expected && !(is_last && n_found < n_expected)) return {};
  const MetaValue* value = catalog.find(kTensorsKey);
  return corrupt(catalog.source_name, ": at byte ", value == nullptr ? 0 : value->file_offset,
                 ": key ", quoted(kTensorsKey), ": found ", n_found, is_last ? "" : " or more",
                 " tensors in the shards, expected ", n_expected);
}

// Adds the tensors of shards 2 to count to the first one's catalog, which keeps their bytes.
Status append_shards(const ShardPath& any, Catalog& first) {
  uint32_t n_tensors = 0;
  CRIA_RETURN_IF_ERROR(get_required(first, kTensorsKey, n_tensors));
  CRIA_RETURN_IF_ERROR(check_tensor_count(first, first.tensors.size(), n_tensors, false));
  for (uint32_t number = 2; number <= any.count; ++number) {
    auto shard = open_shard(any, number);
    if (!shard.ok()) return shard.status();
    CRIA_RETURN_IF_ERROR(check_key(*shard->catalog, kTensorsKey, n_tensors));
    for (NamedTensor& tensor : shard->catalog->tensors) {
      tensor.i_shard = static_cast<int>(number - 1);
      first.tensors.push_back(tensor);
    }
    first.keep(std::move(shard->mapped));
    CRIA_RETURN_IF_ERROR(
        check_tensor_count(first, first.tensors.size(), n_tensors, number == any.count));
  }
  return first.index();
}

}  // namespace

Result<std::shared_ptr<Catalog>> read_gguf_shards(std::shared_ptr<const MappedFile> mapped) {
  auto opened = read_gguf(mapped->bytes(), mapped->path());
  if (!opened.ok()) return opened.status();
  uint32_t count = 1;
  CRIA_RETURN_IF_ERROR((*opened)->get(kCountKey, count));
  if (count <= 1) {
    (*opened)->keep(std::move(mapped));
    return opened;
  }
  const auto path = parse_shard_path(mapped->path());
  if (!path || path->number < 1 || path->number > path->count) {
    return corrupt(mapped->path(), ": at byte ", (*opened)->find(kCountKey)->file_offset, ": key ",
                   quoted(kCountKey), ": found one shard of ", count,
                   ", expected a file name like NAME-00001-of-", five_digits(count), ".gguf");
  }
  CRIA_RETURN_IF_ERROR(check_key(**opened, kCountKey, path->count));
  opened = std::shared_ptr<Catalog>();  // its bytes are read again as one of all
  mapped.reset();
  auto first = open_shard(*path, 1);
  if (!first.ok()) return first.status();
  first->catalog->keep(std::move(first->mapped));
  CRIA_RETURN_IF_ERROR(append_shards(*path, *first->catalog));
  return std::move(first->catalog);
}

}  // namespace cria::file
