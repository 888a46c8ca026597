"""Small talk, and what is none of a house assistant's business."""

import language
import replies
from case import Case, refusal

TALK = {"talk.hello": 5, "talk.thanks": 5, "talk.who": 5, "talk.what_can_you_do": 5, "talk.good_night": 3,
        "talk.how_are_you": 3, "talk.listening": 2, "talk.private": 2, "talk.praise": 2, "talk.bye": 2,
        "talk.sorry": 1, "talk.bored_or_mood": 2, "talk.joke": 1}


def small_talk(ctx):
    rng = ctx.rng
    pair = ctx.phrases.pair(rng, rng.choices(list(TALK), list(TALK.values()))[0], ctx.frame_split)
    if pair is None:
        return None
    user, answer = pair
    says = ["Al"] if "Al" in answer.replace("'", " ").replace(",", " ").replace(".", " ").split() else []
    return Case("small_talk", language.as_typed(rng, user, user.endswith("?")), answer, says=says)


def out_of_scope(ctx):
    rng = ctx.rng
    user = rng.choice(ctx.phrases.texts("out_of_scope", ctx.frame_split))
    if rng.random() < 0.12:
        user = rng.choice(["al, ", "hey al, ", "please ", "hey, "]) + user
    return refusal("out_of_scope", language.as_typed(rng, user, user.endswith("?")), replies.OUT_OF_SCOPE)
