// A model file that calls itself Al and gives one fixed reply to everything: what surrounds Al can
// be tested without a trained Al.
#pragma once

#include <string>
#include <vector>

namespace cria::testing {

// Writes the model to path. pieces: the reply's tokens, at most 60, all different. The layers add
// nothing, so a token alone decides which one follows it: <|assistant|>, the pieces, <|end|>.
void write_canned_al(const std::vector<std::string>& pieces, const std::string& path,
                     const std::string& name = "Al");

}  // namespace cria::testing
