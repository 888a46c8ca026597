"""A few made-up houses in the training format, so that a smoke test needs no generator."""
import json
import random

import tokenizer

ROOMS = ["Kitchen", "Hall", "Garden", "Office", "Attic", "Cellar", "Porch", "Bath"]
KINDS = {"light": "Lamp", "fan": "Fan", "switch": "Plug"}


def house(rng):
    """One line: a system message and on/off requests for its devices."""
    devices = [(kind, room) for kind in KINDS for room in ROOMS]
    devices = rng.sample(devices, rng.randint(2, 5))
    services = ", ".join(f"{kind}.{service}()" for kind in KINDS for service in
                         ("turn_on", "turn_off"))
    rows = "".join(f"\n{kind}.{room.lower()} '{room} {KINDS[kind]}' = {rng.choice(['on', 'off'])}"
                   for kind, room in devices)
    branches = []
    for kind, room in devices:
        way, name = rng.choice(["on", "off"]), f"{room} {KINDS[kind]}"
        call = json.dumps({"service": f"{kind}.turn_{way}",
                           "target_device": f"{kind}.{room.lower()}"})
        branches.append([
            {"role": "user", "content": rng.choice([f"turn {way} the {name.lower()}",
                                                    f"Turn the {name} {way}."])},
            {"role": "assistant",
             "content": f"Turning {way} the {name}.\n```homeassistant\n{call}\n```"}])
    return json.dumps({"system": f"{tokenizer.HEAD} {services}{tokenizer.DEVICES}{rows}",
                       "branches": branches})


def write(folder):
    """Writes train-000.jsonl, train-001.jsonl and valid.jsonl into the folder and returns it."""
    rng = random.Random(1)
    folder.mkdir(parents=True, exist_ok=True)
    for name, n_houses in (("train-000", 400), ("train-001", 400), ("valid", 40)):
        lines = [house(rng) + "\n" for _ in range(n_houses)]
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder
