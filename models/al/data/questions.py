"""Questions about the state of the house, answered from the rows."""

import language
import reference
import replies
from case import Case, absent_refusal

ON_KINDS = ["light", "switch", "fan", "media_player", "climate"]
IS_ON = {"light": ("on",), "switch": ("on",), "fan": ("on",), "media_player": ("on", "playing"),
         "climate": ("heat", "cool", "auto"), "vacuum": ("cleaning",)}


# What an answer about a device in this state must not say.
OPPOSITE = {"on": "off", "off": "on", "heat": "off", "cool": "off", "auto": "off", "playing": "paused",
            "paused": "playing", "open": "closed", "closed": "open", "locked": "unlocked", "unlocked": "locked",
            "wet": "dry", "dry": "wet", "motion": "clear", "clear": "motion", "active": "idle", "idle": "active"}


def yes_no(device, yes, question_text):
    """"The Office Fan is off, so no.": the state first, then what follows from it."""
    word, other = ("yes", "no") if yes else ("no", "yes")
    opposite = OPPOSITE.get(device.state)
    wrong = [opposite] if opposite and opposite not in reference.words_of(device.name) else []
    return Case("state", question_text, f"{replies.is_so(device)}, so {word}.", says=[word, device.state],
                says_not=[other, *wrong])


def tells(device, text, *must):
    return Case("state", text, f"{replies.is_so(device)}.", says=[str(m) for m in must])


def state_words(device):
    """What an answer about the device's state must hold."""
    must = [{"motion": "motion", "clear": "clear"}.get(device.state, device.state)]
    if device.kind == "climate" and device.state != "off":
        must.append(f"{device.target:g}{device.unit}")
    if device.kind in ("light", "fan") and device.state == "on" and device.level is not None:
        must.append(str(device.level))
    if device.kind == "sensor":
        must = [device.state]
    if device.kind == "timer" and device.state in ("active", "paused"):
        must = [language.clock(device.seconds)]
    return must


def is_door(device):
    return not any(w in device.name.lower() for w in ("motion", "leak", "water", "smoke"))


# intent -> (kinds, which devices it suits, how it is answered, weight)
def _is(states):
    return lambda d, t: yes_no(d, d.state in (states if isinstance(states, tuple) else states[d.kind]), t)


def _what(device, text):
    return tells(device, text, *state_words(device))


ANY = lambda d: True  # noqa: E731
RUNS_OR_NOT = lambda d: d.state not in ("idle", "paused")  # noqa: E731
LEVEL = lambda d: d.state not in ("off", "idle", "closed")  # noqa: E731
QUESTIONS = {
    "state.is_on": (ON_KINDS, RUNS_OR_NOT, _is(IS_ON), 10),
    "state.is_off": (ON_KINDS, RUNS_OR_NOT, lambda d, t: yes_no(d, d.state == "off", t), 5),
    "state.left_on": (ON_KINDS, RUNS_OR_NOT, _is(IS_ON), 3),
    "state.what": (None, ANY, _what, 6),
    "state.on_or_off": (ON_KINDS[:3], RUNS_OR_NOT, lambda d, t: tells(d, t, d.state), 2),
    "state.open_or_closed": (["cover", "binary_sensor"], lambda d: d.state in ("open", "closed"),
                             lambda d, t: tells(d, t, d.state), 1.5),
    "state.locked_or_unlocked": (["lock"], ANY, lambda d, t: tells(d, t, d.state), 1.5),
    "state.brightness": (["light"], lambda d: d.state == "off" or d.level is not None, _what, 5),
    "state.color": (["light"], lambda d: d.state == "off" or (d.color and d.level is not None),
                    lambda d, t: tells(d, t, d.color if d.state == "on" else "off"), 3),
    "state.target_temperature": (["climate"], ANY, _what, 5),
    "state.hvac_mode": (["climate"], ANY, lambda d, t: tells(d, t, d.state), 2),
    "state.sensor_value": (["sensor"], ANY, _what, 5),
    "state.is_open": (["cover", "binary_sensor"], lambda d: d.state in ("open", "closed"), _is(("open",)), 5),
    "state.is_closed": (["cover", "binary_sensor"], lambda d: d.state in ("open", "closed"), _is(("closed",)), 4),
    "state.left_open": (["cover"], ANY, _is(("open",)), 2),
    "state.position": (["cover"], ANY,
                       lambda d, t: tells(d, t, d.level if d.state == "open" and d.level is not None else d.state), 2),
    "state.is_locked": (["lock"], ANY, _is(("locked",)), 6),
    "state.is_unlocked": (["lock"], ANY, _is(("unlocked",)), 4),
    "state.left_unlocked": (["lock"], ANY, _is(("unlocked",)), 2),
    "state.is_playing": (["media_player"], ANY, _is(("playing",)), 3),
    "state.volume": (["media_player"], LEVEL, lambda d, t: tells(d, t, d.level), 4),
    "state.timer_left": (["timer"], ANY, _what, 4),
    "state.timer_running": (["timer"], ANY, _is(("active",)), 2),
    "state.fan_speed": (["fan"], lambda d: d.state == "off" or d.level is not None, _what, 3),
    "state.vacuum": (["vacuum"], ANY, _what, 4),
    "state.binary_open": (["binary_sensor"], is_door, _is(("open",)), 3),
    "state.binary_closed": (["binary_sensor"], is_door, _is(("closed",)), 2),
    "state.binary_motion": (["binary_sensor"], lambda d: "motion" in d.name.lower(), _is(("motion",)), 2),
    "state.binary_leak": (["binary_sensor"], lambda d: d.state in ("wet", "dry"), _is(("wet",)), 2),
}
# intent -> (kinds to count, the state counted, "on", what is asked: which, any, number, all)
COUNTS = {
    "state.which_on": (["light", "fan", "switch"], "on", "which", 6),
    "state.any_on": (["light", "fan", "switch"], "on", "any", 5),
    "state.how_many_on": (["light", "fan", "switch"], "on", "number", 4),
    "state.all_off": (["light", "fan", "switch"], "on", "none", 3),
    "state.which_open": (["cover"], "open", "which", 4),
    "state.any_open": (["cover"], "open", "any", 3),
    "state.all_closed": (["cover"], "open", "none", 3),
    "state.which_unlocked": (["lock"], "unlocked", "which", 4),
    "state.all_locked": (["lock"], "unlocked", "none", 4),
    "state.room_lights_on": (["light"], "on", "any", 3),
}
KINDS_SAID = {"light": ["lights", "lamps", "lights"], "fan": ["fans"], "switch": ["switches", "plugs"],
              "cover": ["blinds", "curtains", "shutters"], "lock": ["doors", "locks"]}
