// Ctrl-C as a flag that the library's callbacks poll.
#pragma once

namespace cria::cli {

// From now on a first Ctrl-C sets the flag and interrupts a blocking read; a second one before
// clear_interrupt() ends the program at once.
void catch_interrupts();

bool interrupted();
void clear_interrupt();

}  // namespace cria::cli
