"""Prints the table of a growth run, draws it, and exits 1 where something is not flat.

    report.py RESULTS [--json FILE] [--plots FOLDER]

RESULTS has one JSON object a line: the study, how many there were, the round, and the generator's
report. What is judged is the median, over the rounds, of the server's CPU per sign-in at the most as
a multiple of that at the least in the same round: whatever else the machine does falls on both.
"""

import argparse
import json
import pathlib
import statistics
import sys
from collections import defaultdict

import plot

MOST_GROWTH = 1.10
CPU = "server_cpu_seconds_per_sign_in"
DIRECTORY_CPU = "directory_cpu_seconds_per_sign_in"


class Study:
    """What grows: its name in RESULTS, what is counted, and how people sign in."""

    def __init__(self, name, counted, by):
        self.name, self.counted, self.by = name, counted, by


# One plot each; studies of the same thing share one.
PLOTS = {
    "accounts": [
        Study("lookup", "accounts", "by password, looked up each time"),
        Study("remembered", "accounts", "by password, mapping remembered"),
    ],
    "relying-parties": [Study("relying-parties", "relying parties", "by session, at the last one")],
    "sessions": [Study("sessions", "live sessions", "by any of them")],
    "connections": [Study("connections", "idle connections", "by session, on others")],
}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("results", type=pathlib.Path)
    arguments.add_argument("--json", type=pathlib.Path)
    arguments.add_argument("--plots", type=pathlib.Path)
    arguments = arguments.parse_args()

    results = [json.loads(line) for line in arguments.results.read_text().splitlines()]
    reports = defaultdict(lambda: defaultdict(dict))
    for result in results:
        reports[result["study"]][result["count"]][result["round"]] = result["report"]

    is_flat = True
    drawn = {}
    print("of                   number  sign-ins/s  p50 ms  CPU µs  slapd µs"
          "  growth (runs)        at most")
    for name, studies in PLOTS.items():
        drawn[name] = []
        for study in studies:
            if study.name not in reports:
                sys.exit(f"report.py: nothing was measured of {study.name}")
            points, held = tabulated(study, reports[study.name])
            is_flat = is_flat and held
            drawn[name].append((study.by, points))

    if arguments.json:
        figures = {"growth": results, "within_budgets": is_flat}
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    if arguments.plots:
        for name, series in drawn.items():
            picture = plot.drawn(PLOTS[name][0].counted, series, MOST_GROWTH)
            (arguments.plots / f"growth-{name}.svg").write_text(picture, encoding="utf-8")
    sys.exit(0 if is_flat else 1)


def tabulated(study, counts):
    """Prints the lines of a study; its points (count, least, median, most growth), and whether it is
    flat."""
    print(f"{study.counted}, {study.by}")
    smallest, largest = min(counts), max(counts)
    points, held = [], True
    for count in sorted(counts):
        rounds = counts[count]

        def median(name):
            return statistics.median(report[name] for report in rounds.values())

        growth = sorted(
            report[CPU] / counts[smallest][number][CPU] for number, report in rounds.items()
        )
        middle = statistics.median(growth)
        points.append((count, growth[0], middle, growth[-1]))
        verdict = ""
        if count == largest:
            held = middle <= MOST_GROWTH
            verdict = f"  {MOST_GROWTH:7.2f}{'' if held else '  OVER'}"
        print(
            f"{'':18}{count:9}  {median('sign_ins_per_second'):10.0f}  {median('p50_ms'):6.2f}"
            f"  {median(CPU) * 1e6:6.0f}  {median(DIRECTORY_CPU) * 1e6:8.0f}"
            f"  {middle:6.3f} ({growth[0]:.2f} - {growth[-1]:.2f}){verdict}"
        )
    return points, held


main()
