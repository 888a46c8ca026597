// The mathematics behind cria/perplexity.h, and its loop over a text.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "cria/perplexity.h"
#include "model/model.h"

namespace cria::engine {

// ln of the sum of e^x, in double, without overflow. Requires: x not empty and finite.
double log_sum_exp(std::span<const float> x);

// Of softmax(base) from softmax(model), in nats; never below 0.
double kl_divergence(std::span<const float> base, std::span<const float> model);

// As the functions of cria/perplexity.h, which guard them; base may be null.
Result<Divergence> compare_on_text(const std::shared_ptr<const model::Model>& model,
                                   const std::shared_ptr<const model::Model>& base,
                                   std::string_view text, const PerplexityOptions& options);

}  // namespace cria::engine
