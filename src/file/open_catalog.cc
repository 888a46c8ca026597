// Tells the formats apart by their first bytes.
#include <algorithm>

#include "file/gguf_shards.h"
#include "file/readers.h"

namespace cria::file {
namespace {

// Files that people hand over by mistake, and what to do about each.
struct ForeignFormat {
  std::string_view prefix;
  const char* advice;
};
constexpr ForeignFormat kForeignFormats[] = {
    {"PK\x03\x04", "a zip archive (a PyTorch checkpoint?); convert it to GGUF"},
    {"version https://git-lfs", "a Git LFS pointer; download the file itself (git lfs pull)"},
    {"<!DOCTYPE", "a web page; download the file itself"},
    {"<!doctype", "a web page; download the file itself"},
    {"<html", "a web page; download the file itself"},
    {"lmgg", "a GGML file, the predecessor of GGUF; convert it to GGUF"},
    {"fmgg", "a GGML file, the predecessor of GGUF; convert it to GGUF"},
    {"tjgg", "a GGML file, the predecessor of GGUF; convert it to GGUF"},
    {"\x0a\x0e\x0a\x05<unk>", "a SentencePiece vocabulary; give it beside a model"},
};

std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Safetensors: the length of a JSON header, then the header.
bool looks_like_safetensors(std::string_view text) {
  return text.size() > 10 && text.substr(4, 4) == std::string_view("\0\0\0\0", 4) &&
         text.substr(8, 2) == "{\"";
}

Status foreign_format(std::string_view text, std::string_view path) {
  const char* found = nullptr;
  if (text.empty()) found = "an empty file";
  if (looks_like_safetensors(text)) found = "a safetensors file; convert it to GGUF";
  for (const ForeignFormat& format : kForeignFormats) {
    if (text.starts_with(format.prefix)) found = format.advice;
  }
  if (found == nullptr) return {};
  return unsupported(
      path, ": at byte 0: magic: expected a GGUF file or a llama2.c checkpoint, found ", found);
}

Result<std::shared_ptr<Catalog>> read_model(const std::string& path) {
  auto mapped = MappedFile::open(path);
  if (!mapped.ok()) return mapped.status();
  const Bytes bytes = (*mapped)->bytes();
  if (looks_like_gguf(bytes)) return read_gguf_shards(std::move(*mapped));
  CRIA_RETURN_IF_ERROR(foreign_format(as_text(bytes), path));
  auto catalog = read_llama2c(bytes, path);
  if (catalog.ok()) (*catalog)->keep(std::move(*mapped));
  return catalog;
}

// A SentencePiece .model begins with the tag of its first piece, which no tokenizer.bin with pieces
// of a sane length does.
bool looks_like_sentencepiece(Bytes bytes) {
  return !bytes.empty() && bytes[0] == std::byte{0x0a} && !looks_like_llama2c_tokenizer(bytes);
}

Status add_vocabulary(const std::string& path, Catalog& catalog) {
  auto mapped = MappedFile::open(path);
  if (!mapped.ok()) return mapped.status();
  const Bytes bytes = (*mapped)->bytes();
  if (looks_like_sentencepiece(bytes)) return {};
  return read_llama2c_tokenizer(bytes, path, catalog);
}

}  // namespace

Result<std::shared_ptr<const Catalog>> open_catalog(const std::string& path,
                                                    const std::string& tokenizer_path) {
  auto catalog = read_model(path);
  if (!catalog.ok()) return catalog.status();
  if (!tokenizer_path.empty()) CRIA_RETURN_IF_ERROR(add_vocabulary(tokenizer_path, **catalog));
  return std::shared_ptr<const Catalog>(std::move(*catalog));
}

}  // namespace cria::file
