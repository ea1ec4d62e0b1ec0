"""Prints the table of a run beside each other, and exits 1 where the claim does not hold.

    report.py RESULTS

RESULTS has one JSON object a line: the product, and the generator's report. The claim is that
Homerealm takes ten times less CPU a sign-in than the better of the others, in each mode that one of
them can do, for each number of people at once.
"""

import json
import sys
from collections import defaultdict

LEAST_RATIO = 10
OURS = "homerealm"
NAMES = {
    "homerealm": "Homerealm",
    "simplesamlphp": "SimpleSAMLphp",
    "lemonldap": "LemonLDAP::NG",
}


def main():
    kinds = defaultdict(dict)
    with open(sys.argv[1], encoding="utf-8") as results:
        for line in results:
            result = json.loads(line)
            report = result["report"]
            kinds[report["mode"], report["concurrency"]][result["product"]] = report

    print("mode      at once  product        sign-ins/s  p50 ms  p99 ms  CPU µs  signature µs"
          "  signatures  PSS MiB  times ours  signature aside")
    held = []
    for (mode, people), reports in kinds.items():
        ours = reports.get(OURS)
        others = {name: report for name, report in reports.items() if name != OURS}
        if ours is None or not others:
            continue

        def cpu(report):
            return report["server_cpu_seconds_per_sign_in"]

        def rest(report):
            return cpu(report) - report["signature_cpu_seconds"]

        best = min(others, key=lambda name: cpu(others[name]))
        for name, report in reports.items():
            ratio = "" if name == OURS else (
                f"{cpu(report) / cpu(ours):10.1f}  {rest(report) / rest(ours):15.0f}"
            )
            verdict = ""
            if name == best:
                held.append(cpu(report) >= LEAST_RATIO * cpu(ours))
                verdict = "" if held[-1] else f"  UNDER {LEAST_RATIO}"
            print(
                f"{mode:8}  {people:7}  {NAMES[name]:13}  {report['sign_ins_per_second']:10.0f}"
                f"  {report['p50_ms']:6.2f}  {report['p99_ms']:6.2f}  {cpu(report) * 1e6:6.0f}"
                f"  {report['signature_cpu_seconds'] * 1e6:12.0f}"
                f"  {report['signatures_per_sign_in']:10.2f}"
                f"  {report['server_proportional_kib'] / 1024:7.0f}  {ratio}{verdict}".rstrip()
            )
    if not held:
        print("report: nothing to compare", file=sys.stderr)
        sys.exit(2)
    print()
    print(f"At least {LEAST_RATIO} times less CPU than the better of the others:"
          f" {sum(held)} of {len(held)} hold")
    sys.exit(0 if all(held) else 1)


main()
