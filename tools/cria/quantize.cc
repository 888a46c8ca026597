// cria quantize: a model in a smaller type.
#include <array>
#include <cstdio>
#include <map>

#include "interrupt.h"
#include "output.h"
#include "printable.h"
#include "quantize_commands.h"
#include "terminal.h"

namespace cria::cli {
namespace {

// "q4_K 15, q6_K 3, f32 11 tensors; 418.2 MiB -> 122.6 MiB, 4.83 bits a weight"
std::string summary(const QuantizeReport& report) {
  std::map<std::string, int> count;
  int64_t n_elems = 0;
  for (const QuantizedTensor& tensor : report.tensors) {
    ++count[tensor.to];
    n_elems += tensor.n_elems;
  }
  std::string text;
  for (const auto& [type, n] : count) {
    text += (text.empty() ? "" : ", ") + type + " " + std::to_string(n);
  }
  text += (text.empty() ? "no tensors; " : " tensors; ") + human_bytes(report.bytes_before) +
          " -> " + human_bytes(report.bytes_after);
  if (n_elems == 0) return text + "\n";
  std::array<char, 48> bits;
  std::snprintf(bits.data(), bits.size(), ", %.2f bits a weight\n",
                8.0 * static_cast<double>(report.bytes_after) / static_cast<double>(n_elems));
  return text + bits.data();
}

}  // namespace

int quantize_command(const QuantizeFlags& flags) {
  catch_interrupts();
  ProgressBar bar("quantising");
  QuantizeOptions options = flags.quantize;
  options.on_progress = [&bar](double share) {
    bar.update(share);
    return !interrupted();
  };
  const Result<QuantizeReport> report = quantize_file(flags.in, flags.out, options);
  bar.clear();
  if (!report.ok()) return fail(report.status());
  for (const std::string& note : report->notes) complain("note: " + note);
  Output out;
  out.write(summary(*report));
  return out.exit_code(kExitDone);
}

}  // namespace cria::cli