SINGULAR = {"lights": "light", "lamps": "lamp", "fans": "fan", "switches": "switch", "plugs": "plug", "blinds": "blind",
            "curtains": "curtain", "shutters": "shutter", "doors": "door", "locks": "lock"}
KINDS_NAMED = {"light": ("light", "lights"), "fan": ("fan", "fans"), "switch": ("switch", "switches"),
               "cover": ("cover", "covers"), "lock": ("lock", "locks")}


def typed(ctx, text):
    rng = ctx.rng
    if rng.random() < 0.15 and text.endswith("?"):
        frame = rng.choice(ctx.phrases.texts("frame.question", ctx.frame_split))
        text = frame.replace("{x}", text[:-1])
    return language.as_typed(rng, text, question=text.endswith("?"))


def one_device(ctx):
    """A question about one device."""
    rng, house = ctx.rng, ctx.house
    able = []
    for intent, (kinds, suits, _, weight) in QUESTIONS.items():
        own = [d for d in (house.of(*kinds) if kinds else house.devices) if suits(d)]
        if own:
            able.append((intent, own, weight))
    if not able:
        return None
    intent, own, _ = rng.choices(able, [a[2] for a in able])[0]
    phrase = ctx.phrases.pick(rng, intent, ctx.split)
    if phrase is None:
        return None
    device = rng.choice(own)
    kinds = QUESTIONS[intent][0]
    among = house.of(*kinds) if kinds else house.devices
    naming = reference.unique_reference(rng, among, device, ctx.short)
    if naming is None or (kinds is None and len(reference.fits(house.devices, naming)) != 1):
        return None
    text = reference.put(phrase.text, reference.with_article(rng, naming, device))
    return QUESTIONS[intent][2](device, typed(ctx, text))


def absent_device(ctx):
    """A question about a device that is not there."""
    from commands import absent_naming
    rng = ctx.rng
    intent = rng.choice([k for k in QUESTIONS if QUESTIONS[k][0]])
    phrase = ctx.phrases.pick(rng, intent, ctx.split)
    naming = phrase and absent_naming(ctx, rng.choice(QUESTIONS[intent][0]))
    if not naming:
        return None
    text = reference.put(phrase.text, "the " + naming)
    return absent_refusal(typed(ctx, text), f"the {naming.lower()}")


def counting(ctx):
    """A question about all devices of a kind."""
    rng, house = ctx.rng, ctx.house
    intent = rng.choices(list(COUNTS), [c[3] for c in COUNTS.values()])[0]
    kinds, state, asked, _ = COUNTS[intent]
    kind = rng.choices(kinds, [3 if k == "light" else 1 for k in kinds])[0]
    own, room = house.of(kind), ""
    phrase = ctx.phrases.pick(rng, intent, ctx.split)
    if phrase is None:
        return None
    if intent == "state.room_lights_on":
        rooms = [d.room for d in own if d.room]
        if not rooms:
            return None
        room = rng.choice(rooms)
        own = [d for d in own if all(w in reference.words_of(d.name) for w in reference.words_of(room))]
    if not own:
        return None
    said = rng.choice(KINDS_SAID[kind])
    text = phrase.text.replace("{kinds}", said).replace("{kind}", SINGULAR[said]).replace("{room}", room)
    return counted(typed(ctx, text), own, kind, state, asked)


def counted(text, own, kind, state, asked):
    """"Two lights are on: the Floor Lamp and the Desk Lamp." """
    singular, plural = KINDS_NAMED[kind]
    found = [d for d in own if d.state == state]
    if len(found) > 9:
        return None
    names_said = [d.name for d in found]
    others = [d.name for d in own if d not in found and not any(d.name.lower() in n.lower() for n in names_said)]
    if not found:
        sentence = f"None of the {plural} is {state}"
        must = {"none": ["yes"], "any": ["no"], "number": [], "which": []}[asked]
    else:
        count = language.in_words(len(found))
        noun = singular if len(found) == 1 else plural
        sentence = f"{count.capitalize()} {noun} {'is' if len(found) == 1 else 'are'} {state}: {replies.named(found)}"
        must = names_said if asked == "which" else []
        must = must + {"none": ["no"], "any": ["yes"], "number": [], "which": []}[asked]
        if asked == "number":
            must = must + [count]
    yes = {"any": bool(found), "none": not found}.get(asked)
    if yes is not None:
        sentence += f", so {'yes' if yes else 'no'}"
    says_any = ["none", "no ", "zero", "not"] if not found and not must else []
    return Case("state", text, sentence + ".", says=must, says_any=says_any,
                says_not=others[:6] if found and asked == "which" else [])
