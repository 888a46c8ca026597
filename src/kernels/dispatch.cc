// CMake defines CRIA_KERNELS_<ISA> for the folders that this build has.
#include "kernels/dispatch.h"

#include "base/cpu.h"
#include "base/str_cat.h"

namespace cria::kernels {
namespace {

struct Candidate {
  const Table* table;
  // Part of what runs unless another table is named: not so for tables that suit other cores, and
  // those that are faster at the cost of accuracy.
  bool by_default = true;
};

// What this CPU can run, slowest first; tables for an order of instructions after the one that they
// are variants of.
std::vector<Candidate> candidates() {
  std::vector<Candidate> found = {{&scalar::kTable}};
#if defined(CRIA_KERNELS_AVX2)
  if (cpu_features().avx2) found.push_back({&avx2::kTable});
#endif
#if defined(CRIA_KERNELS_NEON)
  if (cpu_features().neon) {
    found.push_back({&neon::kTable});
    found.push_back({&neon_a53::kTable, core_order() == CoreOrder::a53});
    found.push_back({&neon_a55::kTable, core_order() == CoreOrder::a55});
  }
  if (cpu_features().dotprod) {
    found.push_back({&dotprod::kTable});
    found.push_back({&dotprod_a55::kTable, core_order() == CoreOrder::a55});
  }
#endif
  return found;
}

template <typename Slot>
void overlay_slot(Slot& below, Slot above) {
  if (above != nullptr) below = above;
}

void overlay(Table& below, const Table& above) {
  below.name = above.name;
  overlay_slot(below.matmul_grouped, above.matmul_grouped);
  for (size_t i = 0; i < below.packed.size(); ++i) overlay_slot(below.packed[i], above.packed[i]);
  overlay_slot(below.peak_f32, above.peak_f32);
  overlay_slot(below.peak_int8, above.peak_int8);
  overlay_slot(below.quantize_q8a, above.quantize_q8a);
  overlay_slot(below.quantize_grouped, above.quantize_grouped);
  overlay_slot(below.rms_norm, above.rms_norm);
  overlay_slot(below.swiglu, above.swiglu);
  overlay_slot(below.attend_f16, above.attend_f16);
  overlay_slot(below.attend_f32, above.attend_f32);
  overlay_slot(below.store_f16, above.store_f16);
}

Status unknown_table(std::string_view name, const std::vector<Candidate>& tables) {
  std::string valid;
  for (const Candidate& c : tables) valid += str_cat(valid.empty() ? "" : ", ", c.table->name);
  return invalid_argument("kernel table \"", name,
                          "\" is unknown, or this CPU cannot run it; valid: ", valid);
}

}  // namespace

std::vector<std::string_view> runnable_tables() {
  std::vector<std::string_view> names;
  for (const Candidate& c : candidates()) names.emplace_back(c.table->name);
  return names;
}

Result<Table> choose_table(std::string_view name) {
  const std::vector<Candidate> tables = candidates();
  Table chosen;
  for (const Candidate& c : tables) {
    const bool named = name == c.table->name;
    if (c.by_default || named) overlay(chosen, *c.table);
    if (named) return chosen;
  }
  if (!name.empty()) return unknown_table(name, tables);
  return chosen;
}

}  // namespace cria::kernels
