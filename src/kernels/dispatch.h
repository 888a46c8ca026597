// Chooses kernels for this CPU, or by name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cria/status.h"
#include "kernels/kernels.h"

namespace cria::kernels {

// A table that could take part.
struct Candidate {
  const Table* table;
  // Part of what runs unless another table is named: not so for tables that suit other cores, and
  // those that are faster at the cost of accuracy.
  bool by_default = true;
};

// What this build has and this CPU and system can run, slowest first ("scalar" always); tables for
// an order of instructions after the one that they are variants of.
std::vector<Candidate> candidates();
// Their names.
std::vector<std::string_view> runnable_tables();

// The non-null slots of the runnable tables up to and including the named one, later ones winning;
// "" means all. Tables for other cores than this machine's, or with a coarser accuracy, take part
// only where they are named. The result has no null slot for a computable type, and its name is
// that of the last table.
// off: slots that are left out, so that the next table down has them: slot_name()s, joined by
// commas. Errors: invalid_argument for an unknown name or one that this CPU lacks, with the valid
// names, and for a slot that no table has or that is the scalar table's.
Result<Table> choose_table(std::string_view name, std::string_view off = {});
// The same from other tables, the first of which is complete.
Result<Table> choose_from(std::span<const Candidate> tables, std::string_view name,
                          std::string_view off);
// Those of the tables that take part, slowest first.
Result<std::vector<const Table*>> taking_part(std::span<const Candidate> tables,
                                              std::string_view name);

// "packed.q4_0"; the other slots are called as they are in Table.
std::string packed_slot(PackedType type);
// "avx2/packed.q4_0".
std::string slot_name(std::string_view table, std::string_view slot);

}  // namespace cria::kernels
