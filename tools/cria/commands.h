// One function for each command: what it was asked to do in, its exit code out.
#pragma once

#include "options.h"

namespace cria::cli {

int run_command(const RunOptions& options);
int chat_command(const ChatOptions& options);
int al_command(const AlOptions& options);
int inspect_command(const InspectOptions& options);
int tokenize_command(const TokenizeOptions& options);
int synth_command(const SynthFlags& options);

}  // namespace cria::cli
