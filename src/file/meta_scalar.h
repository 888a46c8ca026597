// Metadata values of fixed size: GGUF's numbers and booleans, as they stand in a file.
#pragma once

#include <optional>
#include <string_view>

#include "base/byte_reader.h"
#include "file/catalog.h"

namespace cria::file {

// The type with this id, or none for an id that GGUF does not define.
std::optional<MetaType> find_meta_type(uint32_t id);

// Encoded size of a value; 0 for strings and arrays, whose values have no fixed size.
uint64_t meta_type_bytes(MetaType type);

// Reads one value of a fixed-size type into out.value and sets out.type.
// Requires  meta_type_bytes(type) != 0
// Errors    corrupt: too few bytes left, a boolean that is neither 0 nor 1
Status read_meta_scalar(ByteReader& in, std::string_view field, MetaType type, MetaValue& out);

}  // namespace cria::file
