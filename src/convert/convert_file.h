// From one model file to another with other types.
#pragma once

#include <string>

#include "cria/quantize.h"

namespace cria::convert {

// As cria::quantize_file, which guards it.
Result<QuantizeReport> convert_file(const std::string& in, const std::string& out,
                                    const QuantizeOptions& options);

}  // namespace cria::convert
