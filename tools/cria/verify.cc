// cria verify: every kernel that would run on this CPU against its definition.
#include <nlohmann/json.hpp>

#include "bench/statistics.h"
#include "bench/text.h"
#include "cria/diagnose.h"
#include "interrupt.h"
#include "measuring_commands.h"
#include "output.h"
#include "verified.h"

namespace cria::cli {
namespace {

using Json = nlohmann::ordered_json;

// "avx2/packed.q4_0" in parts; slots without a kind of their own are of the kind "other".
struct SlotParts {
  std::string table, kind, name;
};
SlotParts parts_of(const std::string& slot) {
  const size_t slash = slot.find('/');
  const std::string name = slot.substr(slash + 1);
  const size_t dot = name.find('.');
  if (dot == std::string::npos) return {slot.substr(0, slash), "other", name};
  return {slot.substr(0, slash), name.substr(0, dot), name.substr(dot + 1)};
}

// A line for each kind of kernel of each table, and one for each that is wrong.
std::string lines_of(const std::vector<KernelCheck>& checks) {
  std::string lines, wrong, names;
  int n_agree = 0;
  for (size_t i = 0; i < checks.size(); ++i) {
    const SlotParts parts = parts_of(checks[i].slot);
    if (checks[i].agrees()) {
      names += " " + parts.name;
      ++n_agree;
    } else {
      wrong.append(checks[i].slot).append(" is WRONG: ").append(checks[i].difference).append("\n");
    }
    const SlotParts next = i + 1 < checks.size() ? parts_of(checks[i + 1].slot) : SlotParts();
    if (next.table == parts.table && next.kind == parts.kind) continue;
    lines += format("%-12s %-7s %2d agree:", parts.table.c_str(), parts.kind.c_str(), n_agree);
    lines.append(names).append("\n").append(wrong);
    names = wrong = "";
    n_agree = 0;
  }
  return lines;
}

std::string wrong_slots_of(const std::vector<KernelCheck>& checks) {
  std::string slots;
  for (const KernelCheck& check : checks) {
    if (!check.agrees()) slots += (slots.empty() ? "" : ",") + check.slot;
  }
  return slots;
}

std::string conclusion(const std::vector<KernelCheck>& checks, double seconds) {
  int n_wrong = 0;
  for (const KernelCheck& check : checks) n_wrong += check.agrees() ? 0 : 1;
  if (checks.empty()) return "only the definition runs on this CPU: nothing to compare\n";
  if (n_wrong == 0) return format("all %zu kernels agree (%.1f s)\n", checks.size(), seconds);
  return format("%d of %zu kernels are WRONG on this CPU\n", n_wrong, checks.size());
}

Json json_of(const std::vector<KernelCheck>& checks) {
  Json kernels = Json::array();
  for (const KernelCheck& check : checks) {
    kernels.push_back(
        {{"slot", check.slot}, {"agrees", check.agrees()}, {"difference", check.difference}});
  }
  const BuildInfo build = build_info();
  return {{"cpu", cpu_name()},
          {"cpu_features", cpu_description()},
          {"build_commit", build.commit},
          {"build_id", build.id},
          {"kernels", std::move(kernels)}};
}

// Only a run over all that would run by itself goes on record.
void record(const std::string& wrong_slots) {
  const Status written = write_verified(wrong_slots);
  if (!written.ok()) complain("warning: the result is not kept: " + written.message());
  if (wrong_slots.empty()) return;
  complain(written.ok() ? "from now on this program does without " + wrong_slots + " on this CPU"
                        : "set CRIA_KERNELS_OFF=" + wrong_slots + " to do without them");
}

}  // namespace

int verify_command(const VerifyFlags& flags) {
  catch_interrupts();
  const double start = now_seconds();
  const auto checks = verify_kernels(flags.isa, interrupted);
  if (!checks.ok()) return fail(checks.status());
  const double seconds = now_seconds() - start;
  Output out;
  out.write(flags.json ? json_of(*checks).dump(2) + "\n"
                       : lines_of(*checks) + conclusion(*checks, seconds));
  const std::string wrong_slots = wrong_slots_of(*checks);
  if (flags.isa.empty()) record(wrong_slots);
  return out.exit_code(wrong_slots.empty() ? kExitDone : kExitFailed);
}

}  // namespace cria::cli
