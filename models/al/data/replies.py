"""What Al says: one sentence that names the device first, then the calls."""

import json

import language
import reference

JSON_HEAD = "\n```homeassistant\n"
JSON_TAIL = "\n```"


def call(service, device, **arguments):
    """A call as it stands in the reply: service, target, then the arguments."""
    return {"service": f"{device.kind}.{service}", "target_device": device.id, **arguments}


def with_calls(sentence, calls):
    if not calls:
        return sentence
    return sentence + JSON_HEAD + "\n".join(json.dumps(c) for c in calls) + JSON_TAIL


def described(device):
    """A device's state in words, to stand after "is": "on at 80% in red"."""
    state, level = device.state, device.level
    if device.kind == "light" and state == "on":
        return "on" + (f" at {level}%" if level is not None else "") + (
            f" in {device.color}" if device.color and level is not None else "")
    if device.kind == "fan" and state == "on":
        return "on" + (f" at {level}%" if level is not None else "")
    if device.kind == "climate" and state != "off":
        return f"set to {state} at {device.target:g}{device.unit}"
    if device.kind == "cover" and state == "open" and level is not None:
        return f"open at {level}%"
    if device.kind == "media_player" and level is not None and state != "off":
        return f"{state} at {level}%"
    if device.kind == "timer" and state in ("active", "paused"):
        return f"{state} with {language.clock(device.seconds)} left"
    if device.kind == "sensor":
        return f"at {state}"
    return {"motion": "seeing motion"}.get(state, state)


def is_so(device):
    """"The Kitchen Light is on at 80%", "The Curtains are closed"."""
    return f"The {device.name} {'are' if reference.is_plural(device.name) else 'is'} {described(device)}"


def named(devices, joint="and"):
    """"the Floor Lamp and the Desk Lamp"."""
    return language.joined([f"the {d.name}" for d in devices]).replace(" and the ", f" {joint} the ")


def ask_back(devices):
    return f"Which one do you mean: {named(devices, 'or')}?"


# What a refusal of each kind says, any of it; absent: also "no NOUN".
REFUSALS = {
    "absent": ["find", "isn't here", "isn't in", "not in this house", "don't have", "don't see", "there is no", "there's no"],
    "no_service": ["not available", "isn't available", "can't do", "cannot do", "can't be done", "has no", "unable to do",
                   "not able to do", "doesn't support"],
    "out_of_scope": ["can't", "cannot", "not available", "don't", "no ", "isn't", "unable"],
}


def absent(what):
    return f"I can't find {what} in this house."


def missing_service(service):
    return f"I can't do that: {service} is not available here."


def missing_parameter(service, parameter):
    return f"I can't do that: {service} has no {parameter} here."


def unfit(device):
    return f"I can't do that with the {device.name}."


OUT_OF_SCOPE = "I can't help with that; I only look after the devices in this house."
