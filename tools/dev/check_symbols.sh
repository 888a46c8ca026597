#!/usr/bin/env bash
# Fails where libcria.a could end its host program or write to its terminal: it must need none of
# the functions below. For a release build by g++ (asserts and other compilers add their own).
#   tools/dev/check_symbols.sh LIBRARY.a
set -euo pipefail
forbidden='abort|exit|_exit|_Exit|quick_exit|(__)?v?f?printf(_chk)?|f?puts|f?putc|putchar|perror'
forbidden+='|__assert_fail|std::terminate\(\)|std::(cout|cerr|clog)'

if [ ! -s "$1" ]; then
  echo "$1: no such library" >&2
  exit 1
fi
# Member names and undefined symbols, one a line: "cpu.cc.o:" and "     U getenv".
if nm -u -C "$1" | awk -v bad="^ *U ($forbidden)(@.*)?$" '
    /:$/ { member = $0 }
    $0 ~ bad { print member, $2; found = 1 }
    END { exit !found }' >&2; then
  echo "$1: must not need these functions" >&2
  exit 1
fi
echo "$1: needs no function that ends the program or prints"
