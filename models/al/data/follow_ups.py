"""Turns that depend on the turn before. The house shows the state *now*, after the calls of the turns
before, so a turn before is made to fit the state that a device has."""

import re

import commands
import language
import phrases
import questions
import reference
import replies
import talk
import wishes
from case import Case


def say(ctx, text):
    """A short follow-up as it is typed, with a word of politeness at times."""
    rng = ctx.rng
    if rng.random() < 0.2 and "please" not in text and not text.endswith("?"):
        text = rng.choice([f"{text} please", f"{text}, please", f"please {text}" if not text.startswith("and") else text,
                           f"al, {text}", f"ok, {text}", f"{text} thanks"])
    return language.as_typed(rng, text, text.endswith("?"))


def line(ctx, section, amount=""):
    phrase = ctx.phrases.pick(ctx.rng, section, ctx.split, amount)
    return phrase.text if phrase else None


def fitting_intents(device):
    """Wishes after which the device would be in the state that it is in."""
    state = device.state
    if device.kind in ("light", "switch", "fan", "media_player"):
        plain = {"light": "light.turn_", "switch": "device.turn_"}.get(device.kind, "device.turn_")
        return [plain + "off"] if state == "off" else [plain + "on"]
    return {"open": ["cover.open"] if device.level is None else [], "closed": ["cover.close"],
            "locked": ["lock.lock"], "unlocked": ["lock.unlock"], "cleaning": ["vacuum.start"]}.get(state, [])


def turn_before(ctx, device=None, intents=None):
    """(device, wish, user, assistant) of a wish whose outcome is the state now; or None."""
    rng, house = ctx.rng, ctx.house
    device = device or rng.choice(house.devices)
    able = [i for i in fitting_intents(device) if intents is None or i in intents]
    if not able:
        return None
    intent = rng.choice(able)
    wish = wishes.draw(rng, ctx.phrases, intent, "train")
    naming = commands.name_of(ctx, intent, device)
    if wish and not phrases.is_of_sort(device.name, wish.sort):
        return None
    if not wish or not naming or wishes.missing(house, wish, device):
        return None
    user = commands.spoken(train(ctx), reference.put(wish.text, naming), wish.imperative)
    case = wishes.outcome(house, wish, device, user)
    return (device, wish, user, case.reply()) if case and case.calls else None


def train(ctx):
    """The turn before is in known wordings; what is tested is the turn after it."""
    return commands.Context(ctx.rng, ctx.house, ctx.phrases, "train", ctx.names_split, ctx.short)


def follow(case, before):
    """The case as a follow-up of the turns before."""
    if case is None:
        return None
    case.before = before
    case.category = "follow_up"
    return case


# A section of phrases -> what it asks of the device of the turn before.
AGAIN = {
    "follow.off_again": (["light", "switch", "fan", "media_player"], "turn_off", "Turning off"),
    "follow.on_again": (["light", "switch", "fan", "media_player"], "turn_on", "Turning on"),
    "follow.undo_close": (["cover"], "close", "Closing"),
    "follow.undo_open": (["cover"], "open", "Opening"),
    "follow.lock_again": (["lock"], "lock", "Locking"),
    "follow.unlock_again": (["lock"], "unlock", "Unlocking"),
}
STATE_BEFORE = {"follow.off_again": lambda d: d.state != "off", "follow.on_again": lambda d: d.state == "off",
                "follow.undo_close": lambda d: d.state == "open", "follow.undo_open": lambda d: d.state == "closed",
                "follow.lock_again": lambda d: d.state == "unlocked",
                "follow.unlock_again": lambda d: d.state == "locked"}
CHANGES = {"follow.brighter": "light.brighter", "follow.dimmer": "light.dimmer", "follow.louder": "media.louder",
           "follow.quieter": "media.quieter", "follow.warmer": "climate.warmer", "follow.cooler": "climate.cooler",
           "follow.brightness": "light.brightness", "follow.color": "light.color",
           "follow.temperature": "climate.temperature"}


def again(ctx):
    """"turn it off again", after any talk about a device in that state."""
    section = ctx.rng.choice(list(AGAIN))
    kinds, service, doing = AGAIN[section]
    own = [d for d in ctx.house.of(*kinds) if STATE_BEFORE[section](d)]
    text = line(ctx, section)
    if not own or text is None:
        return None
    device = ctx.rng.choice(own)
    before = turn_before(ctx, device) or asked_before(ctx, device)
    if not before:
        return None
    wish = wishes.Wish(section, text, True, kinds, service, "follow_up", {}, doing)
    return follow(wishes.outcome(ctx.house, wish, device, say(ctx, text)), [before[2:]])


