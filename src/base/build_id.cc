#include "base/build_id.h"

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>

namespace cria {
namespace {

struct Search {
  uintptr_t address;  // in the object that is looked for
  std::string found;
};

bool holds(const dl_phdr_info& object, uintptr_t address) {
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = object.dlpi_phdr[i];
    const uintptr_t begin = object.dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_LOAD && address >= begin && address < begin + part.p_memsz) return true;
  }
  return false;
}

std::string hexadecimal(const unsigned char* bytes, size_t n) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < n; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

// Notes: a header, a name and a description, each padded to four bytes.
std::string id_in(const unsigned char* notes, size_t n) {
  const auto padded = [](size_t size) { return (size + 3) / 4 * 4; };
  while (n >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) head;
    std::memcpy(&head, notes, sizeof head);
    const size_t name_at = sizeof head, text_at = name_at + padded(head.n_namesz);
    const size_t end = text_at + padded(head.n_descsz);
    if (end > n) break;
    const bool is_gnu = head.n_namesz == 4 && std::memcmp(notes + name_at, "GNU", 4) == 0;
    if (is_gnu && head.n_type == NT_GNU_BUILD_ID) {
      return hexadecimal(notes + text_at, head.n_descsz);
    }
    notes += end;
    n -= end;
  }
  return {};
}

int visit(dl_phdr_info* object, size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  if (!holds(*object, search.address)) return 0;
  for (int i = 0; i < object->dlpi_phnum && search.found.empty(); ++i) {
    const ElfW(Phdr)& part = object->dlpi_phdr[i];
    if (part.p_type != PT_NOTE) continue;
    const uintptr_t at = object->dlpi_addr + part.p_vaddr;
    // The loader gives an address as a number. NOLINTNEXTLINE(performance-no-int-to-ptr)
    search.found = id_in(reinterpret_cast<const unsigned char*>(at), part.p_memsz);
  }
  return 1;
}

}  // namespace

std::string build_id() {
  Search search{reinterpret_cast<uintptr_t>(&build_id), {}};
  dl_iterate_phdr(visit, &search);
  return search.found;
}

}  // namespace cria
