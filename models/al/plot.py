#!/usr/bin/python3
"""Draws log.jsonl of a training run as SVG: losses over time, and the share of right answers."""
import argparse
import json
import pathlib

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 400, 56, 36, 56, 44
COLORS = {"loss": "#7a8899", "valid_loss": "#1f5fa8", "exact": "#c2571a", "exact_calls": "#2d8a4e"}
NAMES = {"loss": "training loss", "valid_loss": "validation loss", "exact": "whole answers right",
         "exact_calls": "calls right"}
SHARES = ("exact", "exact_calls")


def ticks(top):
    """About five round values from 0 to top."""
    step = next(s for s in (0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 600, 1e9)
                if top / s <= 6)
    return [i * step for i in range(int(top / step + 1e-9) + 1)]


class Chart:
    """Minutes to the right; losses up on the left scale, shares of 0 to 100 % on the right one."""

    def __init__(self, minutes, loss):
        self.minutes, self.loss, self.parts = minutes, loss, []

    def x(self, minutes):
        return LEFT + minutes / self.minutes * (WIDTH - LEFT - RIGHT)

    def y(self, share):
        return HEIGHT - BOTTOM - min(1, max(0, share)) * (HEIGHT - TOP - BOTTOM)

    def text(self, x, y, words, anchor="middle", color="#333"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}">'
                          f"{words}</text>")

    def line(self, points, color, width):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" '
                          f'stroke-width="{width}"/>')

    def axes(self):
        for value in ticks(self.loss):
            y = self.y(value / self.loss)
            self.line([(LEFT, y), (WIDTH - RIGHT, y)], "#ddd", 1)
            self.text(LEFT - 6, y + 4, f"{value:g}", "end")
        for percent in range(0, 101, 20):
            self.text(WIDTH - RIGHT + 6, self.y(percent / 100) + 4, f"{percent}%", "start")
        for value in ticks(self.minutes):
            self.text(self.x(value), HEIGHT - BOTTOM + 18, f"{value:g}")
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "minutes of training")

    def curve(self, key, points, place):
        top = 1 if key in SHARES else self.loss
        self.line([(self.x(m), self.y(v / top)) for m, v in points], COLORS[key],
                  1 if key == "loss" else 2)
        self.text(LEFT + place * 170, TOP - 14, NAMES[key], "start", COLORS[key])

    def svg(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                f'font-family="sans-serif" font-size="12">\n'
                f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=pathlib.Path, help="log.jsonl")
    parser.add_argument("out", type=pathlib.Path, help="the SVG to write")
    args = parser.parse_args()
    records = [json.loads(line) for line in args.log.read_text().splitlines()]
    curves = {key: [(r["minutes"], r[key]) for r in records if key in r] for key in NAMES}
    if not curves["loss"]:
        parser.error(f"{args.log}: found no line with a loss")
    losses = sorted(value for _, value in curves["loss"])
    # The first steps' losses would press all others to the floor.
    chart = Chart(max(r["minutes"] for r in records) or 1, losses[int(len(losses) * 0.97)] * 1.05)
    chart.axes()
    for place, (key, points) in enumerate(curves.items()):
        chart.curve(key, points, place)
    args.out.write_text(chart.svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
