// What the CPU and the operating system offer: instruction sets and processors to run on.
#pragma once

#include <cstdint>
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

// Processors that this process may use: the least of the affinity mask and the cgroup's CPU quota
// (rounded up). At least 1.
int n_usable_processors();

}  // namespace cria
