// The C ABI: handles and conversions, nothing else.
#include <algorithm>
#include <cstring>

#include "api/c_convert.h"

namespace {

using cria::Status;
using cria::api::callback_of;
using cria::api::missing;
using cria::api::options_of;

static_assert(static_cast<int>(cria::StatusCode::internal) == CRIA_INTERNAL);

Status store_count(const cria::Result<cria::GenerateResult>& result, int32_t* n_generated) {
  if (!result.ok()) return result.status();
  if (n_generated != nullptr) *n_generated = result->n_generated;
  return {};
}

cria::ModelOptions model_options_of(const char* tokenizer_path, int32_t n_ctx,
                                    int32_t n_conversations, int64_t memory_budget) {
  cria::ModelOptions options;
  if (tokenizer_path != nullptr) options.tokenizer_path = tokenizer_path;
  options.session.n_ctx = n_ctx;
  options.n_conversations = n_conversations;
  options.memory_budget = memory_budget;
  return options;
}

cria_memory_plan plan_for_c(const cria::MemoryPlan& plan) {
  return {.n_ctx = plan.n_ctx,
          .n_conversations = plan.n_conversations,
          .weights_bytes = plan.weights_bytes,
          .vocabulary_bytes = plan.vocabulary_bytes,
          .kv_bytes = plan.kv_bytes,
          .workspace_bytes = plan.workspace_bytes,
          .text_bytes = plan.text_bytes,
          .threads_bytes = plan.threads_bytes,
          .program_bytes = plan.program_bytes,
          .total_bytes = plan.total_bytes,
          .fits = plan.fits() ? 1 : 0,
          .largest_n_ctx = plan.largest_n_ctx,
          .largest_n_conversations = plan.largest_n_conversations};
}

}  // namespace

const char* cria_version(void) { return cria::version(); }

const char* cria_error_message(const cria_error* error) {
  return error != nullptr ? error->message.c_str() : "";
}

void cria_error_free(cria_error* error) { delete error; }

cria_code cria_plan_memory(const char* path, const char* tokenizer_path, int32_t n_ctx,
                           int32_t n_conversations, int64_t memory_budget, cria_memory_plan* out,
                           cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (out == nullptr) return missing("out");
    if (path == nullptr) return missing("path");
    const auto plan = cria::plan_memory(
        path, model_options_of(tokenizer_path, n_ctx, n_conversations, memory_budget));
    if (!plan.ok()) return plan.status();
    *out = plan_for_c(*plan);
    return {};
  });
}

cria_code cria_model_open(const char* path, const char* tokenizer_path, cria_model** out,
                          cria_error** error) {
  return cria_model_open_within(path, tokenizer_path, 0, 1, 0, out, error);
}

cria_code cria_model_open_within(const char* path, const char* tokenizer_path, int32_t n_ctx,
                                 int32_t n_conversations, int64_t memory_budget, cria_model** out,
                                 cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (out == nullptr) return missing("out");
    *out = nullptr;
    if (path == nullptr) return missing("path");
    auto model = cria::Model::open(
        path, model_options_of(tokenizer_path, n_ctx, n_conversations, memory_budget));
    if (!model.ok()) return model.status();
    *out = new cria_model{std::move(*model)};
    return {};
  });
}

void cria_model_free(cria_model* model) { delete model; }

int32_t cria_model_n_vocab(const cria_model* model) {
  return model != nullptr ? model->model.info().n_vocab : 0;
}

int32_t cria_model_n_ctx_train(const cria_model* model) {
  return model != nullptr ? model->model.info().n_ctx_train : 0;
}

cria_code cria_tokenize(const cria_model* model, const char* text, size_t n_bytes, int add_special,
                        int parse_special, int32_t* ids, size_t capacity, size_t* n_ids,
                        cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (model == nullptr) return missing("model");
    if (n_ids == nullptr) return missing("n_ids");
    if (text == nullptr && n_bytes > 0) return missing("text");
    if (ids == nullptr && capacity > 0) return missing("ids");
    const auto encoded = model->model.tokenizer().encode(
        {text, n_bytes}, {.add_special = add_special != 0, .parse_special = parse_special != 0});
    if (!encoded.ok()) return encoded.status();
    *n_ids = encoded->size();
    std::copy_n(encoded->begin(), std::min(capacity, encoded->size()), ids);
    return {};
  });
}

