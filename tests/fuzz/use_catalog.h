// What a fuzz target of a container does with the reader's answer.
#pragma once

#include "file/readers.h"

namespace cria::fuzz {

// Traps unless the status is one of a reader's refusals with where, found and expected.
void check_refusal(const Status& status);

// Looks up every key as every type, every tensor by name, and touches each tensor's first and last
// byte and scale.
void use_catalog(const file::Catalog& catalog);

}  // namespace cria::fuzz
