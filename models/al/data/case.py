"""One request with its right answer: what training learns and what a test checks."""

import dataclasses
import json

import replies


@dataclasses.dataclass
class Case:
    """`before` are the turns before, as (user, assistant) pairs; `sentence` is what Al says, `calls`
    what it does. The says lists are a test's: texts that must (not) occur in the sentence."""
    category: str
    user: str
    sentence: str
    calls: list = dataclasses.field(default_factory=list)
    says: list = dataclasses.field(default_factory=list)
    says_any: list = dataclasses.field(default_factory=list)
    says_not: list = dataclasses.field(default_factory=list)
    before: list = dataclasses.field(default_factory=list)

    def reply(self):
        return replies.with_calls(self.sentence, self.calls)

    def messages(self):
        """The conversation without the last reply."""
        turns = []
        for user, assistant in self.before:
            turns += [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]
        return turns + [{"role": "user", "content": self.user}]

    def branch(self):
        return self.messages() + [{"role": "assistant", "content": self.reply()}]

    def as_test(self, house, axes):
        test = {"axes": axes, "category": self.category, "house": house.as_json(), "messages": self.messages(),
                "calls": self.calls}
        for key in ("says", "says_any", "says_not"):
            if getattr(self, key):
                test[key] = getattr(self, key)
        return json.dumps(test)


def refusal(category, user, sentence):
    return Case(category, user, sentence, says_any=replies.REFUSALS[category])


def absent_refusal(user, what):
    """For a device that is not there: "the garage light", "any blinds"."""
    return Case("absent", user, replies.absent(what), says_any=[*replies.REFUSALS["absent"], f"no {what.split()[-1]}"])
