"""Requests that ask for something to be done: one device, several, all of a kind, none that fits."""

import dataclasses
import random
import re

import language
import names
import reference
import replies
import wishes
import words
from case import Case, absent_refusal, refusal


@dataclasses.dataclass
class Context:
    """Where a case is made: the source of chance, the house, the phrases, and which of them."""
    rng: random.Random
    house: object
    phrases: object
    split: str            # of the phrases: train, valid, test or verbs
    names_split: str      # of device names that the house does not have
    short: float = 0.3    # how often a device is named by less than its name

    @property
    def frame_split(self):
        """Held-out wordings stand in known frames: one thing is tested at a time."""
        return "train" if self.split == "verbs" else self.split


def spoken(ctx, text, imperative, typed=True):
    """A whole sentence: a frame of politeness or none, some context, as it is typed."""
    rng, phrases = ctx.rng, ctx.phrases
    text = wishes.tidy(text)
    shape = rng.random()
    if shape < 0.40 and imperative:
        frame = rng.choice(phrases.texts("frame", ctx.frame_split))
        text = frame.replace("{x}", text)
    elif shape < 0.50:
        frame = rng.choice(phrases.texts("frame.any", ctx.frame_split))
        text = frame.replace("{x}", text)
    elif shape < 0.56:
        said = rng.choice(phrases.texts("context", ctx.frame_split))
        text = f"{said}{rng.choice([', ', '. ', ', so '])}{text}" if rng.random() < 0.6 else f"{text}, {said}"
    return language.as_typed(rng, text, question=text.endswith("?")) if typed else text


def candidates(ctx, intent):
    """The devices among which a naming is looked up."""
    return ctx.house.of(*wishes.right_kinds(intent))


def name_of(ctx, intent, device):
    """A naming with its article that means this device for the intent, or None."""
    naming = reference.unique_reference(ctx.rng, candidates(ctx, intent), device, ctx.short)
    if naming is None or len(reference.fits(ctx.house.devices, naming)) == 0:
        return None
    return reference.with_article(ctx.rng, naming, device)


def unit_of(house):
    return next((d.unit for d in house.devices if d.unit), "C")


def draw(ctx, intent, **more):
    return wishes.draw(ctx.rng, ctx.phrases, intent, ctx.split, unit_of(ctx.house), **more)


def single(ctx, only=None):
    """One wish for one device, named or the only one of its kind."""
    rng = ctx.rng
    intent = wishes.draw_intent(rng, ctx.house, only)
    if intent is None:
        return None
    nodevice = rng.random() < 0.35
    wish = draw(ctx, intent, nodevice=nodevice)
    if wish is None:
        nodevice = False
        wish = draw(ctx, intent)
        if wish is None:
            return None
    own = wish.devices(ctx.house)
    if nodevice:
        own = ctx.house.of(*wish.kinds)
        return without_device(ctx, wish, own)
    if not own:
        return None
    device = rng.choice(own)
    if wish.direction and rng.random() < 0.8:  # wishes that make sense are usual
        sensible = [d for d in own if wishes.changed_level(wish, d)[0] is not None and d.state != "off"]
        if sensible:
            device = rng.choice(sensible)
    naming = name_of(ctx, intent, device)
    if naming is None:
        return None
    user = spoken(ctx, reference.put(wish.text, naming), wish.imperative)
    return wishes.outcome(ctx.house, wish, device, user)


WHAT = {"light": "a light", "switch": "a switch", "fan": "a fan", "climate": "a thermostat", "cover": "any blinds",
        "lock": "a lock", "media_player": "a media player", "timer": "a timer", "vacuum": "a vacuum"}


def relative(ctx):
    """A wish that depends on the state: "a bit warmer"."""
    return single(ctx, list(wishes.RELATIVE))


def start_timer(ctx):
    """How long, in words or digits: rare in most houses, since few have timers."""
    return single(ctx, ["timer.start"])


def without_device(ctx, wish, own):
    """"pause the music": the one device of its kind, or a question, or a refusal."""
    user = spoken(ctx, wish.text, wish.imperative)
    if not own:
        return absent_refusal(user, WHAT[wish.kinds[0]])
    if len(own) == 1:
        return wishes.outcome(ctx.house, wish, own[0], user)
    return asking(ctx.house, own, user) if len(own) <= 6 else None


def asking(house, devices, user):
    sentence = replies.ask_back(devices)
    others = [d.name for d in house.devices if d not in devices and d.name.lower() not in sentence.lower()]
    return Case("ask_back", user, sentence, says=[d.name for d in devices] + ["?"], says_not=others)


def ask_back(ctx):
    """A naming that fits several devices of the right kind."""
    rng, house = ctx.rng, ctx.house
    intent = wishes.draw_intent(rng, house)
    wish = intent and draw(ctx, intent)
    if not wish:
        return None
    found = ambiguous(ctx, wish.devices(house), candidates(ctx, intent))
    if found is None:
        return None
    naming, devices = found
    if not all(wishes.missing(house, wish, d) is None for d in devices):
        return None
    user = spoken(ctx, reference.put(wish.text, reference.with_article(rng, naming)), wish.imperative)
    return asking(house, devices, user)


