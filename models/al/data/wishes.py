"""Single wishes: a phrase filled with a device and a value, and the call that it means."""

import dataclasses
import re

import language
import reference
import replies
import words
from case import Case, refusal
from phrases import is_of_sort

RUNS = ["switch", "fan", "media_player"]
ON_OFF = ["light", "switch", "fan", "media_player", "climate"]

# intent -> (kinds, service, category, weight, fixed arguments, what Al does)
SIMPLE = {
    "light.turn_on": (["light"], "turn_on", "on_off", 9, {}, "Turning on"),
    "light.turn_off": (["light"], "turn_off", "on_off", 9, {}, "Turning off"),
    "device.turn_on": (RUNS, "turn_on", "on_off", 8, {}, "Turning on"),
    "device.turn_off": (RUNS, "turn_off", "on_off", 8, {}, "Turning off"),
    "climate.turn_on": (["climate"], "turn_on", "on_off", 2, {}, "Turning on"),
    "climate.turn_off": (["climate"], "turn_off", "on_off", 2, {}, "Turning off"),
    "toggle": (["light", "switch"], "toggle", "on_off", 2, {}, "Toggling"),
    "light.max": (["light"], "turn_on", "set", 2, {"brightness": 100}, "Setting"),
    "light.half": (["light"], "turn_on", "set", 1.5, {"brightness": 50}, "Setting"),
    "light.min": (["light"], "turn_on", "set", 1.5, {"brightness": 1}, "Setting"),
    "fan.max": (["fan"], "set_percentage", "set", 1.5, {"percentage": 100}, "Setting"),
    "fan.half": (["fan"], "set_percentage", "set", 1, {"percentage": 50}, "Setting"),
    "fan.min": (["fan"], "set_percentage", "set", 1, {"percentage": 1}, "Setting"),
    "climate.heat": (["climate"], "set_hvac_mode", "set", 2, {"hvac_mode": "heat"}, "Setting"),
    "climate.cool": (["climate"], "set_hvac_mode", "set", 2, {"hvac_mode": "cool"}, "Setting"),
    "climate.auto": (["climate"], "set_hvac_mode", "set", 1.5, {"hvac_mode": "auto"}, "Setting"),
    "cover.open": (["cover"], "open", "on_off", 5, {}, "Opening"),
    "cover.close": (["cover"], "close", "on_off", 5, {}, "Closing"),
    "cover.stop": (["cover"], "stop", "on_off", 2, {}, "Stopping"),
    "cover.half": (["cover"], "set_position", "set", 1.5, {"position": 50}, "Setting"),
    "cover.quarter": (["cover"], "set_position", "set", 1, {"position": 25}, "Setting"),
    "cover.three_quarters": (["cover"], "set_position", "set", 1, {"position": 75}, "Setting"),
    "lock.lock": (["lock"], "lock", "on_off", 4, {}, "Locking"),
    "lock.unlock": (["lock"], "unlock", "on_off", 4, {}, "Unlocking"),
    "media.play": (["media_player"], "play", "on_off", 2.5, {}, "Playing"),
    "media.pause": (["media_player"], "pause", "on_off", 2.5, {}, "Pausing"),
    "media.next": (["media_player"], "next_track", "on_off", 2, {}, "Skipping to the next track on"),
    "media.previous": (["media_player"], "previous_track", "on_off", 2, {}, "Going back a track on"),
    "media.max": (["media_player"], "volume_set", "set", 1, {"level": 100}, "Setting"),
    "media.half": (["media_player"], "volume_set", "set", 1, {"level": 50}, "Setting"),
    "media.min": (["media_player"], "volume_set", "set", 1, {"level": 1}, "Setting"),
    "timer.cancel": (["timer"], "cancel", "on_off", 2, {}, "Cancelling"),
    "timer.pause": (["timer"], "pause", "on_off", 1.5, {}, "Pausing"),
    "vacuum.start": (["vacuum"], "start", "on_off", 3, {}, "Starting"),
    "vacuum.pause": (["vacuum"], "pause", "on_off", 2, {}, "Pausing"),
    "vacuum.return": (["vacuum"], "return_to_base", "on_off", 3, {}, "Sending home"),
}
# intent -> (kinds, service, weight); the arguments come from the phrase's slots
VALUED = {
    "light.brightness": (["light"], "turn_on", 9),
    "light.turn_on_at": (["light"], "turn_on", 4),
    "light.color": (["light"], "turn_on", 8),
    "light.brightness_color": (["light"], "turn_on", 4),
    "fan.percentage": (["fan"], "set_percentage", 6),
    "climate.temperature": (["climate"], "set_temperature", 8),
    "cover.position": (["cover"], "set_position", 5),
    "media.volume": (["media_player"], "volume_set", 6),
    "timer.start": (["timer"], "start", 6),
}
# intent -> (kind, service, argument, direction, weight)
RELATIVE = {
    "light.brighter": ("light", "turn_on", "brightness", 1, 7),
    "light.dimmer": ("light", "turn_on", "brightness", -1, 7),
    "fan.faster": ("fan", "set_percentage", "percentage", 1, 4),
    "fan.slower": ("fan", "set_percentage", "percentage", -1, 4),
    "cover.more_open": ("cover", "set_position", "position", 1, 3),
    "cover.less_open": ("cover", "set_position", "position", -1, 3),
    "climate.warmer": ("climate", "set_temperature", "temperature", 1, 7),
    "climate.cooler": ("climate", "set_temperature", "temperature", -1, 7),
    "media.louder": ("media_player", "volume_set", "level", 1, 5),
    "media.quieter": ("media_player", "volume_set", "level", -1, 5),
}
# Wishes that a device of these kinds cannot fulfil, whatever the services.
UNFIT = {
    "light.color": ["switch", "fan", "media_player", "climate", "lock"],
    "light.brightness_color": ["switch", "fan", "media_player"],
    "climate.heat": ["light", "lock"],
    "lock.lock": ["light", "media_player", "fan", "switch"],
    "lock.unlock": ["light", "media_player", "fan"],
    "cover.half": ["switch"],  # "set the lamp to half" is 50 %
    "media.next": ["light", "switch", "lock"],
    "media.volume": ["light", "lock", "cover"],
    "climate.temperature": ["light", "switch", "lock", "cover"],
    "device.turn_on": ["lock", "sensor", "binary_sensor", "cover"],
    "device.turn_off": ["lock", "sensor", "binary_sensor", "cover"],
    "timer.pause": ["light", "lock"],
}
STEPS = {"brightness": (10, 20, 40), "percentage": (10, 20, 40), "position": (10, 20, 40), "level": (5, 10, 20),
         "temperature": (1, 2, 3)}
