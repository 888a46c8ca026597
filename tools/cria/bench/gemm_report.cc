#include "bench/gemm_report.h"

#include <nlohmann/json.hpp>

#include "bench/text.h"

namespace cria::cli {
namespace {

double peak_share(const GemmResult& r) { return r.gops / peak_of(r.limits, r.which.type); }
double bandwidth_share(const GemmResult& r) { return r.gbs / r.limits.read_gbs; }

}  // namespace

std::string table_head() {
  return "| type | m | n | k | threads | weights | lib | GOP/s | ± | GB/s | % peak | % bandwidth | "
         "cria / lib |\n"
         "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
}

std::string table_row(const GemmResult& r) {
  const GemmCase& c = r.which;
  return format(
      "| %s | %lld | %lld | %lld | %d | %s | %s | %.1f | %.0f%% | %.1f | %.0f | %.0f | %.2f%s |\n",
      element_type_name(c.type), static_cast<long long>(c.m), static_cast<long long>(c.n),
      static_cast<long long>(c.k), c.n_threads, r.cold ? "cold" : "warm", r.library.c_str(), r.gops,
      100 * r.spread, r.gbs, 100 * peak_share(r), 100 * bandwidth_share(r), r.ratio,
      r.checked ? "" : " WRONG RESULT");
}

std::string csv_head() {
  return "type,m,n,k,threads,weights,lib,gops,spread,gbs,peak_gops,bandwidth_gbs,ratio,checked\n";
}

std::string csv_row(const GemmResult& r) {
  const GemmCase& c = r.which;
  return format("%s,%lld,%lld,%lld,%d,%s,%s,%.3f,%.4f,%.3f,%.3f,%.3f,%.4f,%s\n",
                element_type_name(c.type), static_cast<long long>(c.m), static_cast<long long>(c.n),
                static_cast<long long>(c.k), c.n_threads, r.cold ? "cold" : "warm",
                r.library.c_str(), r.gops, r.spread, r.gbs, peak_of(r.limits, c.type),
                r.limits.read_gbs, r.ratio, r.checked ? "true" : "false");
}

std::string json_of(const std::vector<GemmResult>& results) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const GemmResult& r : results) {
    list.push_back({{"type", element_type_name(r.which.type)},
                    {"m", r.which.m},
                    {"n", r.which.n},
                    {"k", r.which.k},
                    {"threads", r.which.n_threads},
                    {"weights", r.cold ? "cold" : "warm"},
                    {"lib", r.library},
                    {"gops", r.gops},
                    {"spread", r.spread},
                    {"gbs", r.gbs},
                    {"peak_gops", peak_of(r.limits, r.which.type)},
                    {"bandwidth_gbs", r.limits.read_gbs},
                    {"ratio", r.ratio},
                    {"checked", r.checked}});
  }
  return list.dump(1) + "\n";
}

}  // namespace cria::cli
