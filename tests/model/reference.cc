#include "model/reference.h"

#include <Eigen/Dense>
#include <cmath>
#include <cstring>
#include <string>

#include "tensor/blocks.h"

namespace cria::testing {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

class Reference {
 public:
  Reference(const file::Catalog& catalog, const ReferenceOptions& options)
      : catalog_(catalog), options_(options) {
    std::string_view architecture;
    EXPECT_OK(catalog.get("general.architecture", architecture));
    prefix_ = std::string(architecture) + ".";
    halves_ = architecture == "qwen2";
    n_heads_ = integer("attention.head_count", 0);
    n_kv_heads_ = integer("attention.head_count_kv", n_heads_);
    head_dim_ = integer("attention.key_length", integer("embedding_length", 0) / n_heads_);
    window_ = integer("attention.sliding_window", 0);
    eps_ = real("attention.layer_norm_rms_epsilon", 1e-5);
    read_rope();
  }

  ReferenceResult run(std::span<const int32_t> tokens) {
    const Matrix embedding = matrix("token_embd.weight");
    Matrix x(static_cast<Eigen::Index>(tokens.size()), embedding.cols());
    for (size_t t = 0; t < tokens.size(); ++t) {
      x.row(static_cast<Eigen::Index>(t)) = embedding.row(tokens[t]);
    }
    const int n_layers = integer("block_count", 0);
    for (int i = 0; i < n_layers; ++i) layer(i, x);
    const Matrix normed = norm(x, "output_norm.weight");
    const bool tied = catalog_.find_tensor("output.weight") == nullptr;
    const Matrix logits = product(normed, tied ? "token_embd" : "output");
    return {{logits.data(), logits.data() + logits.size()}, least_margin_};
  }

 private:
  static void EXPECT_OK(const Status& status) {
    if (!status.ok()) std::abort();  // a broken test, not a broken library
  }

  int integer(const std::string& key, int otherwise) const {
    uint32_t value = static_cast<uint32_t>(otherwise);
    EXPECT_OK(catalog_.get(prefix_ + key, value));
    return static_cast<int>(value);
  }
  double real(const std::string& key, double otherwise) const {
    float value = static_cast<float>(otherwise);
    EXPECT_OK(catalog_.get(prefix_ + key, value));
    return value;
  }

  Matrix matrix(const std::string& name) const {
    const file::NamedTensor* tensor = catalog_.find_tensor(name);
    if (tensor == nullptr) std::abort();
    const TensorView& view = tensor->view;
    Matrix out(view.n_rows(), view.n_cols());
    std::vector<float> row(static_cast<size_t>(view.n_cols()));
    for (int64_t r = 0; r < view.n_rows(); ++r) {
      if (view.dtype == DType::grouped_i8) {
        for (int64_t c = 0; c < view.n_cols(); ++c) {
          const int64_t i = r * view.n_cols() + c;
          float scale;
          std::memcpy(&scale, view.scales + i / view.group_size * 4, 4);
          out(r, c) = static_cast<double>(static_cast<int8_t>(view.data[i])) * scale;
        }
        continue;
      }
      dequantize_row(view.dtype, view.row(r), view.n_cols(), row.data());
      for (int64_t c = 0; c < view.n_cols(); ++c) out(r, c) = row[static_cast<size_t>(c)];
    }
    return out;
  }

  Matrix quantized(const Matrix& x) const {
    if (options_.activation_group == 0) return x;
    Matrix out = x;
    for (Eigen::Index r = 0; r < x.rows(); ++r) {
      for (Eigen::Index begin = 0; begin < x.cols(); begin += options_.activation_group) {
        const Eigen::Index n = std::min<Eigen::Index>(options_.activation_group, x.cols() - begin);
        // In fp32, as the engines quantise: a tie must fall to the same side.
        const Eigen::VectorXf group = x.row(r).segment(begin, n).cast<float>();
        const float scale = group.cwiseAbs().maxCoeff() / 127.0f;
        for (Eigen::Index i = 0; i < n; ++i) {
          const float ratio = scale == 0 ? 0 : group[i] / scale;
          const float q = options_.ties_to_even ? std::nearbyint(ratio) : std::round(ratio);
          least_margin_ = std::min(least_margin_, 0.5 - std::abs(static_cast<double>(ratio) - q));
          out(r, begin + i) = static_cast<double>(q) * scale;
        }
      }
    }
    return out;
  }

  Matrix product(const Matrix& x, const std::string& name) const {
    Matrix out = quantized(x) * matrix(name + ".weight").transpose();
    if (catalog_.find_tensor(name + ".bias") != nullptr) {
      out.rowwise() += matrix(name + ".bias").row(0);
    }
    return out;
  }