def ambiguous(ctx, own, among):
    """(naming, the 2 to 6 devices that it fits) for a device of `own`, or None."""
    rng = ctx.rng
    for device in rng.sample(own, min(len(own), 6)):
        forms = reference.short_forms(rng, device)
        rng.shuffle(forms)
        for form in forms:
            if reference.bare_plural(form):  # means all of them
                continue
            devices = reference.fits(among, form)
            bare = any(form in w for w in reference.KIND_WORDS.values())
            every = [d for d in among if d.kind == device.kind]
            if bare and len(devices) != len(every):
                continue
            if 2 <= len(devices) <= 6 and all(d in own for d in devices):
                return form, devices
    return None


def absent(ctx):
    """A device that is not there: near misses of those that are, or any."""
    rng, house = ctx.rng, ctx.house
    intent = rng.choice([k for k in [*wishes.SIMPLE, *wishes.VALUED, *wishes.RELATIVE]])
    wish = draw(ctx, intent)
    naming = wish and absent_naming(ctx, rng.choice(wish.kinds))
    if not naming or wish.sort not in ("", "player"):
        return None
    article = rng.choices(["the ", "my ", "our ", ""], [75, 8, 4, 13])[0]
    user = spoken(ctx, reference.put(wish.text, article + naming), wish.imperative)
    return absent_refusal(user, f"the {naming.lower()}")


def absent_naming(ctx, kind):
    """A naming for a device of this kind that fits no device of the house."""
    rng, house = ctx.rng, ctx.house
    namer = names.Namer(rng, ctx.names_split)
    noun = rng.choice(words.nouns_of(kind, ctx.names_split)[:4])
    shape = rng.random()
    if shape < 0.35 and house.devices:  # the place of another device, or its name with another noun
        other = rng.choice(house.devices).name.lower().split()
        naming = " ".join(other[:-1] or other) + " " + noun
    elif shape < 0.70:  # the same noun in another place
        own = house.of(kind)
        if own:
            noun = rng.choice(own).name.lower().split()[-1]
        naming = f"{rng.choice(namer.rooms + namer.adjectives)} {noun}"
    elif shape < 0.78 and not house.of(kind):
        naming = rng.choice(reference.KIND_WORDS[kind][:2])
    else:
        naming = namer.name(kind)[0]
    if reference.fits(house.devices, naming):
        return None
    said = reference.words_of(naming)  # not even with a word more or less: that would be in doubt
    near = [d for d in house.devices
            if all(any(reference.same_word(n, w) for w in said) for n in reference.words_of(d.name))]
    return None if near and rng.random() < 0.7 else naming


def unfit(ctx):
    """A wish that the device's kind cannot fulfil."""
    rng = ctx.rng
    intent = rng.choice(list(wishes.UNFIT))
    wish = draw(ctx, intent)
    own = ctx.house.of(*wishes.UNFIT[intent])
    if wish is None or wish.sort or not own:
        return None
    if "temperature" in wish.arguments and "degree" not in wish.text:
        return None
    if "level" in wish.arguments and "volume" not in wish.text:
        return None
    device = rng.choice(own)
    if device.kind == "lock" and re.search(r"\b(need|needs|needed|use)\b", wish.text):  # one may need a door
        return None
    if len(reference.fits(ctx.house.devices, device.name)) != 1 or reference.bare_plural(device.name):
        return None
    naming = reference.with_article(rng, device.name if rng.random() < 0.4 else device.name.lower(), device)
    user = spoken(ctx, reference.put(wish.text, naming), wish.imperative)
    return refusal("no_service", user, replies.unfit(device))


def no_service(ctx):
    """A wish whose service or parameter the house does not list."""
    for _ in range(12):
        case = single(ctx)
        if case and case.category == "no_service":
            return case
    return unfit(ctx)


def several(ctx):
    """Two or three devices in one sentence: one wish for all, or a wish each."""
    rng = ctx.rng
    return one_wish_for_several(ctx) if rng.random() < 0.45 else two_wishes(ctx)


def one_wish_for_several(ctx):
    rng, house = ctx.rng, ctx.house
    intent = wishes.draw_intent(rng, house, [*wishes.SIMPLE, *wishes.VALUED])
    wish = intent and draw(ctx, intent)
    own = wish.devices(house) if wish else []
    count = 3 if rng.random() < 0.25 else 2
    if len(own) < count or intent in ("timer.start",):
        return None
    chosen = rng.sample(own, count)
    namings = [name_of(ctx, intent, d) for d in chosen]
    if None in namings or any(wishes.missing(house, wish, d) for d in chosen):
        return None
    pattern = rng.choice(ctx.phrases.texts("connect.devices3" if count == 3 else "connect.devices"))
    listed = pattern.replace("{d}", namings[0]).replace("{e}", namings[1])
    if count == 3:
        listed = listed.replace("{f}", namings[2])
    user = spoken(ctx, reference.put(wish.text, listed), wish.imperative)
    calls = [replies.call(wish.service, d, **wish.arguments) for d in chosen]
    return Case("multi", user, joint_sentence(wish, chosen), calls)


