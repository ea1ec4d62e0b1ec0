"""Messages that cost more to read than to send."""

import threading
import time

from ..lab import cost
from ..namespaces import POST, PROTOCOL, REDIRECT
from ..requirement import attack, need

# What one request may cost: far above an honest one, far below an outage.
SECONDS = 5
MEBIBYTES = 64


def _cost(idp, request, binding):
    """Sends a request; the seconds that the server computed (or took, where that cannot be seen), and
    the MiB that it grew by meanwhile."""
    process, most, done = idp.subject.process, [0], threading.Event()
    # Once before, so that everything is there that an ordinary request needs.
    idp.ask(idp.browser(), idp.request())
    begun = time.monotonic()
    before = cost(process) if process else None

    def watch():
        while not done.wait(0.02):
            most[0] = max(most[0], cost(process).mebibytes)

    watcher = threading.Thread(target=watch, daemon=True)
    if process:
        watcher.start()
    try:
        idp.ask(idp.browser(), request, binding=binding)
    except OSError:
        # Hanging up is an answer, too.
        pass
    done.set()
    if not process:
        return time.monotonic() - begun, 0
    watcher.join()
    return cost(process).cpu_seconds - before.cpu_seconds, max(0, most[0] - before.mebibytes)


def _bounded(idp, request, binding):
    seconds, grown = _cost(idp, request, binding)
    told = f"{seconds:.1f} s of computing, {grown:.0f} MiB more"
    need(seconds < SECONDS and grown < MEBIBYTES, told)
    need(idp.is_alive(), "nobody is signed in any more")
    return told


@attack("attack.8.laughs", "class 8: billion laughs",
        f"Entities within entities cost less than {SECONDS} s and {MEBIBYTES} MiB.")
def laughs(idp):
    lines = ['<!ENTITY l0 "lol">']
    lines += [f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 10)]
    request = f"<!DOCTYPE samlp:AuthnRequest [{''.join(lines)}]>" + idp.request(issuer="&l9;")
    return _bounded(idp, request, POST)


@attack("attack.9.attributes", "class 9: RUSTSEC-2026-0194",
        f"Twenty thousand attributes in one element cost less than {SECONDS} s and {MEBIBYTES} MiB.")
def attributes(idp):
    return _bounded(idp, idp.request(
        attributes=" ".join(f'a{at}="x"' for at in range(20_000))), POST)


@attack("attack.9.namespaces", "class 9: RUSTSEC-2026-0195",
        f"Twenty thousand namespaces cost less than {SECONDS} s and {MEBIBYTES} MiB.")
def namespaces(idp):
    return _bounded(idp, idp.request(
        attributes=" ".join(f'xmlns:a{at}="u:{at}"' for at in range(20_000))), POST)


@attack("attack.9.depth", "class 9",
        f"Fifty thousand elements within each other cost less than {SECONDS} s and {MEBIBYTES} MiB.")
def depth(idp):
    inside = "<x>" * 50_000 + "</x>" * 50_000
    return _bounded(idp, idp.request(
        children=f"<samlp:Extensions xmlns:samlp='{PROTOCOL}'>{inside}</samlp:Extensions>"), POST)


@attack("attack.10.deflate", "class 10: CVE-2026-2575, CVE-2025-25293",
        f"A query of 7 KB that inflates to 5 MB costs less than {SECONDS} s and {MEBIBYTES} MiB.")
def deflate(idp):
    request = idp.request(children="<!--" + " " * 5_000_000 + "-->")
    return _bounded(idp, request, REDIRECT)
