#!/usr/bin/env bash
# Installs the packages that are missing, builds the program cria and starts a chat.
#   tools/quickstart.sh [MODEL] [OPTIONS OF cria chat]
#   tools/quickstart.sh path/to/model.gguf --temp 0
# Without MODEL: CRIA_MODEL, or a GGUF file that you put into models/, or Al, who looks after a
# simulated house; where even that file is missing, a tiny model of random weights.
# Where there is no terminal: one demonstration prompt, unless the arguments hold another.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/packages.sh
. "$root/tools/packages.sh"
cria="$root/build/release/tools/cria/cria"

build() {
  say "Building cria (the first time takes a few minutes) ..."
  cd "$root"
  cmake --preset release -DCRIA_BUILD_TOOLS=ON -DCRIA_BUILD_TESTS=OFF
  cmake --build --preset release --target cria -j "$(n_jobs)"
}

# has_option NAMES ARGUMENTS...: is one of them among the arguments? "-m" also as -mVALUE, and
# "--model" as --model=VALUE.
has_option() {
  local name word
  for name in $1; do
    for word in "${@:2}"; do
      case "$word" in
        "$name" | "$name="*) return 0 ;;
        -[!-]*) [ "${word:0:2}" != "$name" ] || return 0 ;;
      esac
    done
  done
  return 1
}

# True where the user names a model: as the first word, with -m, or by the environment.
names_model() {
  case "${1:--}" in
    -*) has_option "-m --model" "$@" || [ -n "${CRIA_MODEL:-}" ] ;;
  esac
}

# Prints the first model in models/ that is not Al's.
own_model() {
  local found
  for found in "$root"/models/*.gguf; do
    if [ -f "$found" ] && [[ ${found##*/} != al-* ]]; then
      printf '%s\n' "$found"
      return
    fi
  done
}

# Prints the path of a tiny model that is made here.
random_model() {
  local made="$root/build/release/tiny-random.gguf"
  say "" "No model yet: this one is tiny and has RANDOM weights, so it talks gibberish." \
    "For a real one, put a GGUF file of the LLaMA or Qwen2 family into $root/models," \
    "or name it: tools/quickstart.sh path/to/model.gguf" ""
  [ -f "$made" ] || "$cria" synth --shape tiny --type q8_0 "$made" >&2
  printf '%s\n' "$made"
}

# What is said on the way goes to stderr, so that stdout holds the model's text and nothing else.
install_packages "${build_packages[@]}"
use_ccache
(build) >&2

demonstration="Tell me a story."
if ! names_model "$@"; then
  model=$(own_model)
  if [ -z "$model" ] && [ -f "$root/models/al-q8_0.gguf" ]; then
    demonstration="Turn on the kitchen light at 40 percent."
  elif [ -z "$model" ]; then
    model=$(random_model)
    # It would go on until the context is full, or say nothing at all.
    has_option "-n --predict" "$@" || set -- "$@" -n 48
    has_option --ignore-eos "$@" || set -- "$@" --ignore-eos
  fi
  # The program finds Al by itself.
  [ -z "$model" ] || set -- "$model" "$@"
fi
if ! [ -t 0 ] || ! [ -t 1 ]; then
  if ! has_option "-p --prompt -f --file" "$@"; then
    say "No terminal: one demonstration prompt: $demonstration"
    set -- "$@" -p "$demonstration"
  fi
fi
exec "$cria" chat "$@"
