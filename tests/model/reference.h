// A second forward pass, in fp64 with Eigen, that shares no code with src/model or src/ops: the
// oracle for logits. It reads tensors and hyperparameters from the catalog by itself.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "file/catalog.h"

namespace cria::testing {

struct ReferenceOptions {
  // Activations of every matrix product are rounded to int8 in groups of this size along the row
  // (scale = largest magnitude / 127); 0: left as they are.
  int activation_group = 0;
  // Halves rounded to even instead of away from zero.
  bool ties_to_even = false;
};

struct ReferenceResult {
  std::vector<double> logits;  // [tokens.size(), n_vocab], row by row
  // Rounding an activation to int8 is a step: where fp64 stands right beside one, fp32 may stand on
  // the other side, and the logits differ by what a whole step makes. This is the least distance,
  // in steps, of any activation from such a point (0.5 where nothing is rounded).
  double least_margin = 0.5;
};
ReferenceResult reference_logits(const file::Catalog& catalog, std::span<const int32_t> tokens,
                                 const ReferenceOptions& options);

}  // namespace cria::testing
