#include "file/catalog.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "file/meta_scalar.h"

namespace cria::file {
namespace {

std::string describe(const MetaValue& found) {
  const char* name = meta_type_name(found.type);
  if (const auto* u = std::get_if<uint64_t>(&found.value)) return str_cat(name, " ", *u);
  if (const auto* i = std::get_if<int64_t>(&found.value)) return str_cat(name, " ", *i);
  if (const auto* d = std::get_if<double>(&found.value)) return str_cat(name, " ", *d);
  if (const auto* b = std::get_if<bool>(&found.value)) return *b ? "bool true" : "bool false";
  if (const auto* text = std::get_if<std::string_view>(&found.value)) {
    return str_cat(name, " ", quoted(*text));
  }
  const auto* array = std::get_if<MetaArray>(&found.value);
  if (array == nullptr) return name;
  return str_cat("array of ", array->count, " ", meta_type_name(array->elem_type));
}

template <typename T>
bool convert(const MetaValue& found, T& out) requires std::is_integral_v<T> {
  if (const auto* u = std::get_if<uint64_t>(&found.value)) {
    if (*u > static_cast<uint64_t>(std::numeric_limits<T>::max())) return false;
    out = static_cast<T>(*u);
    return true;
  }
  if (const auto* i = std::get_if<int64_t>(&found.value)) {
    if (*i < static_cast<int64_t>(std::numeric_limits<T>::min()) ||
        *i > static_cast<int64_t>(std::numeric_limits<T>::max())) {
      return false;
    }
    out = static_cast<T>(*i);
    return true;
  }
  return false;
}

bool convert(const MetaValue& found, float& out) {
  const auto* number = std::get_if<double>(&found.value);
  if (number == nullptr) return false;
  if (std::isfinite(*number) && std::fabs(*number) > std::numeric_limits<float>::max())
    return false;
  out = static_cast<float>(*number);
  return true;
}

bool convert(const MetaValue& found, bool& out) {
  const auto* flag = std::get_if<bool>(&found.value);
  if (flag != nullptr) out = *flag;
  return flag != nullptr;
}

bool convert(const MetaValue& found, std::string_view& out) {
  const auto* text = std::get_if<std::string_view>(&found.value);
  if (text != nullptr) out = *text;
  return text != nullptr;
}

// The array was checked when it was read, so what fails here is its type.
Status read_elem(ByteReader& in, const MetaArray& array, std::string_view key, MetaValue& out) {
  if (array.elem_type != MetaType::string) return read_meta_scalar(in, key, array.elem_type, out);
  uint64_t n_bytes = 0;
  std::string_view text;
  CRIA_RETURN_IF_ERROR(in.read(key, n_bytes));
  CRIA_RETURN_IF_ERROR(in.read_text(key, n_bytes, text));
  out.type = MetaType::string;
  out.value = text;
  return {};
}

template <typename... Pieces>
Status key_error(const Catalog& catalog, std::string_view key, const MetaValue& found,
                 const Pieces&... what) {
  return corrupt(catalog.source_name, ": at byte ", found.file_offset, ": key ", quoted(key),
                 ": found ", what...);
}

template <typename T>
Status get_one(const Catalog& catalog, std::string_view key, std::string_view expected, T& out) {
  const MetaValue* found = catalog.find(key);
  if (found == nullptr || convert(*found, out)) return {};
  return key_error(catalog, key, *found, describe(*found), ", expected ", expected);
}

template <typename T>
Status get_many(const Catalog& catalog, std::string_view key, std::string_view expected,
                std::vector<T>& out) {
  const MetaValue* found = catalog.find(key);
  if (found == nullptr) return {};
  const auto* array = std::get_if<MetaArray>(&found->value);
  if (array == nullptr || array->elem_type == MetaType::array) {
    return key_error(catalog, key, *found, describe(*found), ", expected an array of ", expected);
  }
  ByteReader in(array->encoded, catalog.source_name);
  std::vector<T> items(array->count);
  for (uint64_t i = 0; i < array->count; ++i) {
    MetaValue elem;
    CRIA_RETURN_IF_ERROR(read_elem(in, *array, key, elem));
    T item{};
    if (!convert(elem, item)) {
      return key_error(catalog, key, *found, describe(elem), " as element ", i,
                       " of an array, expected ", expected);
    }
    items[i] = item;
  }
  out = std::move(items);
  return {};
}

// Positions 0 .. n-1 sorted by name_of; equal names keep the file's order.
template <typename NameOf>
std::vector<uint32_t> sorted_by_name(size_t n, NameOf name_of) {
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const int compared = name_of(a).compare(name_of(b));
    return compared != 0 ? compared < 0 : a < b;
  });
  return order;
}

