#!/usr/bin/python3
"""Builds Al's vocabulary, a SentencePiece BPE model: words split alike in every case and place.

Merges are learnt on lower-case words alone. Each learnt piece that may begin a word then gets four
forms (light, ▁light, Light, ▁Light) whose merges are neighbours in rank, so "kitchen", " kitchen",
"Kitchen" and " Kitchen" split at the same places and a name is easy to find again in any writing.
What is fixed in prompts and replies is one piece for the whole text.
"""
import argparse
import collections
import io
import json
import pathlib
import re
import string
import struct
import sys
import tempfile

try:
    import sentencepiece
except ImportError:
    sys.exit("needs Debian's packages python3-torch, python3-numpy and python3-sentencepiece, and "
             "the python3 that they are for: /usr/bin/python3")

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6  # SentencePiece's types
SPACE = "\u2581"  # what SentencePiece writes for a space
CONTROLS = ["<|system|>", "<|end|>", "<|user|>", "<|assistant|>"]

HEAD = "You are 'Al', a helpful AI assistant that controls the devices in a house.\nServices:"
DEVICES = "\nDevices:"
FENCE = "\n```homeassistant"
SERVICES = {
    "light": ["turn_on(brightness,rgb_color)", "turn_on(brightness)", "turn_on()", "turn_off()",
              "toggle()"],
    "switch": ["turn_on()", "turn_off()", "toggle()"],
    "fan": ["turn_on()", "turn_off()", "set_percentage(percentage)"],
    "climate": ["turn_on()", "turn_off()", "set_temperature(temperature)",
                "set_hvac_mode(hvac_mode)"],
    "cover": ["open()", "close()", "stop()", "set_position(position)"],
    "lock": ["lock()", "unlock()"],
    "media_player": ["turn_on()", "turn_off()", "play()", "pause()", "next_track()",
                     "previous_track()", "volume_set(level)"],
    "timer": ["start(duration)", "cancel()", "pause()"],
    "vacuum": ["start()", "pause()", "return_to_base()"],
    "sensor": [],
    "binary_sensor": [],
}
STATES = ["off", "on", "open", "closed", "locked", "unlocked", "idle", "playing", "paused",
          "docked", "cleaning", "returning", "active", "heat", "cool", "auto", "wet", "dry",
          "motion", "clear"]
STATES_WITH_VALUE = ["on", "open", "playing", "paused", "active", "heat", "cool", "auto"]
NUMBER_KEYS = ["brightness", "percentage", "temperature", "position", "level"]
TEXT_KEYS = ["rgb_color", "hvac_mode", "duration"]
ACRONYMS = ["tv", "ac", "led"]  # names that stand in capitals
SUFFIXES = ["'s", "'t", "'m", "'re", "'ll"]
OTHER_SINGLES = "°’éöäüèç"

# Forms: what an embedding adds to that of the piece's lower-case text. The order is kept in
# checkpoints.
FORMS = ["other", "w", SPACE + "w", "W", SPACE + "W", "WW", SPACE + "WW", "row", "state", "state;",
         "service", ", service", "service named", "call"]


def symbols():
    """[(text, base, form)] of the pieces that stand for whole texts; text with real spaces.

    The base ties a symbol to the piece or symbols that mean the same: "light.turn_on" in the list
    of services, in a reply's words and in a call. A call names the domain twice, so service and
    domain are one piece, and what follows are the id's pieces, the same as in the device's row.
    Each begins with a newline, quote, comma or space before a dotted name, or ends in a way that
    ordinary text does not, so none takes a part of ordinary text.
    """
    found = [(HEAD, HEAD, "other"), (DEVICES, DEVICES, "other"), (" '", "'", SPACE + "w"),
             ("' = ", "' = ", "other"), ("%;", "%;", "other")]
    for domain, services in SERVICES.items():
        found.append((f"\n{domain}.", domain, "row"))
        for service in services:
            name = f"{domain}.{service.split('(')[0]}"
            found += [(f" {domain}.{service}", name, "service"),
                      (f", {domain}.{service}", name, ", service"),
                      (f" {name}", name, "service named"),
                      (f'\n{{"service": "{name}", "target_device": "{domain}.', name, "call")]
    found += [(f"' = {state}", state, "state") for state in STATES]
    found += [(f"' = {state};", state, "state;") for state in STATES_WITH_VALUE]
    for key in NUMBER_KEYS:
        found += [(f'", "{key}": ', key, "other")]
    for key in TEXT_KEYS:
        found += [(f'", "{key}": "', key, "other"), (f', "{key}": "', key, "service named")]
    for text in (FENCE, "\n```", '\n{"service": "', '", "target_device": "', '"}'):
        found.append((text, text, "other"))
    return list({text: (text, base, form) for text, base, form in found}.values())