LIMITS = {"brightness": (1, 100), "percentage": (0, 100), "position": (0, 100), "level": (0, 100)}


@dataclasses.dataclass
class Wish:
    """What a filled phrase asks for, before anybody asks whether the house can do it."""
    intent: str
    text: str            # with {d} still in it, or without a device
    imperative: bool
    kinds: list
    service: str
    category: str
    arguments: dict
    doing: str = ""      # "Turning on"
    direction: int = 0   # relative wishes
    size: str = ""       # "", "a", "b" (big) or "by"
    by: float = 0
    nodevice: bool = False
    sort: str = ""       # of devices that the phrase suits; "" for all

    def devices(self, house):
        """Those of the house that the phrase may be used of."""
        return [d for d in house.of(*self.kinds) if is_of_sort(d.name, self.sort)]


def right_kinds(intent):
    """The kinds among which a person's naming is looked up."""
    if intent in ("light.turn_on", "light.turn_off", "device.turn_on", "device.turn_off", "toggle", "climate.turn_on",
                  "climate.turn_off"):
        return ON_OFF
    if intent in SIMPLE:
        return SIMPLE[intent][0]
    return VALUED[intent][0] if intent in VALUED else [RELATIVE[intent][0]]


def draw_intent(rng, house, only=None):
    """An intent for which the house has a device."""
    weights = {**{k: v[3] for k, v in SIMPLE.items()}, **{k: v[2] for k, v in VALUED.items()},
               **{k: v[4] for k, v in RELATIVE.items()}}
    have = {d.kind for d in house.devices}
    able = {k: w for k, w in weights.items()
            if set(SIMPLE[k][0] if k in SIMPLE else VALUED[k][0] if k in VALUED else [RELATIVE[k][0]]) & have
            and (only is None or k in only)}
    return rng.choices(list(able), list(able.values()))[0] if able else None