ASKED = {"light": "state.is_on", "switch": "state.is_on", "fan": "state.is_on", "cover": "state.is_open",
         "lock": "state.is_locked", "climate": "state.target_temperature", "media_player": "state.is_playing"}


def asked_before(ctx, device):
    """A question about the device as the turn before; in the shape of turn_before."""
    section = ASKED.get(device.kind, "state.what")
    phrase = ctx.phrases.pick(ctx.rng, section, "train")
    naming = reference.unique_reference(ctx.rng, ctx.house.devices, device, ctx.short)
    if not phrase or not naming:
        return None
    text = reference.put(phrase.text, reference.with_article(ctx.rng, naming, device))
    answer = questions.QUESTIONS[section][2](device, "").sentence
    return device, None, language.as_typed(ctx.rng, text, True), answer


def change(ctx):
    """"a bit brighter", "make it 40 %", "in red": more about the device of the turn before."""
    rng, house = ctx.rng, ctx.house
    section = rng.choice(list(CHANGES))
    intent = CHANGES[section]
    amount = "a" if section in ("follow.brighter", "follow.dimmer") and rng.random() < 0.5 else ""
    kind = intent.split(".")[0].replace("media", "media_player")
    own = [d for d in house.of(kind) if d.state not in ("off", "idle")]
    text = line(ctx, section, amount)
    if not own or text is None:
        return None
    device = rng.choice(own)
    before = (turn_before(ctx, device) if rng.random() < 0.7 else None) or asked_before(ctx, device)
    if not before:
        return None
    wish = wishes.fill(rng, intent, text, commands.unit_of(house))
    return follow(wishes.outcome(house, wish, device, say(ctx, wish.text)), [before[2:]])


def same_for(ctx):
    """"and the fan too": the wish of the turn before for another device."""
    rng, house = ctx.rng, ctx.house
    before = turn_before(ctx)
    text = line(ctx, "follow.same_for")
    if not before or text is None:
        return None
    device, wish = before[:2]
    others = [d for d in house.of(*wish.kinds, *([*wishes.ON_OFF] if wish.service.startswith("turn_") else []))
              if d is not device]
    if not others:
        return None
    other = rng.choice(others)
    naming = commands.name_of(ctx, wish.intent, other)
    if naming is None:
        return None
    case = wishes.outcome(house, wish, other, say(ctx, reference.put(text, naming)))
    return follow(case, [before[2:]])


def the_other(ctx):
    """"no, I meant the desk lamp"."""
    rng = ctx.rng
    before = turn_before(ctx)
    text = line(ctx, "follow.no_the_other")
    if not before or text is None:
        return None
    device, wish = before[:2]
    others = [d for d in ctx.house.of(*wish.kinds) if d is not device]
    if not others:
        return None
    other = rng.choice(others)
    naming = commands.name_of(ctx, wish.intent, other)
    if naming is None:
        return None
    return follow(wishes.outcome(ctx.house, wish, other, say(ctx, reference.put(text, naming))), [before[2:]])


def what_about(ctx):
    """"and the fan?" after a question about another device of the same kind."""
    rng, house = ctx.rng, ctx.house
    text = line(ctx, "follow.what_about")
    able = [(i, own) for i, (kinds, suits, _, _) in questions.QUESTIONS.items()
            if len(own := [d for d in (house.of(*kinds) if kinds else house.devices) if suits(d)]) > 1]
    if text is None or not able:
        return None
    intent, own = rng.choice(able)
    first, second = rng.sample(own, 2)
    phrase = ctx.phrases.pick(rng, intent, "train")
    namings = [reference.unique_reference(rng, house.devices, d, ctx.short) for d in (first, second)]
    if phrase is None or None in namings:
        return None
    answer = questions.QUESTIONS[intent][2]
    before = answer(first, questions.typed(train(ctx), reference.put(phrase.text, reference.with_article(rng, namings[0], first))))
    said = reference.with_article(rng, namings[1], second)
    case = answer(second, language.as_typed(rng, reference.put(text, said), True))
    return follow(case, [(before.user, before.sentence)])


CHOICES = {"follow.choose_first": 0, "follow.choose_second": 1, "follow.choose_last": -1}


