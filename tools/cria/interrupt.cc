#include "interrupt.h"

#include <atomic>
#include <csignal>

namespace cria::cli {
namespace {

// The only mutable global: a signal handler has no other way to say anything.
std::atomic<bool> interrupt_flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler must not lock");

void on_interrupt(int signal) {
  if (interrupt_flag.exchange(true)) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;  // no SA_RESTART: a read at the prompt must return
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
}

bool interrupted() { return interrupt_flag.load(); }

void clear_interrupt() { interrupt_flag.store(false); }

}  // namespace cria::cli
