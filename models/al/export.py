#!/usr/bin/python3
"""Writes a training checkpoint and its vocabulary as a GGUF file, version 3, arch llama."""
import argparse
import pathlib
import struct

import numpy
import torch

import model
import tokenizer

F32, F16, Q8_0 = 0, 1, 8  # GGUF's tensor types
FILE_TYPES = {"f32": (F32, 0), "f16": (F16, 1), "q8_0": (Q8_0, 7)}  # general.file_type
ALIGNMENT = 32
DESCRIPTION = ("A home assistant that answers and acts on the devices that its system message "
               "lists. Trained from random weights on made-up houses and conversations only, which "
               "a program wrote from word and phrase lists that ship with it.")
CHAT_TEMPLATE = ("{% for message in messages %}{{ '<|' + message['role'] + '|>' + "
                 "message['content'] + '<|end|>' }}{% endfor %}"
                 "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}")


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


class Metadata:
    """Key-value pairs as GGUF encodes them."""

    def __init__(self):
        self.n, self.data = 0, b""

    def add(self, key, kind, data):
        self.n += 1
        self.data += text(key) + struct.pack("<I", kind) + data

    def u32(self, key, value):
        self.add(key, 4, struct.pack("<I", value))

    def f32(self, key, value):
        self.add(key, 6, struct.pack("<f", value))

    def boolean(self, key, value):
        self.add(key, 7, bytes([value]))

    def string(self, key, value):
        self.add(key, 8, text(value))

    def array(self, key, kind, items):
        self.add(key, 9, struct.pack("<IQ", kind, len(items)) + b"".join(items))


def metadata(config, processor, file_type):
    meta = Metadata()
    meta.string("general.architecture", "llama")
    meta.string("general.name", "Al")
    meta.string("general.author", "The Cria authors")
    meta.string("general.license", "CC0-1.0")
    meta.string("general.description", DESCRIPTION)
    meta.u32("general.file_type", file_type)
    meta.u32("general.quantization_version", 2)
    for key, value in (("block_count", config.n_layers), ("context_length", config.n_ctx),
                       ("embedding_length", config.d_model), ("feed_forward_length", config.d_ff),
                       ("attention.head_count", config.n_heads),
                       ("attention.head_count_kv", config.n_kv_heads),
                       ("attention.key_length", config.head_dim),
                       ("attention.value_length", config.head_dim),
                       ("rope.dimension_count", config.head_dim), ("vocab_size", config.n_vocab)):
        meta.u32(f"llama.{key}", value)
    meta.f32("llama.attention.layer_norm_rms_epsilon", config.rms_eps)
    meta.f32("llama.rope.freq_base", config.rope_base)
    add_vocabulary(meta, processor)
    meta.string("tokenizer.chat_template", CHAT_TEMPLATE)
    return meta


def add_vocabulary(meta, processor):
    n = range(processor.get_piece_size())
    known = {**dict.fromkeys(tokenizer.CONTROLS, tokenizer.CONTROL),
             **{symbol.replace(" ", tokenizer.SPACE): tokenizer.USER_DEFINED
                for symbol, _, _ in tokenizer.symbols()}}

    def kind(i):
        if processor.is_unknown(i):
            return tokenizer.UNKNOWN
        if processor.is_byte(i):
            return tokenizer.BYTE
        return known.get(processor.id_to_piece(i), tokenizer.NORMAL)

    end = processor.piece_to_id("<|end|>")
    meta.string("tokenizer.ggml.model", "llama")
    meta.string("tokenizer.ggml.pre", "default")
    meta.array("tokenizer.ggml.tokens", 8, [text(processor.id_to_piece(i)) for i in n])
    meta.array("tokenizer.ggml.scores", 6,
               [struct.pack("<f", processor.get_score(i)) for i in n])
    meta.array("tokenizer.ggml.token_type", 5, [struct.pack("<i", kind(i)) for i in n])
    meta.u32("tokenizer.ggml.eos_token_id", end)
    meta.u32("tokenizer.ggml.unknown_token_id", 0)
    meta.u32("tokenizer.ggml.padding_token_id", end)
    meta.boolean("tokenizer.ggml.add_bos_token", False)
    meta.boolean("tokenizer.ggml.add_eos_token", False)
    meta.boolean("tokenizer.ggml.add_space_prefix", False)


