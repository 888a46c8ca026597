"""Which device row every token of a conversation is about.

The network learns slowly that a name in an answer and the id of a call are to be looked up in the
device's row: the loss says which token was wrong, not where to look. Here the place is worked out
from the text, and training tells it to one attention head a layer: see model.TreeAttention.
"""
import dataclasses

import tokenizer

# The device's row; where its name was spoken of before; the row's token that is to be written next.
KINDS = ("row", "mention", "next")
N_STATE = 3  # tokens after a name in an answer that may tell its state: "is", "at", "30"


@dataclasses.dataclass
class Row:
    """Tokens [start, end) of a sequence: `\\nlight.x17 'Ceiling Fan' = off`."""
    start: int
    end: int


@dataclasses.dataclass
class Look:
    """The token at position `at` of a branch is about a row, spoken of in the tokens [mention) up to
    there; None where the name was not spoken in full. After it comes token `next` of the row, where
    one is copied."""
    at: int
    row: int
    mention: tuple
    next: int


class Finder:
    """Finds rows, and what names them, in sequences of one vocabulary. Thread-safe."""

    def __init__(self, processor):
        pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
        forms = tokenizer.base_and_form(pieces)
        index = {base: i for i, base in enumerate(dict.fromkeys(base for base, _ in forms))}
        self.base = [index[base] for base, _ in forms]
        self.domain_of_row = self.bases_of_form(forms, "row")
        # A call's base is "light.turn_on"; its token holds the domain twice.
        self.domain_of_call = {token: index.get(forms[token][0].split(".")[0])
                               for token, (_, form) in enumerate(forms) if form == "call"}
        space = tokenizer.SPACE
        self.before_name = pieces.index(space + "'")
        self.after_name = {i for i, (piece, (_, form)) in enumerate(zip(pieces, forms))
                           if form in ("state", "state;") or piece == f"'{space}={space}"}
        self.after_id = {i for i, piece in enumerate(pieces)
                         if piece == '"}' or piece.startswith(f'",{space}"')}
        self.user = processor.piece_to_id("<|user|>")
        self.assistant = processor.piece_to_id("<|assistant|>")

    def bases_of_form(self, forms, wanted):
        return {i: self.base[i] for i, (_, form) in enumerate(forms) if form == wanted}

    def rows(self, system):
        """Of a system message's tokens: ([(start, end) of a row], {(domain, id): row number},
        {first base: [(bases of a name, row number, where the name starts in its row)]}, the longest
        names first)."""
        starts = [i for i, token in enumerate(system) if token in self.domain_of_row]
        rows, by_id, by_name = [], {}, {}
        for start, end in zip(starts, starts[1:] + [len(system) - 1]):
            own = system[start:end]
            if self.before_name not in own:
                continue
            name = own.index(self.before_name) + 1
            name_end = next((i for i in range(name, len(own)) if own[i] in self.after_name), name)
            by_id[self.domain_of_row[own[0]], tuple(own[1:name - 1])] = len(rows)
            bases = tuple(self.base[token] for token in own[name:name_end])
            if bases:
                by_name.setdefault(bases[0], []).append((bases, len(rows), name))
            rows.append((start, end))
        for names in by_name.values():
            names.sort(key=lambda name: -len(name[0]))
        return rows, by_id, by_name

    def looks(self, tokens, by_id, by_name):
        """[Look] of a branch's tokens: from where a row's id is to be written to its end, the same
        for its name and the state after it, and where the user has spoken a name."""
        bases = tuple(self.base[token] for token in tokens)
        found, mentions, i, speaks = {}, {}, 0, False

        def add(first, last, row, copied=None):
            for at in range(first, min(last, len(tokens))):
                found[at] = Look(at, row, mentions.get(row),
                                 None if copied is None else copied + at - first)

        while i < len(tokens):
            token = tokens[i]
            if token in (self.user, self.assistant):
                speaks = token == self.assistant
            if token in self.domain_of_call:
                end = i + 1
                while end < len(tokens) and tokens[end] not in self.after_id:
                    end += 1
                row = by_id.get((self.domain_of_call[token], tuple(tokens[i + 1:end])))
                if row is not None:
                    add(i, end - 1, row, 1)
                    add(end - 1, end, row)
                i = end
                continue
            n, row, start = next(((len(name), row, start)
                                  for name, row, start in by_name.get(bases[i], ())
                                  if bases[i:i + len(name)] == name), (0, None, None))
            if n == 0:
                i += 1
                continue
            if speaks:
                add(i - 1, i + n - 1, row, start)
            mentions[row] = (i, i + n)
            add(i + n - 1, i + n + (N_STATE if speaks else 0), row)
            i += n
        return found.values()