def joint_sentence(wish, devices):
    """One sentence for the same wish on several devices."""
    single_sentence = wishes.sentence_for(wish, devices[0], wish.arguments)
    return single_sentence.replace(f"the {devices[0].name}", replies.named(devices), 1)


def two_wishes(ctx):
    """"turn on the lamp and open the blinds"."""
    rng, house = ctx.rng, ctx.house
    parts, used = [], []
    for _ in range(2):
        intent = wishes.draw_intent(rng, house)
        wish = intent and draw(ctx, intent, imperative=True)
        if not wish:
            return None
        own = wish.devices(house)
        if not own:
            return None
        device = rng.choice(own)
        naming = name_of(ctx, intent, device)
        if naming is None or device in used or "," in wish.text:
            return None
        used.append(device)
        text = reference.put(wish.text, naming)
        case = wishes.outcome(house, wish, device, text)
        if case is None or not case.calls:
            return None
        parts.append(case)
    pattern = rng.choice(ctx.phrases.texts("connect"))
    user = spoken(ctx, pattern.replace("{x}", parts[0].user).replace("{y}", parts[1].user), True)
    sentence = parts[0].sentence + " " + parts[1].sentence
    return Case("multi", user, sentence, parts[0].calls + parts[1].calls)


# intent -> (kind, service, what stands for {kinds}, Al's sentence)
GROUPS = {
    "group.light_on": ("light", "turn_on", "Turning on all the lights"),
    "group.light_off": ("light", "turn_off", "Turning off all the lights"),
    "group.light_brightness": ("light", "turn_on", "Setting all the lights"),
    "group.light_color": ("light", "turn_on", "Setting all the lights"),
    "group.cover_open": ("cover", "open", "Opening all the covers"),
    "group.cover_close": ("cover", "close", "Closing all the covers"),
    "group.lock": ("lock", "lock", "Locking everything"),
    "group.unlock": ("lock", "unlock", "Unlocking everything"),
    "group.fan_on": ("fan", "turn_on", "Turning on all the fans"),
    "group.fan_off": ("fan", "turn_off", "Turning off all the fans"),
    "group.media_off": ("media_player", "turn_off", "Turning off all the players"),
    "group.switch_off": ("switch", "turn_off", "Turning off all the switches"),
    "room.light_on": ("light", "turn_on", "Turning on the {room} lights"),
    "room.light_off": ("light", "turn_off", "Turning off the {room} lights"),
    "room.light_brightness": ("light", "turn_on", "Setting the {room} lights"),
    "room.light_color": ("light", "turn_on", "Setting the {room} lights"),
}
PLURAL = {"light": ["lights", "lamps", "lights", "lights"], "cover": ["blinds", "shutters", "curtains", "covers", "shades"],
          "lock": ["doors", "locks"], "fan": ["fans"], "media_player": ["speakers", "media players", "players"],
          "switch": ["switches", "plugs", "outlets", "sockets"]}
GROUP_WEIGHTS = {"group.light_on": 3, "group.light_off": 4, "group.light_brightness": 2, "group.light_color": 2,
                 "group.cover_open": 2, "group.cover_close": 2, "group.lock": 2, "room.light_on": 3,
                 "room.light_off": 3, "room.light_brightness": 1.5, "room.light_color": 1.5}


def group(ctx):
    """All devices of a kind, in the house or in one room."""
    rng, house = ctx.rng, ctx.house
    have = {d.kind for d in house.devices}
    able = [k for k, v in GROUPS.items() if v[0] in have or rng.random() < 0.04]
    if not able:
        return None
    intent = rng.choices(able, [GROUP_WEIGHTS.get(k, 1) for k in able])[0]
    kind, service, sentence = GROUPS[intent]
    phrase = ctx.phrases.pick(rng, intent, ctx.split)
    if phrase is None:
        return None
    text = phrase.text.replace("{kinds}", rng.choice(PLURAL[kind]))
    text, arguments = wishes.fill_values(rng, text, kind, unit_of(house))
    devices = house.of(kind)
    room = ""
    if intent.startswith("room."):
        room = rng.choice([d.room for d in house.of("light") if d.room] or [rng.choice(names.Namer(rng, ctx.names_split).rooms)])
        said = reference.words_of(room)
        devices = [d for d in house.of("light") if all(w in reference.words_of(d.name) for w in said)]
        text = text.replace("{room}", room)
        sentence = sentence.replace("{room}", room)
    user = spoken(ctx, text, phrase.imperative)
    if not devices:
        return absent_refusal(user, f"any {room} lights" if room else WHAT[kind])
    wish = wishes.Wish(intent, text, True, [kind], service, "group", arguments)
    why_not = wishes.missing(house, wish, devices[0])
    if why_not:
        return refusal("no_service", user, why_not)
    if arguments:
        sentence += " to " + " and ".join(wishes.shown_value(k, v, devices[0]) for k, v in arguments.items())
    if len(devices) > 12:
        return None
    return Case("group", user, sentence + ".", [replies.call(service, d, **arguments) for d in devices])
