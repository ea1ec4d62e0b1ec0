"""Prints what a shared store costs a node, and exits 1 where it costs too much.

    shared_store.py RESULTS

RESULTS has one JSON object a line: which store, Redis's CPU before and after, and the generator's report.
A run with the store follows one without it; each figure is the median of the ratios of such pairs.
"""

import json
import statistics
import sys
from collections import defaultdict

# What a node must do with the store, as a part of what it does without.
LEAST = 0.85


def main():
    runs = defaultdict(lambda: defaultdict(list))
    with open(sys.argv[1], encoding="utf-8") as results:
        for line in results:
            result = json.loads(line)
            runs[result["report"]["concurrency"]][result["store"]].append(result)

    print("at once  store   sign-ins/s  p50 ms  p99 ms  server CPU µs  Redis's CPU µs")
    held = bool(runs)
    for concurrency, stores in runs.items():
        for store in ("alone", "shared"):
            def median(of):
                return statistics.median(map(of, stores[store]))

            def of_redis(result):
                before, after = result["redis"]
                return (after - before) / result["report"]["sign_ins"]

            print(
                f"{concurrency:7}  {store:6}"
                f"  {median(lambda one: one['report']['sign_ins_per_second']):10.0f}"
                f"  {median(lambda one: one['report']['p50_ms']):6.2f}"
                f"  {median(lambda one: one['report']['p99_ms']):6.2f}"
                f"  {median(lambda one: one['report']['server_cpu_seconds_per_sign_in']) * 1e6:13.0f}"
                f"  {median(of_redis) * 1e6:14.0f}"
            )
        pairs = list(zip(stores["alone"], stores["shared"], strict=True))
        by_cpu = sorted(
            alone["report"]["server_cpu_seconds_per_sign_in"]
            / shared["report"]["server_cpu_seconds_per_sign_in"]
            for alone, shared in pairs
        )
        by_clock = statistics.median(
            shared["report"]["sign_ins_per_second"] / alone["report"]["sign_ins_per_second"]
            for alone, shared in pairs
        )
        ratio = statistics.median(by_cpu)
        is_good = ratio >= LEAST
        # One person at a time pays for being woken twice more, and says nothing of throughput.
        counts = concurrency > 1
        held = held and (is_good or not counts)
        print(
            f"{concurrency:7}  a node does {ratio:.3f} ({by_cpu[0]:.2f} - {by_cpu[-1]:.2f})"
            f" of what it does alone, by its CPU"
            + (f"; at least {LEAST}{'' if is_good else '  UNDER'}" if counts else "")
            + f"; {by_clock:.3f} by the clock, Redis and generator on the same machine"
        )
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