def base_and_form(pieces):
    """Per piece (base, form): see FORMS. The base is a text that pieces of one meaning share."""
    known = {text.replace(" ", SPACE): (base, form) for text, base, form in symbols()}
    result = []
    for piece in pieces:
        text = piece.removeprefix(SPACE)
        space = SPACE if text != piece else ""
        if piece in known:
            result.append(known[piece])
        elif not re.fullmatch(r"[A-Za-z]+", text):
            result.append((piece, "other"))
        else:
            form = "w" if text.islower() else "WW" if text[1:].isupper() else "W"
            result.append((text.lower(), space + form))
    return result


def count_words(paths, max_lines):
    """How often each lower-case word occurs in names, requests and replies of training files.

    Every file gives the same number of lines: they run from small houses to large.
    """
    counts = collections.Counter()
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for _, line in zip(range(max_lines), file):
                record = json.loads(line)
                texts = re.findall(r"^\S+ '.*'", record["system"], re.M)
                texts += [turn["content"].split("\n")[0]
                          for branch in record["branches"] for turn in branch]
                for text in texts:
                    counts.update(re.findall("[a-z]+", text.lower()))
    return counts


def learn_merges(counts, n_merges):
    """The pieces of two or more letters that BPE learns, in the order in which they merge."""
    model = io.BytesIO()
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as listed:
        listed.writelines(f"{word}\t{count}\n" for word, count in sorted(counts.items()))
        listed.flush()
        sentencepiece.SentencePieceTrainer.train(
            input=listed.name, input_format="tsv", model_writer=model, model_type="bpe",
            vocab_size=n_merges + len(set("".join(counts))) + 3, character_coverage=1.0,
            normalization_rule_name="identity", add_dummy_prefix=False,
            max_sentencepiece_length=16, minloglevel=2)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    pieces = [processor.id_to_piece(i) for i in range(3, processor.get_piece_size())]
    return [piece for piece in pieces if len(piece) > 1]


def first_pieces(counts, merges):
    """How often each piece stands at the start of a word at some step of its merging."""
    rank = {piece: i for i, piece in enumerate(merges)}
    starts = collections.Counter()
    for word, count in counts.items():
        parts = list(word)
        while True:
            ranks = [rank.get(a + b, len(rank)) for a, b in zip(parts, parts[1:])]
            if not ranks or min(ranks) == len(rank):
                break
            i = ranks.index(min(ranks))
            parts[i:i + 2] = [parts[i] + parts[i + 1]]
            if i == 0:
                starts[parts[0]] += count
    return starts


def forms_of(piece, begins_words):
    """A learnt piece in every form that it needs, the rarest last."""
    forms = [piece]
    if begins_words:
        forms += [SPACE + piece, piece.capitalize(), SPACE + piece.capitalize()]
    if any(piece in acronym for acronym in ACRONYMS):
        forms += [piece.upper(), SPACE + piece.upper()]
    return list(dict.fromkeys(forms))


