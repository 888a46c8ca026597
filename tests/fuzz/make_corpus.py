#!/usr/bin/env python3
"""Writes the seeds of the container fuzz targets into corpus/ beside this file.

The seeds are committed; run this again only to change them. Findings of the fuzzers are added to
the same folders by hand and are not touched here.
"""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"
TYPES = {"u8": (0, "B"), "i8": (1, "b"), "u16": (2, "H"), "i16": (3, "h"), "u32": (4, "I"),
         "i32": (5, "i"), "f32": (6, "f"), "bool": (7, "B"), "u64": (10, "Q"), "i64": (11, "q"),
         "f64": (12, "d")}


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def key(name, kind, value):
    if kind == "string":
        return text(name) + struct.pack("<I", 8) + text(value)
    type_id, code = TYPES[kind]
    return text(name) + struct.pack("<I" + code, type_id, value)


def array(name, kind, values):
    out = text(name) + struct.pack("<I", 9)
    if kind == "string":
        return out + struct.pack("<IQ", 8, len(values)) + b"".join(map(text, values))
    type_id, code = TYPES[kind]
    return out + struct.pack(f"<IQ{len(values)}{code}", type_id, len(values), *values)


def tensor(name, dims, type_id, offset):
    return text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, type_id, offset)


def gguf(keys, tensors, n_data_bytes, version=3, alignment=32):
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys))
    out += b"".join(keys) + b"".join(tensors)
    if n_data_bytes:
        out += bytes(-len(out) % alignment) + bytes(i % 251 for i in range(n_data_bytes))
    return out


def gguf_seeds():
    every_type = [key(name, name, 1) for name in TYPES] + [key("s", "string", "llama")]
    arrays = [array("a." + name, name, [0, 1]) for name in TYPES]
    arrays += [array("a.s", "string", ["<unk>", "", "\u2581the"]), array("none", "u8", [])]
    a, b = tensor("a", [4, 3], 0, 0), tensor("b", [32, 2], 8, 64)
    return {
        "empty": gguf([], [], 0),
        "keys": gguf(every_type, [], 0),
        "arrays": gguf(arrays, [], 0),
        "tensors": gguf([], [a, b], 132),
        "v2": gguf(every_type[:2], [a], 48, version=2),
        "alignment": gguf([key("general.alignment", "u32", 8)], [a, tensor("c", [1], 30, 48)], 50,
                          alignment=8),
        "small_blocks": gguf([], [tensor(f"t{id}", [32], id, i * 64)
                                  for i, id in enumerate((2, 3, 6, 7, 8))], 5 * 64),
        "large_blocks": gguf([], [tensor(f"t{id}", [256], id, i * 320)
                                  for i, id in enumerate((10, 11, 12, 13, 14, 15))], 6 * 320),
        "overlap": gguf([], [a, tensor("b", [4], 0, 32)], 64),
        "twice": gguf([every_type[0], every_type[0]], [], 0),
        "nested": gguf([text("n") + struct.pack("<IIQIQ", 9, 9, 1, 9, 1)], [], 0),
        "huge_counts": b"GGUF" + struct.pack("<IQQ", 3, 2**64 - 1, 2**64 - 1),
        "wrapping_dims": gguf([], [tensor("t", [2**32, 2**32], 0, 0)], 32),
        "big_endian": b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
    }


def llama2c(version, shared, dim=8, hidden=12, layers=2, heads=2, kv_heads=1, vocab=6, seq=3,
            group=4):
    sign = -1 if version == 0 and not shared else 1
    out = struct.pack("<7i", dim, hidden, layers, heads, kv_heads, sign * vocab, seq)
    if version:
        out = struct.pack("<Ii", 0x616B3432, version) + out + bytes([shared])
        if version == 2:
            out += struct.pack("<i", group)
        out = out.ljust(256, b"\0")
    kv = dim // heads * kv_heads
    vectors = dim * (2 * layers + 1) * 4
    elems = [dim * vocab] * (1 if shared else 2)
    elems += [n for n in (dim * dim, dim * kv, dim * kv, dim * dim, *[dim * hidden] * 3)] * layers
    matrices = sum(n + n // group * 4 if version == 2 else n * 4 for n in elems)
    tables = seq * dim // heads * 4 if version == 0 else 0
    return out + bytes(i % 251 for i in range(vectors + matrices + tables))


def llama2c_seeds():
    seeds = {f"v{v}_{'shared' if s else 'own'}": llama2c(v, s) for v in (0, 1, 2)
             for s in (True, False)}
    seeds["v2_group_1"] = llama2c(2, True, group=1)
    seeds["smallest"] = llama2c(0, True, dim=2, hidden=1, layers=1, heads=1, kv_heads=1, vocab=1,
                                seq=1)
    seeds["trailing"] = llama2c(1, True) + b"x"
    seeds["huge_sizes"] = struct.pack("<7i", *[2**31 - 2, 2**31 - 1, 1, 1, 1, 2**31 - 1, 2**31 - 1])
    return seeds


def vocabulary(pieces, longest=12, n_vocab=None):
    out = struct.pack("<HI", len(pieces) if n_vocab is None else n_vocab, longest)
    for i, piece in enumerate(pieces):
        data = piece.encode()
        out += struct.pack("<fi", -i, len(data)) + data
    return out


def vocabulary_seeds():
    special = ["<unk>", "\n<s>\n", "\n</s>\n"]
    whole = special + [f"<0x{i:02X}>" for i in range(256)] + [" the", "a b"]
    return {
        "small": vocabulary(special + [" a", ""]),
        "whole": vocabulary(whole),
        "too_few": vocabulary(special + ["a"], n_vocab=9),
        "too_many": vocabulary(special + ["a", "b"], n_vocab=4),
        "bad_length": vocabulary(special + ["abcdefgh"], longest=7),
        "no_vocabulary": vocabulary([]),
    }


def write_all(folder, seeds):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    for name, data in seeds.items():
        (CORPUS / folder / name).write_bytes(data)


def importance_seeds():
    kind = key("general.type", "string", "imatrix")
    sums, counts = tensor("w.in_sum2", [4], 0, 0), tensor("w.counts", [1], 0, 32)
    good = gguf([kind], [sums, counts], 0)
    floats = struct.pack("<4f16x1f", 1, 2, 0, 4, 8)
    good += bytes(-len(good) % 32) + floats
    return {
        "good": good,
        "never_used": good[:-4] + struct.pack("<f", 0),
        "tiny_count": good[:-4] + struct.pack("<f", 1e-45),
        "negative": good.replace(struct.pack("<f", 2), struct.pack("<f", -2)),
        "no_counts": gguf([kind], [sums], 16),
        "model": gguf([], [sums, counts], 36),
    }


write_all("importance", importance_seeds())
write_all("gguf", gguf_seeds())
write_all("llama2c", llama2c_seeds())
write_all("llama2c_tokenizer", vocabulary_seeds())
