#include "cria/quantize.h"

#include "api/guard.h"
#include "convert/convert_file.h"
#include "convert/recipe.h"

namespace cria {

Result<QuantizeReport> quantize_file(const std::string& in, const std::string& out,
                                     const QuantizeOptions& options) {
  return api::guard([&] { return convert::convert_file(in, out, options); });
}

std::vector<std::string> quantize_types() { return convert::recipe_names(); }

}  // namespace cria