  Matrix norm(const Matrix& x, const std::string& name) const {
    const Matrix weight = matrix(name);
    Matrix out = x;
    for (Eigen::Index r = 0; r < x.rows(); ++r) {
      const double scale =
          1 / std::sqrt(x.row(r).squaredNorm() / static_cast<double>(x.cols()) + eps_);
      out.row(r) = (x.row(r) * scale).cwiseProduct(weight.row(0));
    }
    return out;
  }

  void read_rope() {
    const int n_rot = integer("rope.dimension_count", head_dim_);
    const double base = real("rope.freq_base", 10000);
    std::string_view scaling;
    EXPECT_OK(catalog_.get(prefix_ + "rope.scaling.type", scaling));
    const double factor = real("rope.scaling.factor", 1);
    const double original = integer("rope.scaling.original_context_length", 1);
    for (int i = 0; i < n_rot / 2; ++i) {
      double frequency = std::pow(base, -2.0 * i / n_rot);
      if (catalog_.find_tensor("rope_freqs.weight") != nullptr) {
        frequency /= matrix("rope_freqs.weight")(0, i);
      }
      if (scaling == "linear") frequency /= factor;
      if (scaling == "yarn") {
        const auto dim = [&](double turns) {
          return n_rot * std::log(original / (turns * 2 * M_PI)) / (2 * std::log(base));
        };
        const double low = std::max(0.0, std::floor(dim(32)));
        const double high = std::min(n_rot - 1.0, std::ceil(dim(1)));
        const double ramp = std::min(1.0, std::max(0.0, (i - low) / std::max(0.001, high - low)));
        frequency = frequency / factor * ramp + frequency * (1 - ramp);
      }
      frequencies_.push_back(frequency);
    }
    magnitude_ = scaling == "yarn" ? 1 + 0.1 * std::log(factor) : 1;
  }

  void rotate(Matrix& heads) const {
    const int n_pairs = static_cast<int>(frequencies_.size());
    for (Eigen::Index t = 0; t < heads.rows(); ++t) {
      for (Eigen::Index head = 0; head < heads.cols(); head += head_dim_) {
        for (int i = 0; i < n_pairs; ++i) {
          const double angle = static_cast<double>(t) * frequencies_[static_cast<size_t>(i)];
          double& a = heads(t, head + (halves_ ? i : 2 * i));
          double& b = heads(t, head + (halves_ ? i + n_pairs : 2 * i + 1));
          const double c = std::cos(angle) * magnitude_, s = std::sin(angle) * magnitude_;
          const double turned = a * c - b * s;
          b = a * s + b * c;
          a = turned;
        }
      }
    }
  }

  Matrix attend(const Matrix& q, const Matrix& k, const Matrix& v) const {
    Matrix out = Matrix::Zero(q.rows(), q.cols());
    for (int h = 0; h < n_heads_; ++h) {
      const int kv = h / (n_heads_ / n_kv_heads_);
      for (Eigen::Index t = 0; t < q.rows(); ++t) {
        const Eigen::Index first = window_ > 0 ? std::max<Eigen::Index>(0, t - window_ + 1) : 0;
        const Eigen::Index n = t - first + 1;
        Vector scores = k.block(first, kv * head_dim_, n, head_dim_) *
                        q.row(t).segment(h * head_dim_, head_dim_).transpose() /
                        std::sqrt(static_cast<double>(head_dim_));
        scores = (scores.array() - scores.maxCoeff()).exp();
        scores /= scores.sum();
        out.row(t).segment(h * head_dim_, head_dim_) =
            scores.transpose() * v.block(first, kv * head_dim_, n, head_dim_);
      }
    }
    return out;
  }

  void layer(int i, Matrix& x) {
    const std::string name = "blk." + std::to_string(i) + ".";
    Matrix normed = norm(x, name + "attn_norm.weight");
    Matrix q = product(normed, name + "attn_q");
    Matrix k = product(normed, name + "attn_k");
    const Matrix v = product(normed, name + "attn_v");
    rotate(q);
    rotate(k);
    x += product(attend(q, k, v), name + "attn_output");
    normed = norm(x, name + "ffn_norm.weight");
    const Matrix gate = product(normed, name + "ffn_gate");
    const Matrix up = product(normed, name + "ffn_up");
    const Matrix hidden = (gate.array() / (1 + (-gate.array()).exp()) * up.array()).matrix();
    x += product(hidden, name + "ffn_down");
  }

  const file::Catalog& catalog_;
  ReferenceOptions options_;
  std::string prefix_;
  bool halves_ = false;
  int n_heads_ = 0, n_kv_heads_ = 0, head_dim_ = 0, window_ = 0;
  double eps_ = 0, magnitude_ = 1;
  mutable double least_margin_ = 0.5;
  std::vector<double> frequencies_;
};

}  // namespace

ReferenceResult reference_logits(const file::Catalog& catalog, std::span<const int32_t> tokens,
                                 const ReferenceOptions& options) {
  return Reference(catalog, options).run(tokens);
}

}  // namespace cria::testing
