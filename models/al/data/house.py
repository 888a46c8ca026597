"""A random house: devices with states, the services there are, and its system message."""

import dataclasses

import language
import names
import words

HEAD = "You are 'Al', a helpful AI assistant that controls the devices in a house."

SERVICES = {
    "light": ["turn_on(brightness,rgb_color)", "turn_off()", "toggle()"],
    "switch": ["turn_on()", "turn_off()", "toggle()"],
    "fan": ["turn_on()", "turn_off()", "set_percentage(percentage)"],
    "climate": ["turn_on()", "turn_off()", "set_temperature(temperature)", "set_hvac_mode(hvac_mode)"],
    "cover": ["open()", "close()", "stop()", "set_position(position)"],
    "lock": ["lock()", "unlock()"],
    "media_player": ["turn_on()", "turn_off()", "play()", "pause()", "next_track()", "previous_track()",
                     "volume_set(level)"],
    "timer": ["start(duration)", "cancel()", "pause()"],
    "vacuum": ["start()", "pause()", "return_to_base()"],
    "sensor": [],
    "binary_sensor": [],
}
KIND_WEIGHTS = {"light": 38, "switch": 12, "fan": 9, "climate": 6, "cover": 10, "lock": 7, "media_player": 9,
                "timer": 4, "vacuum": 4, "sensor": 4, "binary_sensor": 4}


@dataclasses.dataclass
class Device:
    """One row. `level` is brightness, speed, position or volume in percent, or None."""
    kind: str
    id: str
    name: str
    room: str
    state: str
    level: int = None
    color: str = ""
    target: float = None
    unit: str = ""
    seconds: int = 0

    def shown(self):
        """The state as it stands in the row."""
        text = self.state
        if self.target is not None and self.state != "off":
            text += f";{self.target:g}{self.unit}"
        if self.level is not None and self.state not in ("off", "closed", "idle"):
            text += f";{self.level}%"
        if self.color and self.state == "on":
            text += f";{self.color}"
        if self.kind == "timer" and self.state in ("active", "paused"):
            text += f";{language.clock(self.seconds)}"
        return text

    def row(self):
        return f"{self.id} '{self.name}' = {self.shown()}"


class House:
    """Devices in the order of the list, and services by kind."""

    def __init__(self, devices, services):
        self.devices = devices
        self.services = services  # full texts, e.g. "light.turn_off()"

    def of(self, *kinds):
        return [d for d in self.devices if d.kind in kinds]

    def has(self, service, parameter=None):
        """Whether "light.turn_on" is there, with the parameter."""
        for text in self.services:
            head, rest = text.split("(", 1)
            if head == service:
                return parameter is None or parameter in rest.rstrip(")").split(",")
        return False

    def system_message(self):
        rows = "\n".join(d.row() for d in self.devices)
        return f"{HEAD}\nServices: {', '.join(self.services)}\nDevices:\n{rows}"

    def as_json(self):
        return {"services": self.services,
                "devices": [{"id": d.id, "name": d.name, "state": d.shown()} for d in self.devices]}


def round_level(rng):
    return rng.choice([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 100,
                       rng.randint(1, 100)])


