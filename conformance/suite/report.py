"""Results of one or several subjects, as a table for people and as JSON for programs."""

import collections
import json

from .requirement import ALL, Level, Verdict


def to_json(results):
    """Each subject's verdicts with their evidence."""
    return json.dumps(results, indent=1, ensure_ascii=False) + "\n"


def result(subject, verdicts, seconds):
    """What is kept of one run: of each requirement its verdict and evidence."""
    return {
        "subject": subject.name,
        "version": subject.version,
        "seconds": round(seconds),
        "verdicts": {
            each.id: {"level": each.level.value, "verdict": verdict.value, "evidence": evidence}
            for each, (verdict, evidence) in verdicts
        },
    }


def summary(results):
    """How many of each level are kept."""
    lines = ["| | " + " | ".join(f"{each['subject']} {each['version']}" for each in results) + " |"]
    lines.append("| --- " * (len(results) + 1) + "|")
    for level in Level:
        cells = []
        for each in results:
            of_level = [one for one in each["verdicts"].values() if one["level"] == level.value]
            count = collections.Counter(one["verdict"] for one in of_level)
            asked = count["pass"] + count["fail"]
            cells.append(f"{count['pass']} of {asked}")
        lines.append(f"| {level.value} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def table(results):
    """Each requirement, with the verdict on each subject."""
    lines = ["| | what is asked | where from | " + " | ".join(
        each["subject"] for each in results) + " |"]
    lines.append("| --- " * (len(results) + 3) + "|")
    for each in sorted(ALL, key=_order):
        cells = [one["verdicts"].get(each.id, {"verdict": "-"})["verdict"] for one in results]
        cells = ["**fail**" if cell == Verdict.FAIL.value else cell for cell in cells]
        said = _cell(each.sentence)
        lines.append(f"| `{each.id}` ({each.level.value}) | {said} | {_cell(each.place)} | "
                     + " | ".join(cells) + " |")
    return "\n".join(lines)


def failures(results):
    """What was seen where a requirement is not kept."""
    lines = []
    for each in results:
        lines.append(f"### {each['subject']} {each['version']}\n")
        failed = [(asked, each["verdicts"].get(asked.id)) for asked in sorted(ALL, key=_order)]
        failed = [(asked, one) for asked, one in failed if one and one["verdict"] == "fail"]
        lines += [f"- `{asked.id}` ({one['level']}; {_plain(asked.place)}): {_plain(asked.sentence)} "
                  f"Seen: {_plain(one['evidence'])}." for asked, one in failed]
        lines += [] if failed else ["Nothing."]
        lines.append("")
    return "\n".join(lines).rstrip()


def _order(requirement):
    """What the specifications demand first, as it is written down; then attacks by their class."""
    words = requirement.id.split(".")
    return int(words[1]) if words[0] == "attack" else 0


def _cell(text):
    return _plain(text).replace("|", "\\|")


def _plain(text):
    return " ".join(text.split()).replace("<", "&lt;").replace(">", "&gt;")


def fill(page, results):
    """Puts the tables between the page's marks."""
    text = page.read_text()
    for name, made in (("summary", summary), ("table", table),
                       ("failures", failures)):
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = before + begin + "\n" + made(results) + "\n" + end + after
    page.write_text(text)


def exit_code(results):
    """1 where a MUST or an attack failed, 2 where the suite could not decide, else 0."""
    found = [one for each in results for one in each["verdicts"].values()]
    if any(one["verdict"] == Verdict.UNDECIDED.value for one in found):
        return 2
    weighty = (Level.MUST.value, Level.ATTACK.value)
    return int(any(one["verdict"] == "fail" and one["level"] in weighty for one in found))