cria_code cria_detokenize(const cria_model* model, const int32_t* ids, size_t n_ids, char* text,
                          size_t capacity, size_t* n_bytes, cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (model == nullptr) return missing("model");
    if (n_bytes == nullptr) return missing("n_bytes");
    if (ids == nullptr && n_ids > 0) return missing("ids");
    if (text == nullptr && capacity > 0) return missing("text");
    const auto decoded = model->model.tokenizer().decode({ids, ids + n_ids});
    if (!decoded.ok()) return decoded.status();
    *n_bytes = decoded->size();
    std::copy_n(decoded->begin(), std::min(capacity, decoded->size()), text);
    return {};
  });
}

cria_code cria_session_new(const cria_model* model, int32_t n_ctx, int32_t n_threads,
                           cria_session** out, cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (out == nullptr) return missing("out");
    *out = nullptr;
    if (model == nullptr) return missing("model");
    auto session = model->model.new_session({.n_ctx = n_ctx, .n_threads = n_threads});
    if (!session.ok()) return session.status();
    *out = new cria_session{std::move(*session)};
    return {};
  });
}

cria_code cria_session_new_with_draft(const cria_model* model, const cria_model* draft,
                                      int32_t n_ctx, int32_t n_threads, cria_session** out,
                                      cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (out == nullptr) return missing("out");
    *out = nullptr;
    if (model == nullptr) return missing("model");
    if (draft == nullptr) return missing("draft");
    auto session = model->model.new_session({.n_ctx = n_ctx, .n_threads = n_threads}, draft->model);
    if (!session.ok()) return session.status();
    *out = new cria_session{std::move(*session)};
    return {};
  });
}

void cria_session_free(cria_session* session) { delete session; }

cria_generate_params cria_generate_defaults(void) {
  const cria::GenerateOptions options;
  const cria::SamplingOptions& sampling = options.sampling;
  return {.max_tokens = options.max_tokens,
          .temperature = sampling.temperature,
          .top_k = sampling.top_k,
          .top_p = sampling.top_p,
          .min_p = sampling.min_p,
          .repeat_penalty = sampling.repeat_penalty,
          .seed = sampling.seed,
          .parse_special = options.parse_special ? 1 : 0,
          .lookup = options.speculation.lookup ? 1 : 0,
          .max_draft = options.speculation.max_draft};
}

cria_code cria_generate(cria_session* session, const char* prompt, size_t n_bytes,
                        const cria_generate_params* params, cria_piece_callback on_piece,
                        void* user, int32_t* n_generated, cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (session == nullptr) return missing("session");
    if (prompt == nullptr && n_bytes > 0) return missing("prompt");
    return store_count(session->session.generate({prompt, n_bytes}, options_of(params),
                                                 callback_of(on_piece, user)),
                       n_generated);
  });
}

cria_code cria_beam_search(cria_session* session, const char* prompt, size_t n_bytes,
                           int32_t n_beams, int32_t max_tokens, float length_penalty,
                           cria_piece_callback on_piece, void* user, double* log_probability,
                           cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (session == nullptr) return missing("session");
    if (prompt == nullptr && n_bytes > 0) return missing("prompt");
    const auto beams = session->session.beam_search(
        {prompt, n_bytes},
        {.n_beams = n_beams, .max_tokens = max_tokens, .length_penalty = length_penalty});
    if (!beams.ok()) return beams.status();
    if (on_piece != nullptr) callback_of(on_piece, user)(beams->front().text);
    if (log_probability != nullptr) *log_probability = beams->front().log_probability;
    return {};
  });
}

cria_code cria_chat(cria_session* session, const cria_chat_message* messages, size_t n_messages,
                    const cria_generate_params* params, cria_piece_callback on_piece, void* user,
                    int32_t* n_generated, cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (session == nullptr) return missing("session");
    const auto conversation = cria::api::messages_of(messages, n_messages);
    if (!conversation.ok()) return conversation.status();
    return store_count(
        session->session.chat(*conversation, options_of(params), callback_of(on_piece, user)),
        n_generated);
  });
}

cria_code cria_session_append(cria_session* session, const int32_t* ids, size_t n_ids,
                              const float** logits, cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (session == nullptr) return missing("session");
    if (ids == nullptr && n_ids > 0) return missing("ids");
    Status status = session->session.append({ids, ids + n_ids});
    if (status.ok() && logits != nullptr) *logits = session->session.logits().data();
    return status;
  });
}

cria_code cria_session_rewind(cria_session* session, int32_t n_tokens, cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (session == nullptr) return missing("session");
    return session->session.rewind(n_tokens);
  });
}

cria_code cria_session_save(cria_session* session, const char* path, cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (session == nullptr) return missing("session");
    if (path == nullptr) return missing("path");
    return session->session.save(path);
  });
}

cria_code cria_session_restore(cria_session* session, const char* path, cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (session == nullptr) return missing("session");
    if (path == nullptr) return missing("path");
    return session->session.restore(path);
  });
}
