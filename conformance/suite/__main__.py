"""usage: python -m suite [--subject NAME]... [--only ID] [--json FILE] [--page FILE]

Judges identity providers one after the other. SUBJECT is homerealm, simplesamlphp, lemonldap-ng or
external; without one, that of the environment variable SAML_TEST_SUBJECT, else the first three.
--only takes the beginning of the requirements' names. --page fills the tables of a page in.
"""

import argparse
import os
import pathlib
import sys
import time

from . import attacks, report, requirements, subjects  # noqa: F401 (they register themselves)
from .identity_provider import IdentityProvider
from .lab import Lab
from .requirement import ALL, Verdict

MARKS = {Verdict.PASS: "ok", Verdict.FAIL: "FAIL", Verdict.NOT_APPLICABLE: "n/a",
         Verdict.UNDECIDED: "????"}


def judge(name, only, out):
    """One subject, started, judged and stopped."""
    lab = Lab()
    try:
        subject = subjects.start(name, lab)
        print(f"== {subject.name} {subject.version}", file=out, flush=True)
        if not IdentityProvider(subject).is_alive():
            # Everything would be kept by somebody who answers nothing.
            raise SystemExit(f"nobody can sign in at {subject.name}")
        idp, begun, verdicts = IdentityProvider(subject), time.monotonic(), []
        for requirement in ALL:
            if not requirement.id.startswith(only):
                continue
            verdict, evidence = requirement.judge(idp)
            verdicts.append((requirement, (verdict, evidence)))
            line = f"{MARKS[verdict]:5}{requirement.level.value:10}{requirement.id:32} {evidence}"
            print(line[:400], file=out, flush=True)
            if verdict is Verdict.FAIL:
                print(f"     {requirement.place}: {requirement.sentence}", file=out, flush=True)
        return report.result(subject, verdicts, time.monotonic() - begun)
    finally:
        lab.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subject", action="append")
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    parser.add_argument("--page")
    given = parser.parse_args()
    chosen = given.subject or os.environ.get("SAML_TEST_SUBJECT", "").split()
    chosen = chosen or ["homerealm", "simplesamlphp", "lemonldap-ng"]
    results = [judge(name, given.only, sys.stdout) for name in chosen]
    print("\n" + report.summary(results))
    if given.json:
        pathlib.Path(given.json).write_text(report.to_json(results))
    if given.page:
        fill(pathlib.Path(given.page), results)
    sys.exit(report.exit_code(results))


def fill(page, results):
    """Puts the tables between the page's marks."""
    text = page.read_text()
    for name, made in (("summary", report.summary), ("table", report.table),
                       ("failures", report.failures)):
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = before + begin + "\n" + made(results) + "\n" + end + after
    page.write_text(text)


main()
