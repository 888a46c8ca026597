// The commands that make and judge quantised models.
#pragma once

#include "options_quantize.h"

namespace cria::cli {

int quantize_command(const QuantizeFlags& flags);
int pack_command(const PackFlags& flags);
int imatrix_command(const ImatrixFlags& flags);
int perplexity_command(const PerplexityFlags& flags);

}  // namespace cria::cli
