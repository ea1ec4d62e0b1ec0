"""Prints the table of a load run, and exits 1 where a budget does not hold.

    report.py FOLDER [JSON]

FOLDER/results has one JSON object a line: the transport, and the generator's report. Of the runs of one
kind, each figure is the median. FOLDER/startup.json is startup.py's, FOLDER/sessions.json the report of
a run with many live sessions. All figures go to the file JSON, too. That there was no error at all is
the generator's to see.
"""

import json
import pathlib
import statistics
import sys
from collections import defaultdict

# Server CPU of a sign-in, as a multiple of one RSA-2048 signature; TLS may add a tenth to a session.
# WS-Federation is by session, WS-Trust by password.
MOST_SIGNATURES = {
    ("plain", "session"): 1.25,
    ("TLS", "session"): 1.35,
    ("plain", "wsfed"): 1.25,
    ("TLS", "wsfed"): 1.35,
    ("plain", "password"): 1.75,
    ("TLS", "password"): 1.75,
    ("plain", "wstrust"): 1.75,
    ("TLS", "wstrust"): 1.75,
}
MOST_FIRST_ANSWER_MS = 50
MOST_IDLE_KIB = 20 * 1024
MOST_SESSIONS_KIB = 96 * 1024
MOST_BINARY_BYTES = 15_000_000
# At this concurrency, how many times the median the slowest hundredth may take.
TAIL_CONCURRENCY = 32
MOST_TAIL = 3


def main():
    folder, *json_path = map(pathlib.Path, sys.argv[1:])
    results = [json.loads(line) for line in (folder / "results").read_text().splitlines()]
    startup = json.loads((folder / "startup.json").read_text())
    sessions = json.loads((folder / "sessions.json").read_text())
    kinds = defaultdict(list)
    for result in results:
        report = result["report"]
        kinds[result["transport"], report["mode"], report["concurrency"]].append(report)

    verdicts = []

    def verdict(held):
        verdicts.append(held)
        return "" if held else "  OVER"

    print("transport  mode      at once  sign-ins/s  p50 ms  p99 ms  p99/p50  CPU µs"
          "  signature µs  ratio (runs)        at most")
    for (transport, mode, concurrency), reports in kinds.items():
        def median(name):
            return statistics.median(report[name] for report in reports)

        ratios = sorted(report["signatures_per_sign_in"] for report in reports)
        ratio = statistics.median(ratios)
        most = MOST_SIGNATURES[transport, mode]
        tail = statistics.median(report["p99_ms"] / report["p50_ms"] for report in reports)
        is_held = ratio <= most
        if concurrency == TAIL_CONCURRENCY:
            is_held = is_held and tail <= MOST_TAIL
        print(
            f"{transport:9}  {mode:8}  {concurrency:7}  {median('sign_ins_per_second'):10.0f}"
            f"  {median('p50_ms'):6.2f}  {median('p99_ms'):6.2f}"
            f"  {tail:7.2f}"
            f"  {median('server_cpu_seconds_per_sign_in') * 1e6:6.0f}"
            f"  {median('signature_cpu_seconds') * 1e6:12.0f}"
            f"  {ratio:5.3f} ({ratios[0]:.2f} - {ratios[-1]:.2f})  {most:7.2f}"
            f"{verdict(is_held)}"
        )

    print(f"\np99/p50 at {TAIL_CONCURRENCY} at once: at most {MOST_TAIL}; errors: none\n")
    for name, value, most, unit in (
        ("exec to first answer", startup["first_answer_ms"], MOST_FIRST_ANSWER_MS, "ms"),
        ("resident when idle", startup["idle_kib"], MOST_IDLE_KIB, "KiB"),
        ("with 100,000 sessions", sessions["server_resident_kib"], MOST_SESSIONS_KIB, "KiB"),
        ("binary", startup["binary_bytes"], MOST_BINARY_BYTES, "bytes"),
    ):
        print(f"{name:21}  {value:10.0f} {unit}, at most {most}{verdict(value <= most)}")
    for path in json_path:
        figures = {
            "load": results,
            "startup": startup,
            "sessions": sessions,
            "within_budgets": all(verdicts),
        }
        path.write_text(json.dumps(figures, indent=1) + "\n")
    sys.exit(0 if all(verdicts) else 1)


main()
