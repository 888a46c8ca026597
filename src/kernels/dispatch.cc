// CMake defines CRIA_KERNELS_<ISA> for the folders that this build has.
#include "kernels/dispatch.h"

#include <algorithm>

#include "base/cpu.h"
#include "base/str_cat.h"

namespace cria::kernels {
namespace {

// Slots that are left out.
class Off {
 public:
  explicit Off(std::string_view names) {
    while (!names.empty()) {
      const size_t end = std::min(names.find(','), names.size());
      if (end > 0) names_.push_back({names.substr(0, end)});
      names.remove_prefix(std::min(end + 1, names.size()));
    }
  }

  bool has(std::string_view table, std::string_view slot) {
    for (Name& name : names_) {
      if (name.text == slot_name(table, slot)) return name.known = true;
    }
    return false;
  }

  // Of those that has() was never true for, the first; "" where there is none.
  std::string_view unknown() const {
    for (const Name& name : names_) {
      if (!name.known) return name.text;
    }
    return {};
  }

 private:
  struct Name {
    std::string_view text;
    bool known = false;
  };
  std::vector<Name> names_;
};

// Calls visit(name, slot below, slot above) for every slot of kernels.
template <typename Visit>
void for_each_slot(Table& below, const Table& above, const Visit& visit) {
  for (size_t i = 0; i < below.packed.size(); ++i) {
    visit(packed_slot(static_cast<PackedType>(i)), below.packed[i], above.packed[i]);
  }
  visit("matmul_grouped", below.matmul_grouped, above.matmul_grouped);
  visit("quantize_q8a", below.quantize_q8a, above.quantize_q8a);
  visit("quantize_grouped", below.quantize_grouped, above.quantize_grouped);
  visit("rms_norm", below.rms_norm, above.rms_norm);
  visit("swiglu", below.swiglu, above.swiglu);
  visit("attend", below.attend, above.attend);
  visit("store_f16", below.store_f16, above.store_f16);
}

void overlay(Table& below, const Table& above, bool may_be_off, Off& off) {
  below.name = above.name;
  for_each_slot(below, above, [&](std::string_view slot, auto& kernel, const auto& wanted) {
    if (wanted == nullptr || (may_be_off && off.has(above.name, slot))) return;
    kernel = wanted;
  });
  if (above.peak_f32 != nullptr) below.peak_f32 = above.peak_f32;
  if (above.peak_int8 != nullptr) below.peak_int8 = above.peak_int8;
  if (above.peak_blocks != nullptr) below.peak_blocks = above.peak_blocks;
}

// Names of tables that do not take part may be switched off too.
Status check_off(std::span<const Candidate> tables, Off& off) {
  for (const Candidate& c : tables.subspan(1)) {
    Table unused;
    overlay(unused, *c.table, true, off);
  }
  const std::string_view unknown = off.unknown();
  if (unknown.empty()) return {};
  return invalid_argument("kernel to switch off: found ", quoted(unknown), ", expected TABLE/SLOT ",
                          "as `cria verify` names it, of a table of this CPU other than ",
                          tables.front().table->name);
}

Status unknown_table(std::string_view name, std::span<const Candidate> tables) {
  std::string valid;
  for (const Candidate& c : tables) valid += str_cat(valid.empty() ? "" : ", ", c.table->name);
  return invalid_argument("kernel table \"", name,
                          "\" is unknown, or this CPU cannot run it; valid: ", valid);
}

}  // namespace

std::string packed_slot(PackedType type) {
  constexpr const char* kNames[kNumPackedTypes] = {"f32",  "f16",  "bf16", "s8",   "u8",
                                                   "q4_0", "q4_1", "q5_0", "q5_1", "q8_0",
                                                   "q2_K", "q3_K", "q4_K", "q5_K", "q6_K"};
  return str_cat("packed.", kNames[static_cast<size_t>(type)]);
}

std::string slot_name(std::string_view table, std::string_view slot) {
  return str_cat(table, "/", slot);
}

std::vector<Candidate> candidates() {
  std::vector<Candidate> found = {{&scalar::kTable}};
#if defined(CRIA_KERNELS_AVX2)
  if (cpu_features().avx2) found.push_back({&avx2::kTable});
  if (cpu_features().avx_vnni) found.push_back({&avxvnni::kTable});
  if (cpu_features().avx512) found.push_back({&avx512::kTable});
  if (cpu_features().avx512_vnni) found.push_back({&avx512vnni::kTable});
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
  // Not written for cores that issue in order.
  if (cpu_features().i8mm) found.push_back({&i8mm::kTable, core_order() == CoreOrder::free});
#endif
  return found;
}

std::vector<std::string_view> runnable_tables() {
  std::vector<std::string_view> names;
  for (const Candidate& c : candidates()) names.emplace_back(c.table->name);
  return names;
}

Result<std::vector<const Table*>> taking_part(std::span<const Candidate> tables,
                                              std::string_view name) {
  std::vector<const Table*> taken;
  for (const Candidate& c : tables) {
    const bool named = name == c.table->name;
    if (c.by_default || named) taken.push_back(c.table);
    if (named) return taken;
  }
  if (!name.empty()) return unknown_table(name, tables);
  return taken;
}

Result<Table> choose_from(std::span<const Candidate> tables, std::string_view name,
                          std::string_view off_names) {
  const auto taken = taking_part(tables, name);
  if (!taken.ok()) return taken.status();
  Off off(off_names);
  CRIA_RETURN_IF_ERROR(check_off(tables, off));
  Table chosen;
  for (const Table* table : *taken) overlay(chosen, *table, table != tables.front().table, off);
  return chosen;
}

Result<Table> choose_table(std::string_view name, std::string_view off) {
  return choose_from(candidates(), name, off);
}

}  // namespace cria::kernels