def normal_pieces(counts, n_pieces):
    """The n_pieces (or a few less) ordinary pieces, in the order in which they merge."""
    letters = [SPACE + c for c in string.ascii_letters]
    singles = list(string.printable[:94]) + [SPACE] + list(OTHER_SINGLES)
    n_merges = n_pieces - len(letters) - len(singles) - len(SUFFIXES)
    merges = learn_merges(counts, min(n_merges, 4 * len(counts)))
    while True:
        starts = first_pieces(counts, merges)
        # Less often than this at a word's start, the forms would hardly be trained.
        least = max(2, sum(counts.values()) * 2e-5)
        merged = [form for piece in merges for form in forms_of(piece, starts[piece] >= least)]
        if len(merged) <= n_merges:
            return letters + SUFFIXES + merged + singles
        merges = merges[:-max(1, (len(merged) - n_merges) // 4)]


def message(*fields):
    """A protobuf message of (number, value): int as varint, float as fixed32, else bytes."""
    out = b""
    for number, value in fields:
        if isinstance(value, float):
            out += varint(number << 3 | 5) + struct.pack("<f", value)
        elif isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def serialize(vocabulary):
    """The .model file of [(piece, score, type)]; field numbers of sentencepiece_model.proto."""
    pieces = b"".join(message((1, message((1, text), (2, score), (3, kind))))
                      for text, score, kind in vocabulary)
    trainer = message((3, 2), (35, 1), (41, 0), (42, 2), (47, "<|end|>"))  # BPE, byte fallback
    normalizer = message((1, "identity"), (3, 0), (4, 0), (5, 1))  # only escapes spaces
    return pieces + message((2, trainer), (3, normalizer))


def build(counts, n_vocab):
    """The vocabulary [(piece, score, type)]."""
    vocabulary = [("<unk>", 0.0, UNKNOWN)] + [(text, 0.0, CONTROL) for text in CONTROLS]
    vocabulary += [(f"<0x{byte:02X}>", 0.0, BYTE) for byte in range(256)]
    vocabulary += [(text.replace(" ", SPACE), 0.0, USER_DEFINED) for text, _, _ in symbols()]
    normal = normal_pieces(counts, n_vocab - len(vocabulary))
    return vocabulary + [(text, -float(rank), NORMAL) for rank, text in enumerate(normal)]


def load(path):
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def share_alike(processor, words):
    """The share of words that split alike in the four forms."""
    def split(text):
        return "|".join(processor.encode(text, out_type=str)).replace(SPACE, "").lower()

    def alike(word):
        title = word.capitalize()
        return len({split(form) for form in (word, " " + word, title, " " + title)}) == 1

    return sum(map(alike, words)) / max(1, len(words))


def report(processor, counts, paths):
    """Prints what the vocabulary does: like splits, round trips, tokens of prompts and replies."""
    words = [word for word, _ in counts.most_common(5000)]
    spelt = [len(processor.encode(" " + word)) for word in words]
    print(f"{processor.get_piece_size()} pieces; {share_alike(processor, words):.2%} of "
          f"{len(words)} words split alike in 4 forms; {sum(spelt) / len(spelt):.2f} pieces a word")
    n_texts, n_wrong, rows, n_rows, replies, n_replies = 0, 0, 0, 0, 0, 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for _, line in zip(range(200), file):
                record = json.loads(line)
                texts = [record["system"]]
                texts += [turn["content"] for branch in record["branches"] for turn in branch]
                texts += [f"{texts[-1]}  \t\n Zoë's 日本 {SPACE}".replace(SPACE, "~")]
                for text in texts:
                    n_texts += 1
                    n_wrong += processor.decode(processor.encode(text)) != text
                rows += len(processor.encode(record["system"].split(DEVICES)[1]))
                n_rows += record["system"].count("\n") - 2
                for branch in record["branches"]:
                    replies += len(processor.encode(branch[-1]["content"])) + 1
                    n_replies += 1
    print(f"{n_wrong} of {n_texts} texts change in a round trip; {rows / max(1, n_rows):.1f} "
          f"tokens a device row, {replies / max(1, n_replies):.1f} a reply")


def make(paths, out, n_vocab=1536, n_lines=500, power=0.75):
    """Builds the vocabulary from the training files, writes it and reports on it.

    A word counts as often as it occurs to the given power: 1 gives the shortest texts, less makes
    pieces that serve names never seen better.
    """
    counts = count_words(paths, n_lines)
    # Invented names are one of a kind; what is learnt should be what comes again.
    least = max(2, sum(counts.values()) // 500_000)
    weights = {word: max(1, round(count ** power)) for word, count in counts.items()
               if count >= least and len(word) <= 24}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(serialize(build(weights, n_vocab)))
    report(load(out), counts, paths)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=pathlib.Path, required=True,
                        help="folder of train-*.jsonl, whose words are learnt")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the .model to write")
    parser.add_argument("--vocab", type=int, default=1536, help="pieces at most (%(default)s)")
    parser.add_argument("--lines", type=int, default=500, help="lines read per file (%(default)s)")
    parser.add_argument("--power", type=float, default=0.75,
                        help="words count as often as they occur, to this power (%(default)s)")
    args = parser.parse_args()
    paths = sorted(args.data.glob("train-*.jsonl"))
    if not paths:
        parser.error(f"{args.data}: found no train-*.jsonl")
    make(paths, args.out, args.vocab, args.lines, args.power)


if __name__ == "__main__":
    main()
