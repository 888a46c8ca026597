"""Device names and ids. A name is made of the words of one split only; an id tells the name or not."""

import re

import words

# Patterns of a name; "noun" is a word of the kind.
PATTERNS = [("room noun", 30), ("room adj noun", 10), ("adj noun", 18), ("person noun", 9), ("made noun", 16),
            ("made made noun", 4), ("room made noun", 4), ("room noun number", 4), ("made", 3),
            ("noun", 2), ("adj adj noun", 4), ("room room noun", 2), ("made number", 1)]


class Namer:
    """Makes names and ids from the words of one split ("train", "valid" or "test")."""

    def __init__(self, rng, split):
        self.rng = rng
        self.split = split
        self.rooms = words.words_of(words.ROOMS, split)
        self.adjectives = words.words_of(words.ADJECTIVES, split)
        self.people = words.words_of(words.PEOPLE, split)
        self.brands = words.words_of(words.BRANDS, split)
        self.made_from = words.words_of(words.SYLLABLE_SOURCE, split)

    def made_word(self):
        """An invented word: parts of two real ones, or letters in a speakable order."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.25:
            return rng.choice(self.made_from)
        if kind < 0.60:
            a, b = rng.choice(self.made_from), rng.choice(self.made_from)
            return (a[:rng.randint(2, 4)] + b[-rng.randint(2, 4):])[:9]
        if kind < 0.70:  # else the end of "string" would only be known from "turning"
            return rng.choice(self.made_from)[:rng.randint(2, 4)] + rng.choice(words.parse(words.ENDINGS))
        if kind < 0.93:
            return "".join(rng.choice("bcdfghjklmnprstvwxz") + rng.choice("aeiou") + rng.choice("  nrlsmtk")
                           for _ in range(rng.randint(1, 3))).replace(" ", "")
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 6)))

    def name(self, kind):
        """(the name in lower case, the room in it or "")."""
        rng = self.rng
        pattern = rng.choices([p for p, _ in PATTERNS], [w for _, w in PATTERNS])[0]
        room, parts = "", []
        for part in pattern.split():
            if part == "room":
                room = rng.choice(self.rooms)
                parts.append(room)
            elif part == "adj":
                parts.append(rng.choice(self.adjectives))
            elif part == "person":
                parts.append(rng.choice(self.people) + rng.choice(["'s", "s", ""]))
            elif part == "made":
                parts.append(self.made_word())
            elif part == "number":
                parts.append(str(rng.randint(1, 9)))
            else:
                nouns = words.nouns_of(kind, self.split)
                parts.append(nouns[0] if rng.random() < 0.35 else rng.choice(nouns))
        return " ".join(dict.fromkeys(parts)), room

    def id_for(self, name, related):
        """The part of an id after the dot."""
        rng = self.rng
        slug = re.sub(r"[^a-z0-9]+", "_", name.replace("'", "")).strip("_")
        if related:
            short = "_".join(slug.split("_")[:-1])
            return short if short and rng.random() < 0.3 else slug
        shape = rng.random()
        if shape < 0.25:
            return f"{rng.choice(self.brands)}_{rng.getrandbits(16):04x}"
        if shape < 0.40:
            return f"{rng.choice(self.brands)}{rng.randint(1, 40)}"
        if shape < 0.55:
            return rng.choice("abcdefghijklmnopqrstuvwxyz") + str(rng.randint(1, 99))
        if shape < 0.65:
            return f"{rng.choice(self.brands)}_{rng.randint(1, 20)}"
        if shape < 0.80:
            return self.made_word()
        if shape < 0.92:  # the words of another place: what misleads a reader of ids
            return rng.choice(self.rooms + self.adjectives).replace(" ", "_") + rng.choice(["", "_2", "_1", "_3"])
        return f"{rng.getrandbits(24):06x}"


def title(name):
    """"ben's tv corner" -> "Ben's TV Corner"."""
    upper = {"tv": "TV", "ac": "AC", "led": "LED", "co2": "CO2"}
    return " ".join(upper.get(w, w[0].upper() + w[1:]) for w in name.split())
