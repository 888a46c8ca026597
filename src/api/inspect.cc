// A report on any file whose container can be read, runnable or not.
#include <algorithm>

#include "api/guard.h"
#include "base/byte_reader.h"
#include "cria/diagnose.h"
#include "file/readers.h"
#include "model/model.h"
#include "text/utf8.h"

namespace cria {
namespace {

using file::MetaArray;
using file::MetaType;
using file::MetaValue;

constexpr size_t kMaxTextBytes = 2000;  // chat templates are cut, names are not
constexpr uint64_t kMaxArrayItems = 8;

void append_json_text(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::string_view rest = text.substr(0, kMaxTextBytes);
  while (!rest.empty()) {
    const text::Utf8Step step = text::utf8_step(rest);
    const auto c = static_cast<unsigned char>(rest[0]);
    if (!step.valid) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += rest[0];
    } else if (c == '\n') {
      out += "\\n";
    } else if (c < 0x20 || c == 0x7f) {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += rest.substr(0, step.n_bytes);
    }
    rest.remove_prefix(step.n_bytes);
  }
  out += text.size() > kMaxTextBytes ? "...\"" : "\"";
}

// One item of an array; its bytes were checked when the file was read.
template <typename T>
void append_number(ByteReader& reader, std::string& out) {
  T value{};
  if (reader.read("item", value).ok()) out += str_cat(value);
}

void append_item(MetaType type, ByteReader& reader, std::string& out) {
  switch (type) {
    case MetaType::u8:
      return append_number<uint8_t>(reader, out);
    case MetaType::i8:
      return append_number<int8_t>(reader, out);
    case MetaType::u16:
      return append_number<uint16_t>(reader, out);
    case MetaType::i16:
      return append_number<int16_t>(reader, out);
    case MetaType::u32:
      return append_number<uint32_t>(reader, out);
    case MetaType::i32:
      return append_number<int32_t>(reader, out);
    case MetaType::f32:
      return append_number<float>(reader, out);
    case MetaType::u64:
      return append_number<uint64_t>(reader, out);
    case MetaType::i64:
      return append_number<int64_t>(reader, out);
    case MetaType::f64:
      return append_number<double>(reader, out);
    case MetaType::boolean: {
      uint8_t value = 0;
      if (reader.read("item", value).ok()) out += value != 0 ? "true" : "false";
      return;
    }
    case MetaType::string: {
      uint64_t n = 0;
      std::string_view text;
      if (reader.read("item", n).ok() && reader.read_text("item", n, text).ok()) {
        append_json_text(text, out);
      }
      return;
    }
    case MetaType::array:
      return;  // the reader refuses nested arrays
  }
}

void append_array(const MetaArray& array, std::string& out) {
  ByteReader reader(array.encoded, "array");
  out += '[';
  for (uint64_t i = 0; i < std::min(array.count, kMaxArrayItems); ++i) {
    if (i > 0) out += ", ";
    append_item(array.elem_type, reader, out);
  }
  out += array.count > kMaxArrayItems ? ", \"...\"]" : "]";
}

MetadataReport report_metadata(std::string_view key, const MetaValue& value) {
  MetadataReport report{
      .key = std::string(key), .type = file::meta_type_name(value.type), .value = {}, .count = 1};
  if (const auto* array = std::get_if<MetaArray>(&value.value)) {
    report.type = str_cat("array of ", file::meta_type_name(array->elem_type));
    report.count = static_cast<int64_t>(array->count);
    append_array(*array, report.value);
  } else if (const auto* text = std::get_if<std::string_view>(&value.value)) {
    append_json_text(*text, report.value);
  } else if (const auto* flag = std::get_if<bool>(&value.value)) {
    report.value = *flag ? "true" : "false";
  } else if (const auto* real = std::get_if<double>(&value.value)) {
    report.value = str_cat(*real);
  } else if (const auto* number = std::get_if<uint64_t>(&value.value)) {
    report.value = str_cat(*number);
  } else if (const auto* integer = std::get_if<int64_t>(&value.value)) {
    report.value = str_cat(*integer);
  }
  return report;
}

void report_tensors(const file::Catalog& catalog, FileReport& report) {
  for (const file::NamedTensor& tensor : catalog.tensors) {
    const auto& dims = tensor.view.dims;
    report.tensors.push_back({.name = std::string(tensor.name),
                              .type = dtype_info(tensor.view.dtype).name,
                              .shape = {dims.begin(), dims.begin() + tensor.view.n_dims},
                              .size_bytes = static_cast<int64_t>(tensor.view.size_bytes),
                              .file_offset = static_cast<int64_t>(tensor.file_offset)});
    report.n_params += tensor.view.n_elems();
  }
}

void report_vocabulary(const file::Catalog& catalog, const std::string& tokenizer_path,
                       FileReport& report) {
  const bool own_file = !tokenizer_path.empty() && catalog.find("tokenizer.ggml.model") == nullptr;
  const auto vocabulary =
      own_file ? model::open_vocabulary(tokenizer_path) : model::vocabulary_from_catalog(catalog);
  report.chat_template = "none";
  if (!vocabulary.ok()) {
    report.vocabulary = vocabulary.status().message();
    return;
  }
  std::string_view kind, pre;
  if (!catalog.get("tokenizer.ggml.model", kind).ok() || kind.empty()) kind = "llama";
  if (!catalog.get("tokenizer.ggml.pre", pre).ok()) pre = {};
  report.vocabulary = str_cat(
      kind == "llama" ? std::string("sentencepiece") : str_cat("byte-level BPE (", pre, ")"), ", ",
      (*vocabulary)->tokenizer->n_vocab(), " tokens");
  const auto& notes = (*vocabulary)->tokenizer->notes();
  report.notes.insert(report.notes.end(), notes.begin(), notes.end());
  if ((*vocabulary)->chat_template.ok()) {
    report.chat_template = (*(*vocabulary)->chat_template)->name();
  } else if (!(*vocabulary)->chat_template_source.empty()) {
    report.chat_template = (*vocabulary)->chat_template.status().message();
  }
}

}  // namespace

Result<FileReport> inspect(const std::string& path, const std::string& tokenizer_path) {
  return api::guard([&]() -> Result<FileReport> {
    const auto opened = file::open_catalog(path, tokenizer_path);
    if (!opened.ok()) return opened.status();
    const file::Catalog& catalog = **opened;
    FileReport report;
    report.path = path;
    report.format = catalog.format;
    report.size_bytes = static_cast<int64_t>(catalog.size_bytes());
    std::string_view architecture;
    if (catalog.get("general.architecture", architecture).ok()) report.architecture = architecture;
    for (const auto& [key, value] : catalog.metadata) {
      report.metadata.push_back(report_metadata(key, value));
    }
    report_tensors(catalog, report);
    report.notes = catalog.notes;
    report_vocabulary(catalog, tokenizer_path, report);
    if (const auto config = model::read_config(catalog); config.ok()) {
      report.hyperparameters = model::describe(*config);
    }
    report.run_status = model::check(catalog, tokenizer_path).status();
    return report;
  });
}

}  // namespace cria
