// What tells this build of the library from every other.
#pragma once

#include <string>

namespace cria {

// The identifier that the linker made of all code in the program or shared library that holds this
// function, in hexadecimal; "" where it made none. Source: the note NT_GNU_BUILD_ID of ELF.
std::string build_id();

}  // namespace cria
