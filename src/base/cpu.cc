#include "base/cpu.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "base/str_cat.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace cria {
namespace {

#if defined(__x86_64__)
uint64_t enabled_register_state() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

CpuFeatures detect() {
  CpuFeatures found;
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return found;
  const bool osxsave = c & (1u << 27);
  const bool fma = c & (1u << 12);
  const bool f16c = c & (1u << 29);
  if (!osxsave) return found;
  const uint64_t state = enabled_register_state();
  const bool ymm = (state & 0x6) == 0x6;
  const bool zmm = (state & 0xe6) == 0xe6;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  found.avx2 = ymm && fma && f16c && (b & (1u << 5));
  constexpr uint32_t kFoundation = (1u << 16) | (1u << 17) | (1u << 30) | (1u << 31);
  found.avx512 = found.avx2 && zmm && (b & kFoundation) == kFoundation;
  found.avx512_vnni = found.avx512 && (c & (1u << 11));
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) {
    found.avx_vnni = found.avx2 && (a & (1u << 4));
    found.avx512_bf16 = found.avx512 && (a & (1u << 5));
  }
  return found;
}

// 48 characters, three registers' fours at a time, padded with zeros or spaces.
std::string brand_string() {
  std::string text;
  for (uint32_t leaf = 0x80000002; leaf <= 0x80000004; ++leaf) {
    uint32_t registers[4];
    if (!__get_cpuid(leaf, &registers[0], &registers[1], &registers[2], &registers[3])) return {};
    text.append(reinterpret_cast<const char*>(registers), sizeof registers);
  }
  text.resize(std::min(text.size(), text.find('\0')));
  const size_t first = text.find_first_not_of(' '), last = text.find_last_not_of(' ');
  return first == std::string::npos ? std::string() : text.substr(first, last - first + 1);
}
#elif defined(__aarch64__)
CpuFeatures detect() {
  CpuFeatures found;
  const unsigned long caps = getauxval(AT_HWCAP);
  const unsigned long caps2 = getauxval(AT_HWCAP2);
  found.neon = caps & HWCAP_ASIMD;
  found.fp16 = caps & HWCAP_ASIMDHP;
  found.dotprod = caps & HWCAP_ASIMDDP;
#if defined(HWCAP2_I8MM)
  found.i8mm = caps2 & HWCAP2_I8MM;
#else
  found.i8mm = caps2 & (1UL << 13);
#endif
  return found;
}
#else
CpuFeatures detect() { return {}; }
#endif

// Where the kernel hides them, none.
#if defined(__aarch64__)
std::vector<uint64_t> read_midrs() {
  std::vector<uint64_t> midrs;
  cpu_set_t mask;
  CPU_ZERO(&mask);
  const bool known = sched_getaffinity(0, sizeof mask, &mask) == 0;
  for (int i = 0; i < CPU_SETSIZE && known; ++i) {
    if (!CPU_ISSET(i, &mask)) continue;
    const auto text = read_small_file(
        str_cat("/sys/devices/system/cpu/cpu", i, "/regs/identification/midr_el1"), 64);
    if (text.ok()) midrs.push_back(std::strtoull(text->c_str(), nullptr, 16));
  }
  if (midrs.empty() && (getauxval(AT_HWCAP) & HWCAP_CPUID)) {
    uint64_t midr;  // of the core that this runs on now
    __asm__("mrs %0, MIDR_EL1" : "=r"(midr));
    midrs.push_back(midr);
  }
  return midrs;
}
#else
std::vector<uint64_t> read_midrs() { return {}; }
#endif

#if !defined(__x86_64__)
std::string brand_string() { return {}; }
#endif

CoreOrder order_of(uint64_t midr) {
  const struct {
    uint32_t implementer, part;
    CoreOrder order;
  } in_order[] = {
      {0x41, 0xd02, CoreOrder::a53},  // Cortex-A34
      {0x41, 0xd03, CoreOrder::a53},  // Cortex-A53
      {0x41, 0xd04, CoreOrder::a53},  // Cortex-A35
      {0x51, 0x801, CoreOrder::a53},  // Kryo 2xx Silver, an A53
      {0x41, 0xd05, CoreOrder::a55},  // Cortex-A55
      {0x41, 0xd46, CoreOrder::a55},  // Cortex-A510
      {0x41, 0xd80, CoreOrder::a55},  // Cortex-A520
      {0x51, 0x803, CoreOrder::a55},  // Kryo 3xx Silver, an A55
      {0x51, 0x805, CoreOrder::a55},  // Kryo 4xx Silver, an A55
  };
  const uint64_t implementer = midr >> 24 & 0xff, part = midr >> 4 & 0xfff;
  for (const auto& core : in_order) {
    if (implementer == core.implementer && part == core.part) return core.order;
  }
  return CoreOrder::free;
}

