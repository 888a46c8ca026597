"""The phrase files: what people say for each intent, and which lines are held out for testing.

A section head is `[intent FLAGS]`. `a`, `small`, `big` (an amount in words) and `by`, `n`, `deg` (a number)
tell the slot of a relative wish; `nodevice` that no device is named; a sort (`blind`, `tv` ...: see SORTS)
that the lines are right for such devices only; `~` that they are no imperatives; `!` that their wording is
held out ("new verbs"). Every other line belongs to train, valid or test by its spelling, so that a test
line is never learnt.
"""

import collections
import dataclasses
import pathlib
import re
import zlib


# sort -> words of which a device's name must hold one
SORTS = {
    "blind": ["blind", "blinds", "shade", "shades", "shutter", "shutters", "roller"],
    "curtain": ["curtain", "curtains", "drapes"],
    "door": ["door", "gate", "window", "hatch", "skylight"],
    "fan": ["fan", "ventilator", "blower", "extractor"],
    "tv": ["tv", "television", "projector"],
    "player": [""],
    "heating": ["heating", "heater", "radiator", "pump"],
    "ac": ["ac", "conditioner"],
    "entry": ["door", "gate"],
}
AMOUNTS = {"a": "a", "small": "a", "big": "a", "by": "by", "n": "by", "deg": "by"}


@dataclasses.dataclass(frozen=True)
class Phrase:
    """One line. `split` is train, valid, test, or verbs (held-out wording)."""
    text: str
    imperative: bool
    split: str
    sort: str = ""


def is_of_sort(name, sort):
    """Whether a phrase for this sort of device may be used of a device with this name."""
    return not sort or SORTS[sort] == [""] or any(w in SORTS[sort] for w in name.lower().split())


def form_of(line):
    """What is left of a line, or of its user's side, without case, punctuation and slots."""
    text = re.sub(r"\{\w+\}", " ", line.split(" => ")[0].lower()).replace("'", "")
    return " ".join(re.findall(r"[a-z0-9]+", text))


def split_of_line(line):
    share = zlib.crc32(("line/" + line).encode()) % 100
    return "train" if share < 84 else "valid" if share < 88 else "test"


class Phrases:
    """All phrase files of a folder, by (intent, amount, nodevice)."""

    def __init__(self, folder=pathlib.Path(__file__).parent / "phrases"):
        self.lines = collections.defaultdict(list)
        for path in sorted(folder.glob("*.txt")):
            self._read(path)
        self._join_forms()

    def _join_forms(self):
        """Lines of one form fall into one split: training's where one of them does. Not so frames: of
        "{x} please" and "please, {x}" too little is left to tell them apart."""
        sections = [lines for key, lines in self.lines.items() if not key[0].startswith("frame")]
        splits = collections.defaultdict(set)
        for section in sections:
            for phrase in section:
                splits[form_of(phrase.text)].add(phrase.split)
        order = ["train", "valid", "test", "verbs"]
        for section in sections:
            for i, phrase in enumerate(section):
                joint = min(splits[form_of(phrase.text)], key=order.index)
                section[i] = dataclasses.replace(phrase, split=joint)

    def _read(self, path):
        key, flags, sort = None, [], ""
        for number, line in enumerate(path.read_text().splitlines(), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("["):
                intent, *flags = line.strip("[]").split()
                unknown = set(flags) - {"nodevice", "~", "!", *SORTS, *AMOUNTS}
                if unknown:
                    raise ValueError(f"{path}:{number}: unknown flags {unknown}")
                amount = next((AMOUNTS[f] for f in flags if f in AMOUNTS), "")
                sort = next((f for f in flags if f in SORTS), "")
                key = (intent, amount, "nodevice" in flags)
                continue
            if key is None:
                raise ValueError(f"{path}:{number}: a section head was expected, not {line!r}")
            split = "verbs" if "!" in flags else split_of_line(line)
            self.lines[key].append(Phrase(line, "~" not in flags, split, sort))

    def pick(self, rng, intent, split, amount="", nodevice=False, imperative=None):
        """A line, or None where the split has none."""
        fit = [p for p in self.lines.get((intent, amount, nodevice), ())
               if p.split == split and (imperative is None or p.imperative == imperative)]
        return rng.choice(fit) if fit else None

    def texts(self, intent, split=None):
        """The lines of a section, of one split or all."""
        found = self.lines.get((intent, "", False))
        if not found:
            raise KeyError(f"no phrases for [{intent}]")
        return [p.text for p in found if split is None or p.split == split]

    def pair(self, rng, intent, split):
        """(what the user says, what Al answers) of a section of `user => answer` lines."""
        fit = self.texts(intent, split)
        if not fit:
            return None
        user, answer = rng.choice(fit).split(" => ")
        return user.strip(), answer.strip()