def tensors(al):
    """[(name, array)] in GGUF's names, layouts and order of heads."""
    config, order = al.config, al.config.head_order()
    yield "token_embd.weight", al.embedding()
    for i, layer in enumerate(al.layers):
        q, k, v = layer.qkv.split([config.d_q, config.d_kv, config.d_kv])
        gate, up = layer.gate_up.chunk(2)
        for name, tensor in (
                ("attn_norm", layer.attention_norm),
                ("attn_q", q.unflatten(0, (config.n_heads, -1))[order].flatten(0, 1)),
                ("attn_k", k), ("attn_v", v),
                ("attn_output", layer.out.unflatten(1, (config.n_heads, -1))[:, order].flatten(1)),
                ("ffn_norm", layer.ffn_norm), ("ffn_gate", gate), ("ffn_up", up),
                ("ffn_down", layer.down)):
            yield f"blk.{i}.{name}.weight", tensor
    yield "output_norm.weight", al.norm


def encode(array, kind):
    """The bytes of a tensor. Source of Q8_0: GGUF; a scale of amax / 127, halves away from 0."""
    if kind == F32:
        return array.astype("<f4").tobytes()
    if kind == F16:
        return array.astype("<f2").tobytes()
    blocks = array.astype(numpy.float32).reshape(-1, 32)
    scale = numpy.abs(blocks).max(1, keepdims=True) / numpy.float32(127)
    inverse = numpy.divide(numpy.float32(1), scale, out=numpy.zeros_like(scale), where=scale != 0)
    scaled = blocks * inverse
    rounded = numpy.trunc(scaled + numpy.copysign(numpy.float32(0.5), scaled))
    out = numpy.empty(len(blocks), [("scale", "<f2"), ("values", "i1", 32)])
    out["scale"], out["values"] = scale[:, 0], rounded
    return out.tobytes()


def pad(data):
    return data + bytes(-len(data) % ALIGNMENT)


def write(path, al, processor, type_name):
    kind, file_type = FILE_TYPES[type_name]
    meta = metadata(al.config, processor, file_type)
    infos, bodies, offset = [], [], 0
    for name, tensor in tensors(al):
        array = tensor.detach().float().cpu().numpy()
        own = kind if array.ndim == 2 else F32
        dims = array.shape[::-1]
        infos.append(text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, own, offset))
        bodies.append(pad(encode(array, own)))
        offset += len(bodies[-1])
    head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), meta.n) + meta.data + b"".join(infos)
    part = path.with_name(path.name + ".part")
    part.write_bytes(pad(head) + b"".join(bodies))
    part.replace(path)
    return len(head) + offset


def load_checkpoint(work, average=False):
    """(the network, its vocabulary) of a training run's folder."""
    saved = torch.load(work / "checkpoint.pt", map_location="cpu")
    processor = tokenizer.load(work / "al.model")
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    al = model.Al(model.Config(**saved["config"]), pieces)
    al.load_state_dict(saved["weights"])
    if average:
        if not saved["average"]:
            raise SystemExit(f"{work}: was trained without --ema; it has no averaged weights")
        with torch.no_grad():
            for p, kept in zip(al.parameters(), saved["average"]):
                p.copy_(kept)
    return al, processor


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=pathlib.Path, required=True,
                        help="the folder of train.py, with checkpoint.pt and al.model")
    parser.add_argument("--type", choices=FILE_TYPES, default="f16",
                        help="of the matrices (%(default)s)")
    parser.add_argument("--ema", action="store_true", help="the averaged weights of train.py --ema")
    parser.add_argument("out", type=pathlib.Path, metavar="OUT.gguf")
    args = parser.parse_args()
    al, processor = load_checkpoint(args.work, args.ema)
    n_bytes = write(args.out, al, processor, args.type)
    print(f"{args.out}: {n_bytes} bytes, {al.n_shipped()} parameters")


if __name__ == "__main__":
    main()
