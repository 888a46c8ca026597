// What the CPU and the operating system offer: instruction sets and processors to run on.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace cria {

struct CpuFeatures {
  // x86-64, each only where the operating system saves the registers
  bool avx2 = false;    // with FMA and F16C
  bool avx512 = false;  // F, BW, DQ, VL
  bool avx512_vnni = false;
  bool avx_vnni = false;
  bool avx512_bf16 = false;
  // AArch64
  bool neon = false;
  bool fp16 = false;
  bool dotprod = false;
  bool i8mm = false;
};

// Detected once; safe to call from any thread.
const CpuFeatures& cpu_features();

// A short text for people, e.g. "x86-64: avx2 avx512 avx512_vnni".
std::string describe_cpu_features();

// As the system names the processor, or else the board; "" where it says nothing.
std::string cpu_model_name();

// How an AArch64 core wants its instructions ordered.
enum class CoreOrder {
  free,  // executes out of order: any order of the text will do
  a53,   // issues in order, two at a time where a Cortex-A53's rules allow it: A34, A35, A53
  a55,   // the same, by a Cortex-A55's: A55, A510, A520
};

// For the cores of this machine that this process may run on, as order_for says; detected once.
CoreOrder core_order();

// For cores by their main identification registers (MIDR_EL1). Work moves between cores, so there
// is one answer for all: that of the big cores, which do most of it, where there are any; an
// out-of-order core loses more by detours than a small one by stalls. Unknown ones count as big.
CoreOrder order_for(std::span<const uint64_t> midrs);

// Processors that this process may use: the least of the affinity mask and the cgroup's CPU quota
// (rounded up). At least 1.
int n_usable_processors();

}  // namespace cria
