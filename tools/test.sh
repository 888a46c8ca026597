#!/usr/bin/env bash
# Installs the packages that are missing, builds Cria and runs every test.
#   tools/test.sh [ARGUMENTS OF CTEST]     e.g.  tools/test.sh -R text
# Needs Debian 12, Ubuntu 22.04 or Raspberry Pi OS 12, or newer; elsewhere, the same packages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/packages.sh
. tools/packages.sh

install_packages "${build_packages[@]}" "${test_packages[@]}"
use_ccache
jobs=$(n_jobs)

cmake --preset release -DCRIA_BUILD_TOOLS=ON -DCRIA_BUILD_TESTS=ON
cmake --build --preset release -j "$jobs"
ctest --preset release -j "$jobs" "$@"
