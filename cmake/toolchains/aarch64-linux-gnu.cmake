# Cross-building for 64-bit ARM Linux with Debian's g++-aarch64-linux-gnu; programs run under
# qemu-aarch64. Libraries come from the arm64 packages of a multiarch system, and those that are not
# multiarch from an unpacked tree of them.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

set(CRIA_ARM64_SYSROOT "$ENV{CRIA_ARM64_SYSROOT}" CACHE PATH
    "Tree with unpacked arm64 packages (usr/include, usr/lib/aarch64-linux-gnu), or empty")
set(_cria_qemu_cpu "$ENV{CRIA_QEMU_CPU}")
if(_cria_qemu_cpu STREQUAL "")
  set(_cria_qemu_cpu cortex-a72)
endif()
set(CRIA_QEMU_CPU "${_cria_qemu_cpu}" CACHE STRING
    "CPU that qemu-aarch64 plays: cortex-a53, cortex-a72, cortex-a76, max")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CRIA_ARM64_SYSROOT CRIA_QEMU_CPU)

# No -L: with multiarch libraries the loader finds its own, and qemu's prefix would shadow them.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -cpu "${CRIA_QEMU_CPU}")
if(CRIA_ARM64_SYSROOT)
  list(PREPEND CMAKE_PREFIX_PATH "${CRIA_ARM64_SYSROOT}/usr")
  list(APPEND CMAKE_CROSSCOMPILING_EMULATOR
       -E "LD_LIBRARY_PATH=${CRIA_ARM64_SYSROOT}/usr/lib/aarch64-linux-gnu")
  # A library there may need others that stand beside it.
  string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT
         " -Wl,-rpath-link,${CRIA_ARM64_SYSROOT}/usr/lib/aarch64-linux-gnu")
  string(APPEND CMAKE_SHARED_LINKER_FLAGS_INIT
         " -Wl,-rpath-link,${CRIA_ARM64_SYSROOT}/usr/lib/aarch64-linux-gnu")
endif()

# Programs of the host, such as pkg-config, are no help in finding libraries of the target.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
