"""usage: python -m suite [--subject NAME]... [--only ID] [--json FILE] [--page FILE]
       python -m suite --write-metadata FOLDER

Judges identity providers one after the other. SUBJECT is homerealm, simplesamlphp, lemonldap-ng or
external; without one, that of the environment variable SAML_TEST_SUBJECT, else the first three.
--only takes the beginning of the requirements' names. --page fills the tables of a page in.
--write-metadata writes the metadata of the relying parties, whose keys CONFORMANCE_KEYS keeps.
"""

import argparse
import os
import pathlib
import sys
import time

from . import attacks, relying_party, report, requirements, subjects  # noqa: F401 (they register themselves)
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
    parser.add_argument("--write-metadata", metavar="FOLDER")
    given = parser.parse_args()
    if given.write_metadata:
        for party in relying_party.ALL:
            file = pathlib.Path(given.write_metadata) / f"{party.name}.xml"
            file.write_text(party.metadata())
        return
    chosen = given.subject or os.environ.get("SAML_TEST_SUBJECT", "").split()
    chosen = chosen or ["homerealm", "simplesamlphp", "lemonldap-ng"]
    results = [judge(name, given.only, sys.stdout) for name in chosen]
    print("\n" + report.summary(results))
    if given.json:
        pathlib.Path(given.json).write_text(report.to_json(results))
    if given.page:
        report.fill(pathlib.Path(given.page), results)
    sys.exit(report.exit_code(results))


main()
