// Flags that every command on a model has; defined in options.cc.
#pragma once

#include <CLI/CLI.hpp>

#include "options.h"

namespace cria::cli {

void add_model_flags(CLI::App& app, ModelFlags& model);
// Where packed weights come from: --packed, --pack-cache.
void add_packed_flags(CLI::App& app, ModelFlags& model);
void add_threads_flag(CLI::App& app, int& n_threads);

// CRIA_THREADS, where the flag was not given.
void finish_threads(const CLI::App& app, int& n_threads);

}  // namespace cria::cli