// Quota in processors from "QUOTA PERIOD" (cgroup v2); infinity where there is none.
double quota_of(const std::string& text) {
  char* end = nullptr;
  const double quota = std::strtod(text.c_str(), &end);
  if (end == text.c_str()) return INFINITY;  // "max"
  const double period = std::strtod(end, nullptr);
  return quota > 0 && period > 0 ? quota / period : INFINITY;
}

std::string read_or_empty(const std::string& path) {
  auto text = read_small_file(path, 4 << 20);  // cpuinfo of many cores
  return text.ok() ? *text : std::string();
}

// The path of this process inside the cgroup hierarchy for a controller; "" names version 2.
std::string cgroup_path(std::string_view controller) {
  const std::string table = read_or_empty("/proc/self/cgroup");
  size_t begin = 0;
  while (begin < table.size()) {
    const size_t end = std::min(table.find('\n', begin), table.size());
    const std::string_view line(table.data() + begin, end - begin);
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second != std::string_view::npos) {
      const std::string_view names = line.substr(first + 1, second - first - 1);
      const bool match =
          controller.empty() ? names.empty() : names.find(controller) != std::string_view::npos;
      if (match) return std::string(line.substr(second + 1));
    }
    begin = end + 1;
  }
  return {};
}

// The strictest quota on the way from this process's group up to the root, since each one binds.
double cgroup_quota() {
  double quota = INFINITY;
  std::string path = cgroup_path("");
  while (true) {
    quota = std::min(quota, quota_of(read_or_empty("/sys/fs/cgroup" + path + "/cpu.max")));
    if (path.empty() || path == "/") break;
    path.resize(path.rfind('/'));
  }
  for (const std::string& group : {cgroup_path("cpu"), std::string()}) {
    const std::string folder = "/sys/fs/cgroup/cpu" + group;
    const std::string text = read_or_empty(folder + "/cpu.cfs_quota_us");
    if (text.empty() || text[0] == '-') continue;
    quota = std::min(quota, quota_of(text + " " + read_or_empty(folder + "/cpu.cfs_period_us")));
  }
  return quota;
}

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect();
  return features;
}

CoreOrder order_for(std::span<const uint64_t> midrs) {
  if (midrs.empty()) return CoreOrder::free;
  CoreOrder order = CoreOrder::a53;
  for (const uint64_t midr : midrs) {
    if (order_of(midr) == CoreOrder::free) return CoreOrder::free;
    if (order_of(midr) == CoreOrder::a55) order = CoreOrder::a55;
  }
  return order;
}

CoreOrder core_order() {
  static const CoreOrder order = order_for(read_midrs());
  return order;
}

std::string describe_cpu_features() {
  const CpuFeatures& f = cpu_features();
#if defined(__x86_64__)
  std::string text = "x86-64:";
#elif defined(__aarch64__)
  std::string text = "aarch64:";
#else
  std::string text = "generic:";
#endif
  const struct {
    bool has;
    const char* name;
  } rows[] = {
      {f.avx2, " avx2"},         {f.avx512, " avx512"},           {f.avx512_vnni, " avx512_vnni"},
      {f.avx_vnni, " avx_vnni"}, {f.avx512_bf16, " avx512_bf16"}, {f.neon, " neon"},
      {f.fp16, " fp16"},         {f.dotprod, " dotprod"},         {f.i8mm, " i8mm"}};
  for (const auto& row : rows) {
    if (row.has) text += row.name;
  }
  return text;
}

// Boards with an ARM have a "Model" among the processors, or a name in their device tree.
std::string cpu_model_name() {
  std::string brand = brand_string();
  if (!brand.empty()) return brand;
  const std::string table = read_or_empty("/proc/cpuinfo");
  for (const std::string_view key : {"Model", "Hardware"}) {
    for (size_t begin = 0; begin < table.size();) {
      const size_t end = std::min(table.find('\n', begin), table.size());
      const std::string_view line(table.data() + begin, end - begin);
      const size_t colon = line.find(": ");
      if (colon != std::string_view::npos && line.starts_with(key) &&
          line.find_first_not_of(" \t", key.size()) == colon) {
        return std::string(line.substr(colon + 2));
      }
      begin = end + 1;
    }
  }
  const std::string board = read_or_empty("/proc/device-tree/model");
  return board.substr(0, board.find('\0'));
}

int n_usable_processors() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  int n = 1;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
    n = std::max(1, CPU_COUNT(&mask));
  } else {  // more processors than the mask has bits
    n = std::max(1, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
  }
  const double quota = cgroup_quota();
  if (quota < n) n = std::max(1, static_cast<int>(std::ceil(quota)));
  return n;
}

}  // namespace cria
