// Whole files through quantize_file: what is kept, what each tensor becomes, what is refused.
#include "cria/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <span>

#include "cria/diagnose.h"
#include "file/gguf_writer.h"
#include "file/readers.h"
#include "support/shared_data.h"
#include "support/tiny_model.h"
#include "tensor/half.h"

namespace cria {
namespace {

namespace fs = std::filesystem;

// A file of a few tensors that a test gives by name, shape and values.
struct Source {
  std::string name;
  std::vector<int64_t> dims;
  std::vector<float> values = {};  // empty: a wave
};

std::string write_source(const std::vector<Source>& tensors) {
  file::GgufWriter writer;
  writer.add_string("general.architecture", "llama");
  writer.add_u32("general.file_type", 0);
  std::vector<std::vector<float>> data;
  for (const Source& tensor : tensors) {
    EXPECT_TRUE(writer.add_tensor(tensor.name, DType::f32, tensor.dims).ok());
    int64_t n = 1;
    for (const int64_t dim : tensor.dims) n *= dim;
    std::vector<float>& values = data.emplace_back(tensor.values);
    for (int64_t i = static_cast<int64_t>(values.size()); i < n; ++i) {
      values.push_back(std::sin(0.7f * static_cast<float>(i)));
    }
  }
  std::string path = testing::temporary_dir() + "/source.gguf";
  const Status status = writer.write(path, [&](size_t i, file::GgufWriter::Sink sink) {
    return sink(std::as_bytes(std::span(data[i])));
  });
  EXPECT_TRUE(status.ok()) << status.message();
  return path;
}

std::map<std::string, std::string> types_of(const std::string& path) {
  std::map<std::string, std::string> types;
  const auto report = inspect(path);
  EXPECT_TRUE(report.ok()) << report.status().message();
  for (const TensorReport& tensor : report->tensors) types[tensor.name] = tensor.type;
  return types;
}

std::string quantized(const std::string& in, const QuantizeOptions& options) {
  std::string out = testing::temporary_dir() + "/out.gguf";
  const auto report = quantize_file(in, out, options);
  EXPECT_TRUE(report.ok()) << report.status().message();
  return out;
}

std::string tiny_model(const testing::TinyModel& tiny = {.d_model = 256, .d_ff = 512}) {
  std::string path = testing::temporary_dir() + "/tiny.gguf";
  testing::write_tiny_model(tiny, path);
  return path;
}

TEST(QuantizeFile, EveryTypeGivesAModelThatRunsAndSaysWhatItIs) {
  const std::string in = tiny_model();
  for (const std::string& type : quantize_types()) {
    SCOPED_TRACE(type);
    const std::string out = quantized(in, {.type = type});
    const auto model = Model::open(out);
    ASSERT_TRUE(model.ok()) << model.status().message();
    auto session = model->new_session({.n_ctx = 32});
    ASSERT_TRUE(session->append({1, 290, 300}).ok());
    for (const float logit : session->logits()) ASSERT_TRUE(std::isfinite(logit));
    const auto types = types_of(out);
    EXPECT_EQ(types.at("output_norm.weight"), "f32");
    EXPECT_EQ(types.at("blk.0.attn_norm.weight"), "f32");
    if (type.find("_k_") != std::string::npos) {
      EXPECT_EQ(types.at("token_embd.weight"), "q6_K");  // the output matrix, too
    }
  }
}

TEST(QuantizeFile, MetadataIsKeptByteForByte) {
  const std::string in = tiny_model({.d_model = 256, .d_ff = 512, .chat_template = "{{ 'x' }}"});
  const std::string out = quantized(in, {.type = "q4_k_m"});
  const auto before = file::open_catalog(in, ""), after = file::open_catalog(out, "");
  ASSERT_TRUE(before.ok() && after.ok());
  size_t n_kept = 0;
  for (const auto& [key, value] : (*before)->metadata) {
    if (key == "general.file_type" || key == "general.quantization_version") continue;
    const file::MetaValue* kept = (*after)->find(key);
    ASSERT_NE(kept, nullptr) << key;
    EXPECT_EQ(kept->type, value.type) << key;
    if (const auto* array = std::get_if<file::MetaArray>(&value.value)) {
      const auto& other = std::get<file::MetaArray>(kept->value);
      ASSERT_EQ(other.encoded.size(), array->encoded.size()) << key;
      EXPECT_EQ(std::memcmp(other.encoded.data(), array->encoded.data(), other.encoded.size()), 0);
    } else if (const auto* text = std::get_if<std::string_view>(&value.value)) {
      EXPECT_EQ(std::get<std::string_view>(kept->value), *text) << key;
    }
    ++n_kept;
  }
  EXPECT_GT(n_kept, 10u);
  uint32_t file_type = 0, version = 0;
  ASSERT_TRUE((*after)->get("general.file_type", file_type).ok());
  ASSERT_TRUE((*after)->get("general.quantization_version", version).ok());
  EXPECT_EQ(file_type, 15u);
  EXPECT_EQ(version, 2u);
}

TEST(QuantizeFile, TheSameBytesWithAnyNumberOfThreads) {
  const std::string in = tiny_model();
  for (const char* type : {"q4_k_m", "q8_0"}) {
    const std::string one = quantized(in, {.type = type, .n_threads = 1});
    const std::string five = quantized(in, {.type = type, .n_threads = 5});
    EXPECT_EQ(testing::read_file(one), testing::read_file(five));
  }
}

TEST(QuantizeFile, MixesGiveMoreBitsToSomeLayers) {
  std::vector<Source> tensors = {{"token_embd.weight", {256, 8}}, {"output.weight", {256, 8}}};
  for (int i = 0; i < 16; ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    for (const char* name : {"attn_q", "attn_v", "attn_output", "ffn_down"}) {
      tensors.push_back({prefix + name + ".weight", {256, 1}});
    }
  }
  const std::string in = write_source(tensors);
  const auto layers = [&](const char* type, const std::string& name, const std::string& to) {
    const auto types = types_of(quantized(in, {.type = type}));
    std::string text;
    for (int i = 0; i < 16; ++i) {
      if (types.at("blk." + std::to_string(i) + "." + name + ".weight") == to) {
        text += std::to_string(i) + " ";
      }
    }
    return text;
  };
  EXPECT_EQ(layers("q4_k_m", "ffn_down", "q6_K"), "0 1 4 7 10 13 14 15 ");
  EXPECT_EQ(layers("q4_k_m", "attn_v", "q6_K"), "0 1 4 7 10 13 14 15 ");
  EXPECT_EQ(layers("q4_k_m", "attn_q", "q6_K"), "");
  EXPECT_EQ(layers("q4_k_s", "attn_v", "q5_K"), "0 1 2 3 ");
  EXPECT_EQ(layers("q4_k_s", "ffn_down", "q5_K"), "0 1 ");
  EXPECT_EQ(layers("q3_k_m", "attn_v", "q5_K"), "0 1 ");
  EXPECT_EQ(layers("q3_k_m", "attn_v", "q3_K"), "");
  auto types = types_of(quantized(in, {.type = "q4_k_m"}));
  EXPECT_EQ(types.at("output.weight"), "q6_K");
  EXPECT_EQ(types.at("token_embd.weight"), "q4_K");
  types = types_of(quantized(in, {.type = "Q4_K"}));  // any case; plain: every matrix
  EXPECT_EQ(types.at("output.weight"), "q4_K");
  types = types_of(
      quantized(in, {.type = "q4_k_m", .token_embedding_type = "q5_1", .output_type = "f16"}));
  EXPECT_EQ(types.at("token_embd.weight"), "q5_1");
  EXPECT_EQ(types.at("output.weight"), "f16");
}

TEST(QuantizeFile, RowsThatFitNoBlockGetAnotherTypeAndTheNotesSaySo) {
  const std::string in = write_source({{"blk.0.ffn_down.weight", {96, 4}},
                                       {"blk.0.attn_q.weight", {172, 4}},
                                       {"blk.0.attn_k.weight", {172, 4}},
                                       {"blk.0.ffn_gate_inp.weight", {256, 4}},
                                       {"blk.0.attn_norm.weight", {256}},
                                       {"rope_freqs.weight", {64}}});
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"q2_k", "q4_0"}, {"q3_k", "q4_0"}, {"q4_k", "q5_0"}, {"q5_k", "q5_1"},
      {"q6_k", "q8_0"}, {"q8_0", "q8_0"}, {"bf16", "bf16"}};
  for (const auto& [type, expected] : cases) {
    SCOPED_TRACE(type);
    const std::string out = testing::temporary_dir() + "/out.gguf";
    const auto report = quantize_file(in, out, {.type = type});
    ASSERT_TRUE(report.ok()) << report.status().message();
    const auto types = types_of(out);
    EXPECT_EQ(types.at("blk.0.ffn_down.weight"), expected);
    EXPECT_EQ(types.at("blk.0.attn_q.weight"), std::string(type) == "bf16" ? "bf16" : "f16");
    EXPECT_EQ(types.at("blk.0.ffn_gate_inp.weight"), "f32");
    EXPECT_EQ(types.at("blk.0.attn_norm.weight"), "f32");
    EXPECT_EQ(types.at("rope_freqs.weight"), "f32");
    std::string notes;
    for (const std::string& note : report->notes) notes += note + "\n";
    if (std::string(type) == "q4_k") {
      EXPECT_NE(notes.find("rows of 96"), std::string::npos) << notes;
      EXPECT_NE(notes.find("written as q5_0"), std::string::npos) << notes;
      EXPECT_NE(notes.find("'blk.0.attn_q.weight' and 1 more"), std::string::npos) << notes;
    }
    if (std::string(type) == "bf16") {
      EXPECT_EQ(notes, "");
    }
  }
}