def draw(rng, phrases, intent, split, unit="C", nodevice=False, imperative=None):
    """A wish of this intent in a random wording, or None."""
    amount = rng.choices(["", "a", "by"], [45, 42, 13])[0] if intent in RELATIVE else ""
    phrase = phrases.pick(rng, intent, split, amount, nodevice, imperative)
    if phrase is None:
        return None
    wish = fill(rng, intent, phrase.text, unit, phrase.imperative, nodevice)
    wish.sort = phrase.sort
    return wish


def fill(rng, intent, text, unit="C", imperative=True, nodevice=False):
    """The wish that a phrase is, with random values in its slots."""
    if intent in RELATIVE:
        return fill_relative(rng, intent, text, imperative, nodevice)
    if intent in SIMPLE:
        kinds, service, category, _, arguments, doing = SIMPLE[intent]
        return Wish(intent, text, imperative, kinds, service, category, dict(arguments), doing, nodevice=nodevice)
    kinds, service, _ = VALUED[intent]
    text, arguments = fill_values(rng, text, kinds[0], unit)
    doing = "Starting" if intent == "timer.start" else "Setting"
    return Wish(intent, text, imperative, kinds, service, "set", arguments, doing, nodevice=nodevice)


LEVEL_OF_KIND = {"light": "brightness", "fan": "percentage", "cover": "position", "media_player": "level"}


def random_level(rng):
    return rng.choice([10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 5, 15, 35, 45, 55, 65, 85, 95, 100,
                       rng.randint(1, 100)])


def fill_values(rng, text, kind, unit):
    """(the text with random values for {n} {c} {t} {dur}, the arguments that they are)."""
    arguments = {}
    if "{n}" in text:
        number = random_level(rng)
        arguments[LEVEL_OF_KIND[kind]] = number
        text = text.replace("{n}", language.percent(rng, number))
    if "{c}" in text:
        arguments["rgb_color"] = rng.choice(words.COLORS)
        text = text.replace("{c}", arguments["rgb_color"])
    if "{t}" in text:
        value = (rng.choice([15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 18.5, 19.5, 20.5, 21.5, 22.5, 23.5])
                 if unit == "C" else rng.randint(58, 82))
        arguments["temperature"] = int(value) if value == int(value) else value
        text = text.replace("{t}", language.degrees(rng, value, unit))
    if "{dur}" in text:
        seconds, said = language.duration(rng)
        arguments["duration"] = language.clock(seconds)
        text = text.replace("{dur}", said)
    return text, arguments


