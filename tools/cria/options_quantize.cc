// The flags of quantize, imatrix and perplexity.
#include "options_quantize.h"

#include <climits>

#include "flag_parsing.h"
#include "model_flags.h"

namespace cria::cli {
namespace {

constexpr const char* kQuantizeExamples =
    "Examples:\n"
    "  cria quantize model-f16.gguf model-q4_k_m.gguf --type q4_k_m\n"
    "  cria quantize model-f32.gguf small.gguf --type q3_k_m --imatrix model.imatrix.gguf\n"
    "  cria quantize model-f16.gguf out.gguf --type q4_0 --output-type q8_0\n"
    "Types: f32 f16 bf16 q8_0 q6_k q5_k q5_1 q5_0 q4_k q4_1 q4_0 q3_k q2_k for every matrix;\n"
    "mixes, which keep more of what matters: q5_k_m q5_k_s q4_k_m q4_k_s q3_k_l q3_k_m q3_k_s.\n"
    "Vectors and norms stay f32. Rows that do not fit a block get another type, which is said.";

constexpr const char* kPackExamples =
    "Examples:\n"
    "  cria pack model.gguf model.packed\n"
    "  cria run model.gguf --packed model.packed -p \"Once upon a time\"\n"
    "  cria pack model.gguf for-older-cpus.packed --isa avx2\n"
    "The file is as large as the weights; it is mapped, so that a start packs nothing. It serves\n"
    "that model and kernel table only, whose CPU may be another one; the model is still needed.\n"
    "--pack-cache of run, chat, al and bench makes and finds such files by itself.";

constexpr const char* kImatrixExamples =
    "Examples:\n"
    "  cria imatrix model-f16.gguf -f sample.txt -o model.imatrix.gguf\n"
    "  cria quantize model-f16.gguf small.gguf --type q3_k_m --imatrix model.imatrix.gguf\n"
    "The text should be like what the model will be used for; 100,000 tokens are plenty.";

constexpr const char* kPerplexityExamples =
    "Examples:\n"
    "  cria perplexity model-q4_k_m.gguf -f wiki.test.txt\n"
    "  cria perplexity model-q4_k_m.gguf -f wiki.test.txt --kl-against model-f16.gguf --json\n"
    "  cria perplexity model.gguf -f wiki.test.txt --kl-against model.gguf --cache-type-k q8_0\n"
    "The second half of each chunk of -c tokens is scored. Lower is better; figures compare only\n"
    "for the same text, chunk length and vocabulary.";

// What imatrix and perplexity share: a model that reads a text.
void add_reading_flags(CLI::App& app, ModelFlags& model, std::string& text, int& n_ctx,
                       int& n_threads) {
  add_model_flags(app, model);
  add_string(app, "-f,--file", "FILE", "the text", text);
  add_integer(app, "-c,--ctx-size", "tokens of a chunk", 4, INT_MAX, n_ctx);
  add_threads_flag(app, n_threads);
  add_string(app, "--isa", "NAME", "kernel table, as in scalar or avx2; also CRIA_ISA", model.isa);
}

void finish_reading(const CLI::App& app, const ModelFlags& model, const std::string& text,
                    int& n_threads) {
  if (model.path.empty()) throw CLI::RequiredError("MODEL, the model that reads,");
  if (text.empty()) throw CLI::RequiredError("-f FILE, the text to read,");
  finish_threads(app, n_threads);
}

}  // namespace

std::optional<int> parse_quantize(const std::vector<std::string>& words, QuantizeFlags* flags) {
  CLI::App app("Writes a GGUF model in a smaller type.", "cria quantize");
  QuantizeOptions& quantize = flags->quantize;
  add_string(app, "IN", "FILE", "the model: a GGUF in f32, f16 or bf16", flags->in);
  add_string(app, "OUT", "FILE", "the file to write", flags->out);
  add_string(app, "--type,TYPE", "TYPE", "type or mix, as in q8_0 or q4_k_m", quantize.type);
  add_string(app, "--token-embedding-type", "TYPE", "type of token_embd.weight",
             quantize.token_embedding_type);
  add_string(app, "--output-type", "TYPE", "type of output.weight", quantize.output_type);
  add_string(app, "--imatrix", "FILE", "which columns matter: made by cria imatrix",
             quantize.imatrix_path);
  add_threads_flag(app, quantize.n_threads);
  app.footer(kQuantizeExamples);
  return parse(app, words, [&] {
    if (flags->in.empty()) throw CLI::RequiredError("IN, the model to quantise,");
    if (flags->out.empty()) throw CLI::RequiredError("OUT, the file to write,");
    finish_threads(app, quantize.n_threads);
  });
}

std::optional<int> parse_pack(const std::vector<std::string>& words, PackFlags* flags) {
  CLI::App app("Writes a model's weights in the order in which the kernels of a CPU read them.",
               "cria pack");
  add_string(app, "MODEL", "FILE", "the model", flags->model.path);
  add_string(app, "OUT", "FILE", "the file to write", flags->out);
  add_string(app, "--tokenizer", "FILE", "vocabulary file of a llama2.c checkpoint",
             flags->model.tokenizer);
  add_string(app, "--isa", "NAME", "for this kernel table, as in avx2; also CRIA_ISA",
             flags->model.isa);
  app.footer(kPackExamples);
  return parse(app, words, [&] {
    if (flags->model.path.empty()) throw CLI::RequiredError("MODEL, the model to pack,");
    if (flags->out.empty()) throw CLI::RequiredError("OUT, the file to write,");
  });
}

std::optional<int> parse_imatrix(const std::vector<std::string>& words, ImatrixFlags* flags) {
  CLI::App app("Finds out which columns of a model's matrices matter, for cria quantize.",
               "cria imatrix");
  ImportanceOptions& importance = flags->importance;
  add_reading_flags(app, flags->model, flags->text, importance.n_ctx, importance.n_threads);
  add_string(app, "-o,--output", "FILE", "the file to write", flags->out);
  app.footer(kImatrixExamples);
  return parse(app, words, [&] {
    finish_reading(app, flags->model, flags->text, importance.n_threads);
    if (flags->out.empty()) throw CLI::RequiredError("-o FILE, the file to write,");
  });
}

std::optional<int> parse_perplexity(const std::vector<std::string>& words, PerplexityFlags* flags) {
  CLI::App app("Measures how well a model predicts a text.", "cria perplexity");
  PerplexityOptions& perplexity = flags->perplexity;
  add_reading_flags(app, flags->model, flags->text, perplexity.n_ctx, perplexity.n_threads);
  add_string(app, "--kl-against", "FILE", "also how far it is from this model, mostly the original",
             flags->base);
  add_cache_type(app, "--cache-type-k", "keys in the model's cache: f16, f32, q8_0 or q4_0",
                 perplexity.k_type);
  add_cache_type(app, "--cache-type-v", "values in the model's cache: f16, f32, q8_0 or q4_0",
                 perplexity.v_type);
  app.add_flag("--json", flags->json, "print JSON");
  app.footer(kPerplexityExamples);
  return parse(app, words,
               [&] { finish_reading(app, flags->model, flags->text, perplexity.n_threads); });
}

}  // namespace cria::cli
