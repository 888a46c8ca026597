#include "file/llama2c_image.h"

#include <cstdio>

#include "file/gguf_image.h"

namespace cria::file::testing {
namespace {

class Builder {
 public:
  explicit Builder(const Llama2cImage& image) : image_(image) {}

  std::string build() {
    put_header();
    const int64_t dim = image_.dim, ff = image_.hidden_dim;
    const int64_t kv = dim / image_.n_heads * image_.n_kv_heads;
    const int64_t head_dim = dim / image_.n_heads;
    if (image_.version == 0) {
      put_matrix(dim * image_.vocab_size);
      put_layers_f32(dim);
    } else {
      put_layers_f32(dim);
      put_layers_f32(dim);
      put_f32(dim);
      put_matrix(dim * image_.vocab_size);
    }
    for (const int64_t n : {dim * dim, dim * kv, dim * kv, dim * dim}) put_layer_matrices(n);
    if (image_.version == 0) put_layers_f32(dim);
    for (int i = 0; i < 3; ++i) put_layer_matrices(dim * ff);
    if (image_.version == 0) {
      put_f32(dim);
      put_f32(image_.seq_len * head_dim / 2);
      put_f32(image_.seq_len * head_dim / 2);
    }
    if (!image_.shared_classifier) put_matrix(dim * image_.vocab_size);
    return out_;
  }

 private:
  void put_header() {
    if (image_.version != 0) out_ += le<uint32_t>(0x616b3432) + le<int32_t>(image_.version);
    const bool negate = image_.version == 0 && !image_.shared_classifier;
    for (const int32_t value :
         {image_.dim, image_.hidden_dim, image_.n_layers, image_.n_heads, image_.n_kv_heads,
          negate ? -image_.vocab_size : image_.vocab_size, image_.seq_len}) {
      out_ += le(value);
    }
    if (image_.version == 0) return;
    out_ += le<uint8_t>(image_.shared_classifier ? 1 : 0);
    if (image_.version == 2) out_ += le(image_.group_size);
    out_.resize(256, '\0');
  }
  void put_f32(int64_t n) {
    for (int64_t i = 0; i < n; ++i) out_ += le(static_cast<float>(next_++));
  }
  void put_matrix(int64_t n) {
    if (image_.version != 2) return put_f32(n);
    for (int64_t i = 0; i < n; ++i) out_ += le(static_cast<int8_t>(next_++ % 100));
    for (int64_t i = 0; i < n / image_.group_size; ++i) {
      out_ += le(static_cast<float>(next_group_++) + 0.5f);
    }
  }
  void put_layers_f32(int64_t n) {
    for (int i = 0; i < image_.n_layers; ++i) put_f32(n);
  }
  void put_layer_matrices(int64_t n) {
    for (int i = 0; i < image_.n_layers; ++i) put_matrix(n);
  }

  const Llama2cImage& image_;
  std::string out_;
  int64_t next_ = 0;
  int64_t next_group_ = 0;
};

}  // namespace

std::string Llama2cImage::bytes() const { return Builder(*this).build(); }

std::string VocabularyImage::bytes() const {
  std::vector<std::string> all = {"<unk>", "\n<s>\n", "\n</s>\n"};
  for (int i = 0; i < 256; ++i) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", i);
    all.push_back(text);
  }
  all.insert(all.end(), pieces.begin(), pieces.end());
  std::string out = le(max_token_length);
  for (size_t i = 0; i < all.size(); ++i) {
    out += le(-static_cast<float>(i)) + le(static_cast<int32_t>(all[i].size())) + all[i];
  }
  return out;
}

}  // namespace cria::file::testing