// The second of two equal neighbours in order, or none.
template <typename NameOf>
const uint32_t* find_repeated(const std::vector<uint32_t>& order, NameOf name_of) {
  for (size_t i = 1; i < order.size(); ++i) {
    if (name_of(order[i - 1]) == name_of(order[i])) return &order[i];
  }
  return nullptr;
}

// The position of name, or none.
template <typename NameOf>
const uint32_t* find_name(const std::vector<uint32_t>& order, std::string_view name,
                          NameOf name_of) {
  const auto at =
      std::lower_bound(order.begin(), order.end(), name,
                       [&](uint32_t i, std::string_view key) { return name_of(i) < key; });
  return at != order.end() && name_of(*at) == name ? &*at : nullptr;
}

}  // namespace

const char* meta_type_name(MetaType type) {
  switch (type) {
    case MetaType::u8:
      return "u8";
    case MetaType::i8:
      return "i8";
    case MetaType::u16:
      return "u16";
    case MetaType::i16:
      return "i16";
    case MetaType::u32:
      return "u32";
    case MetaType::i32:
      return "i32";
    case MetaType::f32:
      return "f32";
    case MetaType::boolean:
      return "bool";
    case MetaType::string:
      return "string";
    case MetaType::array:
      return "array";
    case MetaType::u64:
      return "u64";
    case MetaType::i64:
      return "i64";
    case MetaType::f64:
      return "f64";
  }
  return "unknown";
}

Status Catalog::index() {
  const auto key_of = [this](uint32_t i) { return metadata[i].first; };
  const auto tensor_of = [this](uint32_t i) { return tensors[i].name; };
  metadata_order_ = sorted_by_name(metadata.size(), key_of);
  tensor_order_ = sorted_by_name(tensors.size(), tensor_of);
  if (const uint32_t* i = find_repeated(metadata_order_, key_of)) {
    return key_error(*this, key_of(*i), metadata[*i].second,
                     "it a second time, expected each key once");
  }
  if (const uint32_t* i = find_repeated(tensor_order_, tensor_of)) {
    return corrupt(source_name, ": at byte ", tensors[*i].file_offset, " of shard ",
                   tensors[*i].i_shard + 1, ": tensor ", quoted(tensor_of(*i)),
                   ": found its data a second time, expected each name once");
  }
  return {};
}

const MetaValue* Catalog::find(std::string_view key) const {
  const uint32_t* i =
      find_name(metadata_order_, key, [this](uint32_t at) { return metadata[at].first; });
  return i == nullptr ? nullptr : &metadata[*i].second;
}

const NamedTensor* Catalog::find_tensor(std::string_view name) const {
  const uint32_t* i =
      find_name(tensor_order_, name, [this](uint32_t at) { return tensors[at].name; });
  return i == nullptr ? nullptr : &tensors[*i];
}

std::string_view Catalog::own(std::string bytes) {
  owned_.push_back(std::make_unique<std::string>(std::move(bytes)));
  return *owned_.back();
}

Status Catalog::get(std::string_view key, uint32_t& out) const {
  return get_one(*this, key, "an integer from 0 to 4294967295", out);
}
Status Catalog::get(std::string_view key, int32_t& out) const {
  return get_one(*this, key, "an integer from -2147483648 to 2147483647", out);
}
Status Catalog::get(std::string_view key, float& out) const {
  return get_one(*this, key, "an f32", out);
}
Status Catalog::get(std::string_view key, bool& out) const {
  return get_one(*this, key, "a bool", out);
}
Status Catalog::get(std::string_view key, std::string_view& out) const {
  return get_one(*this, key, "a string", out);
}
Status Catalog::get(std::string_view key, std::vector<std::string_view>& out) const {
  return get_many(*this, key, "string", out);
}
Status Catalog::get(std::string_view key, std::vector<float>& out) const {
  return get_many(*this, key, "f32", out);
}
Status Catalog::get(std::string_view key, std::vector<int32_t>& out) const {
  return get_many(*this, key, "i32", out);
}

}  // namespace cria::file