TEST(QuantizeFile, QuantisingAgainIsSaid) {
  const std::string in = tiny_model();
  const std::string first = quantized(in, {.type = "q8_0"});
  const std::string out = testing::temporary_dir() + "/out.gguf";
  const auto again = quantize_file(first, out, {.type = "q4_0"});
  ASSERT_TRUE(again.ok()) << again.status().message();
  ASSERT_EQ(again->notes.size(), 1u);
  EXPECT_NE(again->notes[0].find("quantised before"), std::string::npos) << again->notes[0];
  // The same type: every byte is copied.
  const auto copied = quantize_file(first, out, {.type = "q8_0"});
  ASSERT_TRUE(copied.ok());
  EXPECT_TRUE(copied->notes.empty());
  EXPECT_EQ(testing::read_file(first), testing::read_file(out));
}

TEST(QuantizeFile, RefusesWeightsThatAreNoNumbersWithTheirPlace) {
  std::vector<float> values(3 * 256, 0.5f);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const std::string out = testing::temporary_dir() + "/out.gguf";
  for (const float wrong : {nan, infinity, -infinity, 1e6f, -65505.0f}) {
    std::vector<float> broken = values;
    broken[2 * 256 + 17] = wrong;
    broken[2 * 256 + 18] = wrong;
    const std::string in = write_source({{"blk.0.attn_q.weight", {256, 3}, broken}});
    for (const char* type : {"q4_0", "q4_k", "f16", "bf16"}) {
      const auto report = quantize_file(in, out, {.type = type});
      const bool fits = std::string(type) == "bf16" && std::isfinite(wrong);
      ASSERT_EQ(report.ok(), fits) << type << wrong;
      if (fits) continue;
      EXPECT_EQ(report.status().code(),
                std::isfinite(wrong) ? StatusCode::unsupported : StatusCode::corrupt);
      for (const char* part : {"'blk.0.attn_q.weight'", "row 2", "column 17", "at byte"}) {
        EXPECT_NE(report.status().message().find(part), std::string::npos)
            << report.status().message();
      }
      EXPECT_FALSE(fs::exists(out));
    }
    fs::remove(out);
  }
}

