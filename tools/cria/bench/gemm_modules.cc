// Peers in modules beside the program.
#include <dlfcn.h>
#include <unistd.h>

#include <climits>

#include "bench/gemm_library.h"

namespace cria::cli {
namespace {

std::string folder_of_program() {
  char path[PATH_MAX];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
  const std::string program(path, static_cast<size_t>(n > 0 ? n : 0));
  return program.substr(0, program.rfind('/') + 1);
}

std::unique_ptr<GemmLibrary> load_peer(const char* file) {
  const std::string path = folder_of_program() + file;
  // Global, because oneDNN's OpenMP is looked up by name.
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (module == nullptr) return nullptr;
  const auto make = reinterpret_cast<MakePeerFn>(dlsym(module, "cria_bench_peer"));
  return std::unique_ptr<GemmLibrary>(make != nullptr ? make() : nullptr);
}

}  // namespace

std::unique_ptr<GemmLibrary> make_eigen() { return load_peer("cria_bench_eigen.so"); }
std::unique_ptr<GemmLibrary> make_onednn() { return load_peer("cria_bench_onednn.so"); }

}  // namespace cria::cli
