#!/usr/bin/env bash
# The whole recipe in about a minute: data, vocabulary, training, export, on a tiny network that
# learns next to nothing. For those who change the recipe.
#   models/al/smoke.sh [FOLDER]       FOLDER: for all that is made; without it one that is removed
# Needs Debian's python3-torch, python3-numpy, python3-sentencepiece and sentencepiece.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=/usr/bin/python3
if [ $# -gt 0 ]; then
  folder=$1
else
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
"$python" "$here/data/generate.py" --out "$folder/data" --scale 0.01 --tests 10
"$python" "$here/train.py" --smoke --data "$folder/data" --work "$folder/work"
"$python" "$here/plot.py" "$folder/work/log.jsonl" "$folder/loss.svg"
for type in f16 q8_0; do
  "$python" "$here/export.py" --work "$folder/work" --type "$type" "$folder/al-$type.gguf"
done
# Where the program has been built: it must give the tokens and replies that PyTorch gives.
cria="$here/../../build/release/tools/cria/cria"
if [ -x "$cria" ]; then
  "$python" "$here/check_export.py" --work "$folder/work" --cria "$cria" \
    --data "$folder/data/valid.jsonl" "$folder/al-f16.gguf"
fi
