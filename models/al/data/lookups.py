"""Several rows at once: ids, names or states of devices in any order.

People seldom ask for ids. These cases are there because they are nearly nothing but looking up: each
token of their answers says whether the right row was found, so a network learns to find rows from
them in a fraction of the time (see ../README.md).
"""

import language
import reference
import replies
from case import Case

ASK_IDS = ["ids of {l}?", "what are the ids of {l}?", "which ids do {l} have?", "tell me the ids of {l}",
           "id of {l}?", "what is {l} called inside?", "list the ids of {l}", "give me the ids for {l}"]
ASK_STATES = ["status of {l}?", "what about {l}?", "how are {l} doing?", "tell me the states of {l}",
              "what are {l} doing?", "report on {l}", "show me {l}", "check {l} for me"]
ASK_NAMES = ["which devices are {l}?", "what is {l}?", "what are {l}?", "tell me what {l} is", "name {l}"]


def some_devices(ctx):
    """1 to 6 devices of the house in a random order."""
    devices = ctx.house.devices
    return ctx.rng.sample(devices, min(len(devices), ctx.rng.choice([1, 2, 3, 4, 5, 6])))


def named_by_user(ctx, devices):
    """The devices in a person's words, or None where one is ambiguous."""
    rng = ctx.rng
    namings = [reference.unique_reference(rng, ctx.house.devices, d, ctx.short / 2) for d in devices]
    if None in namings:
        return None
    return language.joined([reference.with_article(rng, n, d) for n, d in zip(namings, devices)])


def asked(ctx, patterns, listed):
    text = ctx.rng.choice(patterns).replace("{l}", listed)
    return language.as_typed(ctx.rng, text, question=text.endswith("?"))


def ids(ctx):
    devices = some_devices(ctx)
    listed = named_by_user(ctx, devices)
    if listed is None:
        return None
    answer = "; ".join(f"the {d.name} is {d.id}" for d in devices)
    return Case("state", asked(ctx, ASK_IDS, listed), answer[0].upper() + answer[1:], says=[d.id for d in devices])


def names(ctx):
    devices = some_devices(ctx)
    answer = "; ".join(f"{d.id} is the {d.name}" for d in devices)
    return Case("state", asked(ctx, ASK_NAMES, language.joined([d.id for d in devices])), answer,
                says=[d.name for d in devices])


def states(ctx):
    devices = some_devices(ctx)
    listed = named_by_user(ctx, devices)
    if listed is None:
        return None
    answer = "; ".join(replies.is_so(d).replace("The", "the", 1) for d in devices)
    return Case("state", asked(ctx, ASK_STATES, listed), answer[0].upper() + answer[1:] + ".",
                says=[d.name for d in devices])
