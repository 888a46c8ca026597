#include "engine/session_file.h"

#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "base/mapped_file.h"
#include "base/output_file.h"
#include "base/str_cat.h"
#include "file/kv_file.h"
#include "model/fingerprint.h"

namespace cria::engine {
namespace {

Bytes bytes_of(std::span<const TokenId> tokens) { return std::as_bytes(tokens); }
Bytes bytes_of(std::span<const float> logits) { return std::as_bytes(logits); }

// What a file for this sequence must say of its kind.
file::KvHeader header_for(Sequence& sequence) {
  const ops::KvShape& shape = sequence.engine().pool().shape();
  const model::Model& model = sequence.model();
  file::KvHeader header = {};
  header.page_tokens = static_cast<uint32_t>(ops::kKvPage);
  header.fingerprint = model::fingerprint(*model.catalog);
  header.k_type = static_cast<uint32_t>(shape.k_type);
  header.v_type = static_cast<uint32_t>(shape.v_type);
  header.n_layers = static_cast<uint32_t>(shape.n_layers);
  header.n_kv_heads = static_cast<uint32_t>(shape.n_kv_heads);
  header.head_dim = static_cast<uint32_t>(shape.head_dim);
  header.n_vocab = static_cast<uint64_t>(model.config.n_vocab);
  const std::string_view table = model.kernels.name;
  std::copy_n(table.begin(), std::min(table.size(), file::kKvTableBytes), header.table);
  return header;
}

// The parts after the header, one by one.
template <typename Visit>
Status for_each_part(Sequence& sequence, const Visit& visit) {
  CRIA_RETURN_IF_ERROR(visit(bytes_of(sequence.tokens())));
  CRIA_RETURN_IF_ERROR(visit(bytes_of(sequence.logits())));
  for (const int32_t page : sequence.pages()) {
    if (page < 0) continue;
    CRIA_RETURN_IF_ERROR(visit(Bytes(sequence.engine().pool().bytes(page))));
  }
  return {};
}

Status other_kind(const ByteReader& in, const char* what, const auto& found, const auto& expected) {
  return invalid_argument(in.source_name(), ": is a session of another ", what, ": found ", found,
                          ", expected ", expected);
}

// Errors: invalid_argument where the file is of another kind.
Status check_kind(const ByteReader& in, const file::KvHeader& found, const file::KvHeader& wanted,
                  int n_ctx) {
  if (found.fingerprint != wanted.fingerprint) {
    return other_kind(in, "model", found.fingerprint, wanted.fingerprint);
  }
  if (found.k_type != wanted.k_type || found.v_type != wanted.v_type) {
    const auto name = [](uint32_t type) { return dtype_info(static_cast<DType>(type)).name; };
    return other_kind(in, "type of KV cache", str_cat("types ", found.k_type, ", ", found.v_type),
                      str_cat(name(wanted.k_type), ", ", name(wanted.v_type)));
  }
  if (std::memcmp(found.table, wanted.table, file::kKvTableBytes) != 0) {
    return other_kind(in, "kernel table", std::string_view(found.table, strnlen(found.table, 16)),
                      std::string_view(wanted.table, strnlen(wanted.table, 16)));
  }
  if (found.page_tokens != wanted.page_tokens || found.n_layers != wanted.n_layers ||
      found.n_kv_heads != wanted.n_kv_heads || found.head_dim != wanted.head_dim ||
      found.n_vocab != wanted.n_vocab) {
    return in.error("header", "contradicts the model's sizes");
  }
  if (found.n_tokens > static_cast<uint64_t>(n_ctx)) {
    return invalid_argument(in.source_name(), ": holds ", found.n_tokens,
                            " tokens, expected at most the ", n_ctx, " of the context");
  }
  return {};
}

}  // namespace

Status save_sequence(Sequence& sequence, const std::string& path) {
  file::KvHeader header = header_for(sequence);
  header.n_tokens = sequence.tokens().size();
  header.n_released = static_cast<uint64_t>(sequence.n_released());
  header.has_logits = sequence.logits().empty() ? 0 : 1;
  CRIA_RETURN_IF_ERROR(for_each_part(sequence, [&](Bytes part) -> Status {
    header.data_bytes += part.size();
    header.data_checksum = checksum(part, header.data_checksum);
    return {};
  }));
  auto out = OutputFile::create(path);
  if (!out.ok()) return out.status();
  CRIA_RETURN_IF_ERROR(out->write(as_bytes(file::kv_head(header))));
  CRIA_RETURN_IF_ERROR(for_each_part(sequence, [&](Bytes part) { return out->write(part); }));
  return out->commit();
}

Status restore_sequence(const std::string& path, Sequence& sequence) {
  const auto mapped = MappedFile::open(path);
  if (!mapped.ok()) return mapped.status();
  ByteReader in((*mapped)->bytes(), path);
  const auto file = file::read_kv_file(in);
  if (!file.ok()) return file.status();
  const file::KvHeader& header = file->header;
  const file::KvHeader wanted = header_for(sequence);
  CRIA_RETURN_IF_ERROR(check_kind(in, header, wanted, sequence.n_ctx()));

  const uint64_t page_bytes = sequence.engine().pool().page_bytes();
  const auto n_tokens = static_cast<int64_t>(header.n_tokens);
  const auto n_released = static_cast<int64_t>(header.n_released);
  if (header.n_released > header.n_tokens || n_released % ops::kKvPage != 0 ||
      n_released > sequence.first_seen(std::max<int64_t>(0, n_tokens - 1))) {
    return in.error("number of released tokens", "found ", header.n_released,
                    ", which leaves out what a token after ", header.n_tokens, " sees");
  }
  const auto n_pages = static_cast<uint64_t>(ops::KvPool::pages_for(n_tokens - n_released));
  const uint64_t token_bytes = header.n_tokens * sizeof(TokenId);
  const uint64_t logit_bytes = header.has_logits != 0 ? header.n_vocab * sizeof(float) : 0;
  if (header.data_bytes != token_bytes + logit_bytes + n_pages * page_bytes) {
    return in.error("size", "contradicts the number of tokens");
  }
  uint64_t sum = checksum(file->data.first(token_bytes));
  sum = checksum(file->data.subspan(token_bytes, logit_bytes), sum);
  for (uint64_t i = 0; i < n_pages; ++i) {
    sum = checksum(file->data.subspan(token_bytes + logit_bytes + i * page_bytes, page_bytes), sum);
  }
  if (sum != header.data_checksum) return in.error_at(file->data_position, "checksum", "is wrong");

  const auto part = [&](uint64_t at, uint64_t n_bytes, auto& out) {
    if (n_bytes > 0) std::memcpy(out.data(), file->data.data() + at, n_bytes);
  };
  std::vector<TokenId> tokens(header.n_tokens);
  part(0, token_bytes, tokens);
  std::vector<float> logits(logit_bytes / sizeof(float));
  part(token_bytes, logit_bytes, logits);
  return sequence.replace(tokens, logits, file->data.subspan(token_bytes + logit_bytes),
                          n_released);
}

}  // namespace cria::engine
