// The libraries that `cria bench gemm` compares: ours and, where they are there, peers.
//
// Peers are loaded when they are wanted, so that the program does not depend on them: BLAS
// libraries by their common C interface; a peer that needs headers from a module of ours (eigen.cc,
// onednn.cc) that CMake builds beside the program where it finds the peer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cria/gemm.h"

namespace cria::cli {

struct GemmCase {
  ElementType type = ElementType::f32;  // of B
  int64_t m = 0, n = 0, k = 0;
  int n_threads = 1;
};

// The operands, made once for all libraries: A [m, k] row-major; B [k, n] column-major, a few
// copies so that each call can find its weights cold.
struct GemmData {
  ElementType a_type = ElementType::f32;
  std::vector<uint8_t> a;
  std::vector<std::vector<uint8_t>> b;
  std::vector<float> a_values;               // fp32, for peers without the type
  std::vector<std::vector<float>> b_values;  // the same, of each copy; empty where not wanted
};

// One library at one case: its own packed copies of B, and C.
class GemmRun {
 public:
  virtual ~GemmRun() = default;
  virtual void multiply(size_t copy) = 0;
  // C of the last product, [m, n], as numbers.
  virtual std::vector<double> result() const = 0;
};

class GemmLibrary {
 public:
  virtual ~GemmLibrary() = default;
  virtual std::string name() const = 0;
  // For people: version, CPU as detected, and what was corrected.
  virtual std::string note() const = 0;
  // Null where the library does not do this case.
  virtual std::unique_ptr<GemmRun> prepare(const GemmCase& c, const GemmData& data) = 0;
};

// Each gives null where the library is not there.
std::unique_ptr<GemmLibrary> make_cria(const std::string& isa);
std::unique_ptr<GemmLibrary> make_eigen();
std::unique_ptr<GemmLibrary> make_onednn();
std::unique_ptr<GemmLibrary> make_openblas();
std::unique_ptr<GemmLibrary> make_blis();

// What a module exports by the name cria_bench_peer. Built by the same build as the program.
using MakePeerFn = GemmLibrary* (*)();

}  // namespace cria::cli