def fill_relative(rng, intent, text, imperative, nodevice):
    kind, service, argument, direction, _ = RELATIVE[intent]
    size, by = "", 0
    if "{a}" in text:
        size = rng.choices(["a", "b"], [70, 30])[0]
        text = text.replace("{a}", language.amount_for(rng, text, size == "b"))
    elif "{small}" in text:
        size, text = "a", text.replace("{small}", rng.choice(language.SMALL_AMOUNTS[:5]))
    elif "{big}" in text:
        size, text = "b", text.replace("{big}", rng.choice(language.BIG_AMOUNTS))
    elif re.search(r"\b(way|a whole lot)\b", text) and not re.search(r"\b(half|all the|any) way\b", text):
        size = "b"
    elif any(slot in text for slot in ("{by}", "{n}", "{deg}")):
        size = "by"
        by = rng.randint(1, 6) if kind == "climate" else rng.choice([5, 10, 15, 20, 25, 30, 35, 40, 50])
        said = language.number_of_steps(rng, by, kind)
        text = text.replace("{by}", "by " + said).replace("{n}", said).replace("{deg}", said)
    return Wish(intent, text, imperative, [kind], service, "relative", {argument: None}, "Setting", direction,
                size, by, nodevice)


def level_of(device, argument):
    """The value that a relative wish starts from."""
    if argument == "temperature":
        return device.target
    if device.kind == "light":
        return 0 if device.state == "off" else 100 if device.level is None else device.level
    if device.kind == "cover":
        return 0 if device.state == "closed" else 100 if device.level is None else device.level
    if device.state in ("off", "idle"):
        return 0
    return device.level


def changed_level(wish, device):
    """(old value, new value) of a relative wish; old is None where it cannot be known or makes no sense."""
    argument = next(iter(wish.arguments))
    old = level_of(device, argument)
    if old is None:
        return None, None
    small, usual, big = STEPS[argument]
    step = wish.by if wish.size == "by" else {"": usual, "a": small, "b": big}[wish.size]
    new = old + wish.direction * step
    if argument in LIMITS:
        low, high = LIMITS[argument]
        new = min(max(new, low), high)
        if new == old or (old == 0 and wish.direction < 0):
            return None, None
    return old, int(new) if new == int(new) else new


def missing(house, wish, device):
    """Why the house cannot fulfil the wish with this device: a sentence, or None."""
    service = f"{device.kind}.{wish.service}"
    if not house.has(service):
        return replies.missing_service(service)
    for argument in wish.arguments:
        if not house.has(service, argument):
            return replies.missing_parameter(service, argument)
    return None


def shown_value(argument, value, device):
    if argument in ("brightness", "percentage", "position", "level"):
        return f"{value}%"
    if argument == "temperature":
        return f"{value:g}{device.unit}"
    if argument == "duration":
        return value
    return str(value)


def sentence_for(wish, device, arguments):
    """What Al says when it does as asked."""
    if wish.doing == "Sending home":
        return f"Sending the {device.name} home."
    if not arguments:
        return f"{wish.doing} the {device.name}."
    said = [shown_value(k, v, device) for k, v in arguments.items()]
    joint = " for " if wish.doing == "Starting" else " to "
    return f"{wish.doing} the {device.name}{joint}{' and '.join(said)}."


def outcome(house, wish, device, user):
    """The case of a wish for a device that was named without doubt; None where it makes no sense."""
    why_not = missing(house, wish, device)
    if why_not:
        return refusal("no_service", user, why_not)
    if not wish.direction:
        call = replies.call(wish.service, device, **wish.arguments)
        return Case(wish.category, user, sentence_for(wish, device, wish.arguments), [call])
    argument = next(iter(wish.arguments))
    if device.kind == "climate" and device.state == "off":
        return Case("relative", user, f"{replies.is_so(device)}, so I can't change its temperature.", says=["off"])
    old, new = changed_level(wish, device)
    if old is None:
        return None
    many = reference.is_plural(device.name)
    sentence = (f"The {device.name} {'are' if many else 'is'} at {shown_value(argument, old, device)}, "
                f"setting {'them' if many else 'it'} to {shown_value(argument, new, device)}.")
    return Case("relative", user, sentence, [replies.call(wish.service, device, **{argument: new})])


def tidy(text):
    """No double spaces, none before punctuation."""
    return re.sub(r" +([,.?!])", r"\1", re.sub(r"  +", " ", text)).strip()
