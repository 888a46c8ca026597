// Runs a fuzz target over its seeds without libFuzzer, so that every build has it as a test: each
// file of the folders given, and each prefix of it up to a few thousand bytes.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kMaxPrefixBytes = 4096;

std::vector<char> read_whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// From a copy of just this size, so that the address sanitizer sees a read past its end.
void run_prefix(const std::vector<char>& file, size_t n_bytes) {
  const std::vector<uint8_t> exact(file.begin(),
                                   file.begin() + static_cast<std::ptrdiff_t>(n_bytes));
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

}  // namespace

int main(int argc, char** argv) {
  int n_files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      const std::vector<char> file = read_whole(entry.path());
      run_prefix(file, file.size());
      for (size_t n = 0; n < file.size() && n < kMaxPrefixBytes; ++n) run_prefix(file, n);
      ++n_files;
    }
  }
  std::printf("%d files replayed\n", n_files);
  return n_files > 0 ? 0 : 1;
}
