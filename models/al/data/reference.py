"""How a person names a device, and which devices such a naming fits.

One definition of "fits" serves all of the data: the answer to an ambiguous or a missing device
follows from it, so that Al is never taught two answers to the same question.
"""

import re

# Words that stand for any device of a kind; the first is the plainest.
KIND_WORDS = {
    "light": ["light", "lamp"],
    "switch": ["switch", "plug", "outlet", "socket"],
    "fan": ["fan", "ventilator"],
    "climate": ["thermostat", "heating", "heater", "ac", "air conditioner", "air conditioning"],
    "cover": ["blinds", "blind", "curtain", "curtains", "shutter", "shutters", "shades"],
    "lock": ["lock", "door"],
    "media_player": ["media player", "player", "speaker", "music", "tv", "television", "telly", "radio", "stereo"],
    "timer": ["timer"],
    "vacuum": ["vacuum", "robot", "vacuum cleaner", "hoover"],
    "sensor": ["sensor"],
    "binary_sensor": ["sensor"],
}
# All of a kind where they stand alone: "the lights" are every light of the house.
PLURALS = {
    "light": ["lights", "lamps"], "fan": ["fans"], "cover": ["blinds", "curtains", "shutters", "shades"],
    "lock": ["locks", "doors"], "switch": ["switches", "plugs"], "media_player": ["speakers", "players", "media players"],
}
# What may stand for what: words of one set are the same thing to a person who looks for one device.
SAME = [{"light", "lamp", "lights", "lamps"}, {"tv", "television", "telly"},
        {"blinds", "blind", "shades", "shade"}, {"curtain", "curtains", "drapes"},
        {"shutter", "shutters"}, {"hoover", "vacuum", "robot"}, {"ac", "air conditioner"},
        {"plug", "outlet", "socket"}, {"fan", "ventilator"}, {"speaker", "speakers"}]


def words_of(text):
    """Lower-case words without apostrophes."""
    return re.findall(r"[a-z0-9]+", text.lower().replace("'", ""))


def same_word(a, b):
    return a == b or any(a in s and b in s for s in SAME)


def fits(devices, reference):
    """The devices that a reference (without article) may mean, best kind of match only: the whole name;
    else all its words in the name; else all its words, where words for the same thing count."""
    said = words_of(reference)
    exact = [d for d in devices if words_of(d.name) == said]
    if exact:
        return exact
    inside = [d for d in devices if all(w in words_of(d.name) for w in said)]
    if inside:
        return inside
    return [d for d in devices
            if all(any(same_word(w, n) for n in words_of(d.name)) or (i == len(said) - 1 and stands_for(w, d))
                   for i, w in enumerate(said))]


def stands_for(word, device):
    """Whether a plain word for a kind may mean the device: a garage door is no blind."""
    if device.kind == "cover" and {"door", "gate", "window", "hatch", "skylight", "awning"} & set(words_of(device.name)):
        return False
    return word in KIND_WORDS[device.kind][:2]


PLURAL_NOUNS = {"lights", "lamps", "candles", "spots", "blinds", "curtains", "shutters", "shades", "drapes", "speakers"}


def is_plural(naming):
    return naming.lower().split()[-1] in PLURAL_NOUNS


# "it" as an object: "close it", not "it's", "it is", "is it", "as it goes".
FREE_IT = re.compile(r"(?<!\bis )(?<!\bdoes )\bit\b(?!['’]| (?:is|has|was|does|goes|gets|can|will)\b)")


def put(text, said):
    """The phrase with a naming in place of {d}, its verbs in the plural where the naming is."""
    if is_plural(said):
        for one, many in (("is", "are"), ("isn't", "aren't"), ("has", "have"), ("hasn't", "haven't"), ("does", "do"),
                          ("doesn't", "don't"), ("was", "were"), ("needs", "need")):
            text = re.sub(rf"\b{one} \{{d\}}", f"{many} {{d}}", text)
            text = re.sub(rf"\{{d\}} {one}\b", f"{{d}} {many}", text)
        text = FREE_IT.sub("them", text) if "{d}" in text.split(" it ")[0] else text
    return text.replace("{d}", said)


def short_forms(rng, device):
    """Other ways to name the device than its whole name, longest first; not all are unambiguous."""
    said = device.name.lower().split()
    forms = []
    kind_word = rng.choice(KIND_WORDS[device.kind][:2])
    if len(said) > 2:
        forms.append(" ".join(said[:1] + said[-1:]))
        forms.append(" ".join(said[1:]))
    if len(said) > 1:
        rest = " ".join(said[:-1])
        if rest != device.room:  # a room alone means no device
            forms.append(rest)
        forms.append(rest + " " + kind_word)
        for group in SAME:
            if said[-1] in group:
                forms.append(rest + " " + rng.choice(sorted(group)))
        forms.append(said[-1])
    forms.append(kind_word)
    return [f for f in dict.fromkeys(forms) if f != device.name.lower()]


def unique_reference(rng, devices, device, short=0.3):
    """A naming that means this device among `devices`; mostly the whole name."""
    if rng.random() < short:
        forms = short_forms(rng, device)
        rng.shuffle(forms)
        for form in forms:
            if fits(devices, form) == [device] and not bare_kind_word(devices, form):
                return form
    name = device.name
    if len(fits(devices, name)) != 1 or (bare_plural(name) and bare_kind_word(devices, name)):
        return None
    return name if rng.random() < 0.35 else name.lower()


def bare_kind_word(devices, form):
    """Whether the form is only a word for a kind of which there are several: "the light" where two are
    called lamp and one light leaves a person in doubt."""
    form = form.lower()
    kinds = [k for k, w in KIND_WORDS.items() if form in w or form in PLURALS.get(k, ())]
    return any(sum(d.kind == k for d in devices) > 1 for k in kinds)


def bare_plural(form):
    """Whether the form is only a word for all devices of a kind."""
    return any(form.lower() in w for w in PLURALS.values())


def with_article(rng, reference, device=None):
    """"the kitchen light", "my kitchen light", "kitchen light"."""
    first = reference.split()[0].lower()
    bare = 0.2
    if first.endswith("'s") or (device and len(device.name.split()) == 1 and reference.lower() == device.name.lower()):
        bare = 0.75
    if rng.random() < bare:
        return reference
    that = "those " if is_plural(reference) else "that "
    return rng.choices(["the ", "my ", "our ", that], [84, 9, 4, 3])[0] + reference
