// Models that are split over several GGUF files: "X-00001-of-000NN.gguf".
#pragma once

#include <memory>
#include <string>

#include "file/catalog.h"

namespace cria::file {

// Reads the GGUF file that mapped holds and, where it is a shard, all its siblings. The catalog has
// the first shard's metadata and every shard's tensors, each with its shard's index and its offset
// in that shard.
// Errors: as read_gguf; not_found for a missing shard; corrupt where names, indices or counts of
// the shards contradict each other.
Result<std::shared_ptr<Catalog>> read_gguf_shards(std::shared_ptr<const MappedFile> mapped);

}  // namespace cria::file
