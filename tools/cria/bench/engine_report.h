// Results of `cria bench engine` for people and for scripts.
#pragma once

#include <string>

#include "bench/engine_bench.h"

namespace cria::cli {

std::string engine_table(const EngineBenchResult& result);
// One object: n_threads, parallel (a list of n_conversations, tokens_per_second, spread,
// ratio_to_first, same_text), delay, prefix, kv; names as in engine_bench.h.
std::string engine_json(const EngineBenchResult& result, const std::string& filename);

}  // namespace cria::cli