def choose(ctx):
    """The answer to an ask-back: a name, a number, both, all."""
    rng, house = ctx.rng, ctx.house
    intent = wishes.draw_intent(rng, house)
    wish = intent and wishes.draw(rng, ctx.phrases, intent, "train", commands.unit_of(house))
    found = wish and commands.ambiguous(train(ctx), wish.devices(house), commands.candidates(ctx, intent))
    if not found:
        return None
    naming, devices = found
    if any(wishes.outcome(house, wish, d, "") is None or wishes.missing(house, wish, d) for d in devices):
        return None
    first = commands.spoken(train(ctx), reference.put(wish.text, reference.with_article(rng, naming)), wish.imperative)
    before = [(first, replies.ask_back(devices))]
    section = rng.choices(["follow.choose_name", "follow.choose_first", "follow.choose_second", "follow.choose_last",
                           "follow.choose_both", "follow.choose_all"], [40, 14, 14, 10, 10, 8])[0]
    text = line(ctx, section)
    if text is None or (section == "follow.choose_both" and len(devices) != 2) or (
            section == "follow.choose_all" and len(devices) < 3):
        return None
    if section in ("follow.choose_both", "follow.choose_all"):
        outcomes = [wishes.outcome(house, wish, d, "") for d in devices]
        if wish.direction:
            return None
        calls = [c for o in outcomes for c in o.calls]
        case = Case("follow_up", say(ctx, text), commands.joint_sentence(wish, devices), calls)
        return follow(case, before)
    device = devices[CHOICES[section]] if section in CHOICES else rng.choice(devices)
    short = reference.unique_reference(rng, devices, device, 0.6)
    if short is None:
        return None
    if rng.random() < 0.4:
        short = " ".join(short.split()[:-1]) or short
        if reference.fits(devices, short) != [device]:
            return None
    said = reference.put(text, reference.with_article(rng, short, device))
    return follow(wishes.outcome(house, wish, device, say(ctx, said)), before)


def is_it_on(ctx):
    rng = ctx.rng
    own = [d for d in ctx.house.of("light", "switch", "fan") if fitting_intents(d)]
    text = line(ctx, "follow.is_it_on")
    if not own or text is None:
        return None
    device = rng.choice(own)
    before = turn_before(ctx, device)
    return before and follow(questions.yes_no(device, device.state == "on", say(ctx, text)), [before[2:]])


def never_mind(ctx):
    pair = ctx.phrases.pair(ctx.rng, "follow.never_mind", ctx.frame_split)
    case = commands.ask_back(train(ctx)) or commands.single(train(ctx))
    if not pair or not case or case.calls:
        return None
    return follow(Case("follow_up", say(ctx, pair[0]), pair[1]), [(case.user, case.sentence)])


KINDS_OF_FOLLOW_UP = [(again, 5), (change, 6), (same_for, 5), (the_other, 2), (what_about, 3), (choose, 7),
                      (is_it_on, 2), (never_mind, 1)]


def follow_up(ctx):
    """One of the above; at times with small talk or another request in between or before."""
    make = ctx.rng.choices([f for f, _ in KINDS_OF_FOLLOW_UP], [w for _, w in KINDS_OF_FOLLOW_UP])[0]
    case = make(ctx)
    if case and ctx.rng.random() < 0.2:  # an older turn that has nothing to do with it
        older = questions.one_device(train(ctx))
        if older:
            case.before = [(older.user, older.sentence), *case.before]
    return case


# What people turn to next, when it has nothing to do with what they just said.
SUBJECTS = [(commands.single, 40), (commands.several, 10), (commands.group, 8), (questions.one_device, 15),
            (questions.counting, 5), (commands.ask_back, 8), (commands.absent, 6), (commands.no_service, 4),
            (talk.out_of_scope, 2), (talk.small_talk, 2)]
POINTS_BACK = re.compile(r"\b(it|its|it's|them|they|that|this|these|those|there|too|again|same|other)\b", re.IGNORECASE)


def new_subject(ctx):
    """A request that stands alone after one or two that it has nothing to do with: not every second
    turn is about the first."""
    rng = ctx.rng
    before = [found[2:] for _ in range(rng.choice([1, 1, 2]))
              if (found := turn_before(ctx) or asked_before(ctx, rng.choice(ctx.house.devices)))]
    case = rng.choices([f for f, _ in SUBJECTS], [w for _, w in SUBJECTS])[0](ctx)
    if not before or not case or POINTS_BACK.search(case.user):
        return None
    case.before = before
    return case
