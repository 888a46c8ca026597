#!/usr/bin/env python3
"""What must hold of the data, on a few hundred random houses:  python3 test_data.py"""

import collections
import random
import re
import unittest

import commands
import house as houses
import phrases as phrase_files
import questions
import reference
import wishes

PHRASES = phrase_files.Phrases()


def house_of(*rows):
    """A house of (kind, name, state) rows."""
    house = houses.random_house(random.Random(1), "train", 2, None)
    house.devices = [houses.Device(kind, f"{kind}.d{i}", name, "", state) for i, (kind, name, state) in enumerate(rows)]
    return house


def occurs(text, sentence):
    return re.search(rf"(?<![a-z0-9]){re.escape(text.lower())}(?![a-z0-9])", sentence.lower())


class Data(unittest.TestCase):
    def test_no_form_of_a_line_is_in_two_splits(self):
        splits = collections.defaultdict(set)
        for key, lines in PHRASES.lines.items():
            for phrase in lines if not key[0].startswith("frame") else ():
                splits[phrase_files.form_of(phrase.text)].add(phrase.split)
        self.assertEqual([f for f, s in splits.items() if len(s) > 1], [])

    def test_sections_that_are_drawn_from_without_asking_have_lines_of_each_split(self):
        for section in ("frame", "frame.any", "frame.question", "context", "out_of_scope"):
            for split in ("train", "valid", "test"):
                self.assertTrue(PHRASES.texts(section, split), f"{section} {split}")

    def test_bare_plurals_mean_all_of_a_kind(self):
        house = house_of(("light", "Garden Lights", "off"), ("light", "Hall Lamp", "off"),
                         ("media_player", "Den Speakers", "off"), ("media_player", "Snug Radio", "off"))
        for seed in range(300):
            rng = random.Random(seed)
            ctx = commands.Context(rng, house, PHRASES, "train", "train", 1.0)
            for device in house.devices:
                self.assertNotIn(reference.unique_reference(rng, house.devices, device, 1.0), ("lights", "speakers"))
            found = commands.ambiguous(ctx, house.devices, house.devices)
            self.assertFalse(found and reference.bare_plural(found[0]), found)

    def test_plural_namings_get_plural_words(self):
        for text, expected in (("why is {d} open, close it", "why are the blinds open, close them"),
                               ("dim {d} as far as it goes", "dim the blinds as far as it goes"),
                               ("close {d}, it's late", "close the blinds, it's late"),
                               ("{d}, is it shut?", "the blinds, is it shut?")):
            self.assertEqual(reference.put(text, "the blinds"), expected)
        said = {reference.with_article(random.Random(seed), "blinds") for seed in range(300)}
        self.assertIn("those blinds", said)
        self.assertNotIn("that blinds", said)

    def test_answers_pass_their_own_checks_and_those_of_no_other_kind_of_refusal(self):
        rng, lists = random.Random(3), {}
        for _ in range(200):
            house = houses.random_house(rng, "train", rng.randint(2, 16), None)
            ctx = commands.Context(rng, house, PHRASES, "train", "train", 0.5)
            for make in (commands.single, commands.ask_back, commands.absent, commands.no_service, questions.one_device):
                case = make(ctx)
                for text in case.says if case else ():
                    self.assertIn(text.lower(), case.sentence.lower())
                for text in case.says_not if case else ():
                    self.assertFalse(occurs(text, case.sentence), (text, case.sentence))
                if case and case.category in ("absent", "no_service"):
                    self.assertTrue(any(t in case.sentence for t in case.says_any), case)
                    lists[case.category] = case
        for a, b in (("absent", "no_service"), ("no_service", "absent")):
            self.assertFalse(any(occurs(t, lists[a].sentence) for t in lists[b].says_any), (lists[a], lists[b].says_any))

    def test_wishes_that_make_sense_are_not_unfit(self):
        self.assertEqual(wishes.UNFIT["cover.half"], ["switch"])
        house = house_of(("lock", "Front Door", "locked"))
        needs = re.compile(r"(i|we) (need|could use|want to use) (the |my |our )?front door( on)?\W*", re.I)
        for seed in range(3000):
            case = commands.unfit(commands.Context(random.Random(seed), house, PHRASES, "train", "train"))
            self.assertFalse(case and needs.fullmatch(case.user), case)

    def test_minimum_is_one(self):
        for intent, argument in (("fan.min", "percentage"), ("media.min", "level")):
            self.assertEqual(wishes.draw(random.Random(1), PHRASES, intent, "train").arguments, {argument: 1})
            self.assertGreater(len(PHRASES.lines[(intent, "", False)]), 24)

    def test_yes_or_no_says_the_state(self):
        case = questions.yes_no(house_of(("light", "Hall Lamp", "off")).devices[0], False, "is it on?")
        self.assertEqual((case.says, case.says_not), (["no", "off"], ["yes", "on"]))

    def test_ask_backs_do_not_name_what_does_not_fit(self):
        house = house_of(("light", "Hall Lamp", "off"), ("light", "Desk Lamp", "off"), ("fan", "Hall Fan", "off"))
        self.assertEqual(commands.asking(house, house.devices[:2], "the lamp").says_not, ["Hall Fan"])

    def test_timers_pause(self):
        rng, shown = random.Random(2), set()
        for _ in range(300):
            house = houses.random_house(rng, "train", 12, None)
            shown |= {re.sub(r"\d", "0", d.shown()) for d in house.of("timer")}
        self.assertEqual(shown, {"idle", "active;00:00:00", "paused;00:00:00"})


if __name__ == "__main__":
    unittest.main()
