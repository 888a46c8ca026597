// What tells a model from every other one.
#pragma once

#include "file/catalog.h"

namespace cria::model {

// A checksum over all metadata, over every tensor's name, type and shape, and over some of its
// bytes: the beginning, the middle and the end. Milliseconds; the same wherever the file lies.
uint64_t fingerprint(const file::Catalog& catalog);

}  // namespace cria::model
