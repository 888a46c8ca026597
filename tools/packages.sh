# shellcheck shell=bash
# The Debian and Ubuntu packages that Cria needs, in one place, and how to install them. Sourced by
# quickstart.sh, test.sh and .ci/run; runs nothing by itself.

# shellcheck disable=SC2034  # used by the scripts that source this file
build_packages=(g++ make cmake ninja-build libsentencepiece-dev libpcre2-dev libcli11-dev
  nlohmann-json3-dev)
test_packages=(libgtest-dev libeigen3-dev)

say() { printf '%s\n' "$@" >&2; }

# missing_packages NAME...: prints those that are not installed, one a line.
missing_packages() {
  local name
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q '^install ok installed' ||
      printf '%s\n' "$name"
  done
}

# as_root COMMAND...: runs it as root, through sudo where this is another user.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    say "Neither root nor sudo: as root, run: $*"
    return 1
  fi
}

# apt ARGUMENTS...: apt-get that never asks, waits for another one to end, and gives up on a dead
# network. dpkg wants the sbin folders, which a user's PATH may lack.
apt() {
  as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin" \
    apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -o Acquire::http::Timeout=30 \
    "$@" </dev/null >&2
}

# install_packages NAME...: installs what is missing; asks nothing of the network where nothing is.
# Never fails: what is really missing, CMake or the compiler says better afterwards.
install_packages() {
  local missing
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "Not a Debian-like system: these are needed, under whatever names they have here: $*"
    return 0
  fi
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "Installing ${missing[*]}"
  # The package lists may be absent or old, but may also be all that there is without a network.
  apt -qq update || say "apt-get update failed; going on with the lists that are here."
  apt -qq install -y --no-install-recommends "${missing[@]}" ||
    say "Could not install ${missing[*]}; going on without."
}

# Compilers to run at once: one per CPU, but no more than fit into memory at 1 GB each.
n_jobs() {
  local n_cpus n_fit
  n_cpus=$(nproc)
  n_fit=$(awk '/^MemAvailable:/ { n = int($2 / 1000000) } END { print (n > 0 ? n : 1) }' \
    /proc/meminfo)
  echo $((n_cpus < n_fit ? n_cpus : n_fit))
}

# Where ccache is installed, CMake compiles through it.
use_ccache() {
  if command -v ccache >/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
  fi
}