def random_state(rng, device, unit):
    """Fills the state of a new device."""
    kind = device.kind
    if kind == "light":
        device.state = rng.choice(["on", "off"])
        if rng.random() < 0.6:
            device.level = round_level(rng)
            if rng.random() < 0.45:
                device.color = rng.choice(words.COLORS)
    elif kind == "switch":
        device.state = rng.choice(["on", "off"])
    elif kind == "fan":
        device.state = rng.choice(["on", "off"])
        device.level = round_level(rng) if rng.random() < 0.7 else None
    elif kind == "climate":
        device.state = rng.choice(["off", "heat", "cool", "auto", "heat"])
        device.unit = unit
        device.target = (rng.choice([16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 18.5, 19.5, 20.5, 21.5, 22.5])
                         if unit == "C" else rng.randint(60, 78))
    elif kind == "cover":
        device.state = rng.choice(["open", "closed"])
        if device.state == "open" and rng.random() < 0.5:
            device.level = round_level(rng)
    elif kind == "lock":
        device.state = rng.choice(["locked", "unlocked"])
    elif kind == "media_player":
        device.state = rng.choice(["off", "idle", "on", "playing", "paused", "playing"])
        if device.state in ("on", "playing", "paused"):
            device.level = round_level(rng)
    elif kind == "timer":
        device.state = rng.choices(["idle", "active", "paused"], [45, 40, 15])[0]
        device.seconds = rng.choice([rng.randint(1, 60) * 60, rng.randint(10, 7200)])
    elif kind == "vacuum":
        device.state = rng.choice(["docked", "cleaning", "returning", "paused"])
    elif kind == "sensor":
        device.state = sensor_value(rng, device.name.lower(), unit)
    else:
        device.state = binary_value(rng, device.name.lower())


def sensor_value(rng, name, unit):
    if "humid" in name or "hygro" in name:
        return f"{rng.randint(25, 80)}%"
    if "power" in name:
        return f"{rng.randint(2, 3500)}W"
    if "wind" in name:
        return f"{rng.randint(0, 60)}km/h"
    if "co2" in name or "air" in name:
        return f"{rng.randint(400, 1800)}ppm"
    if "press" in name or "baro" in name:
        return f"{rng.randint(980, 1035)}hPa"
    if unit == "C":
        return f"{rng.randint(80, 320) / 10:g}C"
    return f"{rng.randint(50, 90)}F"


def binary_value(rng, name):
    if "motion" in name:
        return rng.choice(["motion", "clear"])
    if "leak" in name or "water" in name:
        return rng.choice(["wet", "dry"])
    if "smoke" in name:
        return rng.choice(["on", "off"])
    return rng.choice(["open", "closed"])


def random_services(rng, kinds):
    """The services of the kinds; at times one is missing or lights know less."""
    texts = []
    order = list(kinds)
    if rng.random() < 0.7:
        rng.shuffle(order)
    for kind in order:
        own = list(SERVICES[kind])
        if kind == "light":
            own[0] = rng.choices([own[0], "turn_on(brightness)", "turn_on()"], [78, 14, 8])[0]
        if len(own) > 1 and rng.random() < 0.16:
            own.remove(rng.choice(own))
        texts += [f"{kind}.{s}" for s in own]
    return texts


def random_house(rng, split, n_devices, unrelated=None):
    """A house of n devices with names of one split; `unrelated` is the share of ids that do not tell
    the name (None: drawn, often all or none)."""
    namer = names.Namer(rng, split)
    if unrelated is None:
        unrelated = rng.choices([0.0, 0.5, 1.0], [28, 32, 40])[0]
    unit = rng.choices(["C", "F"], [70, 30])[0]
    kinds = rng.choices(list(KIND_WEIGHTS), list(KIND_WEIGHTS.values()), k=n_devices)
    if rng.random() < 0.5:
        kinds.sort(key=lambda k: list(KIND_WEIGHTS).index(k))
    devices, used_names, used_ids = [], set(), set()
    favourite = rng.choice(namer.rooms)
    while len(devices) < n_devices:
        kind = kinds[len(devices)]
        name, room = namer.name(kind)
        if room and rng.random() < 0.25:  # several things in one place
            name, room = name.replace(room, favourite, 1), favourite
        own_id = f"{kind}.{namer.id_for(name, rng.random() >= unrelated)}"
        if name in used_names or own_id in used_ids or len(name) > 34:
            continue
        used_names.add(name)
        used_ids.add(own_id)
        shown = names.title(name) if rng.random() < 0.92 else name
        device = Device(kind, own_id, shown, room, "")
        random_state(rng, device, unit)
        devices.append(device)
    present = dict.fromkeys(kinds)
    extra = [k for k in SERVICES if k not in present and SERVICES[k] and rng.random() < 0.12]
    return House(devices, random_services(rng, [k for k in [*present, *extra] if SERVICES[k]]))
