"""How people write numbers, amounts, times and sentences: every value in many wordings."""

ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen").split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()

SMALL_AMOUNTS = ["a bit", "a little", "slightly", "a touch", "a tad", "a little bit", "just a bit"]
BIG_AMOUNTS = ["a lot", "much", "way", "far"]


def in_words(number):
    """0..100 in English words."""
    if number == 100:
        return "a hundred"
    if number < 20:
        return ONES[number]
    tens, ones = divmod(number, 10)
    return TENS[tens] + (" " + ONES[ones] if ones else "")


def percent(rng, number):
    """A percentage as somebody may write it."""
    return rng.choices(
        [f"{number}%", f"{number} percent", f"{number} %", f"{in_words(number)} percent",
         f"{number} per cent", str(number)],
        [40, 30, 5, 12, 3, 10])[0]


def degrees(rng, value, unit):
    """A temperature; the unit is the house's own, said or not."""
    number = f"{value:g}"
    forms = [number, f"{number} degrees", f"{number}{unit}", f"{number} {unit}",
             f"{number} degrees {'celsius' if unit == 'C' else 'fahrenheit'}", f"{number}°"]
    weights = [35, 40, 8, 3, 5, 3]
    if value == int(value):
        forms += [in_words(int(value)), in_words(int(value)) + " degrees"]
        weights += [4, 6]
    else:
        forms.append(f"{in_words(int(value))} and a half degrees")
        weights.append(4)
    return rng.choices(forms, weights)[0]


def number_of_steps(rng, number, kind):
    """"15 percent" or "3 degrees": by how much a value is to change."""
    if kind == "climate":
        return f"{rng.choice([str(number), in_words(number)])} degree{'' if number == 1 else 's'}"
    said = percent(rng, number)
    return said + "%" if said == str(number) and kind != "media_player" else said


def duration(rng):
    """(seconds, wording)."""
    def count(n, unit):
        number = rng.choices([str(n), in_words(n)], [70, 30])[0] if n < 100 else str(n)
        return f"{number} {unit}{'' if n == 1 else 's'}"

    shape = rng.random()
    if shape < 0.50:
        n = rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 20, 22, 24, 25, 27, 30,
                        33, 35, 40, 45, 48, 50, 55])
        minutes = rng.choices(["minute", "min"], [85, 15])[0]
        return n * 60, f"{n} min" if minutes == "min" else count(n, "minute")
    if shape < 0.62:
        n = rng.choice([5, 10, 15, 20, 25, 30, 40, 45, 50])
        return n, count(n, "second")
    if shape < 0.72:
        n = rng.randint(1, 8)
        return n * 3600, "an hour" if n == 1 else count(n, "hour")
    if shape < 0.80:
        return rng.choice([(1800, "half an hour"), (5400, "an hour and a half"),
                           (900, "a quarter of an hour"), (2700, "three quarters of an hour"),
                           (30, "half a minute"), (90, "a minute and a half"), (60, "a minute"),
                           (5400, "one and a half hours"), (150, "two and a half minutes")])
    if shape < 0.92:
        h, m = rng.randint(1, 4), rng.choice([5, 10, 15, 20, 25, 30, 40, 45])
        joint = rng.choice([" ", " and "])
        return h * 3600 + m * 60, count(h, "hour") + joint + count(m, "minute")
    m, s = rng.randint(1, 20), rng.choice([10, 15, 20, 30, 40, 45])
    return m * 60 + s, count(m, "minute") + rng.choice([" ", " and "]) + count(s, "second")


def clock(seconds):
    """HH:MM:SS"""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def spoken_clock(seconds):
    """"1 hour 20 minutes 5 seconds", without what is zero."""
    parts = [(seconds // 3600, "hour"), (seconds // 60 % 60, "minute"), (seconds % 60, "second")]
    said = [f"{n} {unit}{'' if n == 1 else 's'}" for n, unit in parts if n]
    return " ".join(said) or "0 seconds"


def amount_for(rng, line, big):
    """A word for a small or a big step that fits the place of {a} in the line."""
    if not big:
        return rng.choices(SMALL_AMOUNTS, [30, 25, 12, 8, 8, 12, 5])[0]
    after = line.split("{a}", 1)[1].split()
    before_comparative = bool(after) and (after[0].rstrip(",.?!").endswith("er")
                                          or after[0] in ("more", "less", "too", "further"))
    return rng.choice(BIG_AMOUNTS) if before_comparative else "a lot"


def joined(words):
    """"a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]


def with_typo(rng, text):
    """One slip of the finger in one longer word."""
    words = text.split(" ")
    places = [i for i, w in enumerate(words) if len(w) >= 5 and w.isalpha()]
    if not places:
        return text
    i = rng.choice(places)
    word, at = words[i], rng.randrange(1, len(words[i]) - 1)
    slip = rng.randrange(4)
    if slip == 0:
        word = word[:at] + word[at + 1:]
    elif slip == 1:
        word = word[:at] + word[at] + word[at:]
    elif slip == 2:
        word = word[:at] + word[at + 1] + word[at] + word[at + 2:]
    else:
        row = next((r for r in ("qwertyuiop", "asdfghjkl", "zxcvbnm") if word[at] in r), None)
        if row:
            near = row.index(word[at]) + rng.choice([-1, 1])
            word = word[:at] + row[near % len(row)] + word[at + 1:]
    words[i] = word
    return " ".join(words)


def as_typed(rng, text, question=False):
    """A sentence as one person types it: capitals, final stop, slips."""
    if rng.random() < 0.07:
        text = with_typo(rng, text)
    style = rng.random()
    if style < 0.45:
        text = text[0].upper() + text[1:]
    elif style < 0.70:
        text = text.lower()
    elif style > 0.99:
        text = text.upper()
    if question:
        if not text.endswith("?") and rng.random() < 0.7:
            text += "?"
        if text.endswith("?") and rng.random() < 0.25:
            text = text[:-1]
    elif text[-1].isalnum() and rng.random() < 0.30:
        text += rng.choices([".", "!"], [85, 15])[0]
    return text