TEST(QuantizeFile, RefusesToWriteOverItsInput) {
  const std::string in = tiny_model();
  const std::string before = testing::read_file(in);
  const std::string link = testing::temporary_dir() + "/link.gguf";
  fs::create_symlink(in, link);
  for (const std::string& out : {in, link}) {
    const auto report = quantize_file(in, out, {.type = "q8_0"});
    EXPECT_EQ(report.status().code(), StatusCode::invalid_argument) << report.status().message();
  }
  EXPECT_EQ(testing::read_file(in), before);
}

TEST(QuantizeFile, CancelledItLeavesAnEarlierFileAlone) {
  const std::string in = tiny_model();
  const std::string dir = testing::temporary_dir();
  testing::write_file(dir + "/out.gguf", "earlier");
  double last = 0;
  const auto report =
      quantize_file(in, dir + "/out.gguf", {.type = "q4_0", .on_progress = [&last](double share) {
                                              last = share;
                                              return share < 0.5;
                                            }});
  EXPECT_EQ(report.status().code(), StatusCode::cancelled);
  EXPECT_GE(last, 0.5);
  EXPECT_EQ(testing::read_file(dir + "/out.gguf"), "earlier");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir), {}), 1);
}

TEST(QuantizeFile, UnknownNamesListTheKnownOnes) {
  const std::string in = tiny_model();
  const std::string out = testing::temporary_dir() + "/out.gguf";
  for (const QuantizeOptions& options :
       {QuantizeOptions{.type = "q3_z"}, QuantizeOptions{.token_embedding_type = "q4_k_m"},
        QuantizeOptions{.output_type = "iq4_xs"}}) {
    const auto report = quantize_file(in, out, options);
    EXPECT_EQ(report.status().code(), StatusCode::invalid_argument);
    EXPECT_NE(report.status().message().find("q4_0, q6_k"), std::string::npos)
        << report.status().message();
  }
  EXPECT_FALSE(fs::exists(out));
}

TEST(QuantizeFile, RefusesWhatItCannotReadBack) {
  CRIA_SHARED_FILE(checkpoint, "models/stories260K.bin");
  const std::string out = testing::temporary_dir() + "/out.gguf";
  EXPECT_EQ(quantize_file(checkpoint, out, {.type = "q8_0"}).status().code(),
            StatusCode::unsupported);
}

}  // namespace
}  // namespace cria
