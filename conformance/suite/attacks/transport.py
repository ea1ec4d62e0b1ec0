"""HTTP and TLS. Where another server is in front of the subject, that one is asked."""

import contextlib
import ssl
import time

from ..namespaces import POST
from ..requirement import NotApplicable, attack, hardening, need


def _own(idp):
    """Only for subjects that speak HTTP and TLS themselves: for others it is a matter of the server
    in front, which the suite has set up itself."""
    if idp.subject.front:
        raise NotApplicable(f"{idp.subject.front} is in front of it")


@attack("attack.19.framing", "class 19: request smuggling",
        "A request whose length can be read in two ways is refused, and nothing behind it is served.")
def framing(idp):
    raw = idp.raw()
    path = "/smuggled"
    hidden = f"GET {path} HTTP/1.1\r\nHost: {raw.authority}\r\n\r\n"
    head = f"POST / HTTP/1.1\r\nHost: {raw.authority}\r\nContent-Type: text/plain\r\n"
    variants = {
        "Content-Length and chunks":
            f"Content-Length: {5 + len(hidden)}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
        "two lengths": f"Content-Length: 0\r\nContent-Length: {len(hidden)}\r\n\r\n{hidden}",
        "chunks spelled otherwise":
            f"Content-Length: 0\r\nTransfer-Encoding: xchunked\r\n\r\n{hidden}",
        "a length with a sign": f"Content-Length: +0\r\n\r\n{hidden}",
    }
    for name, rest in variants.items():
        found = raw.send((head + rest).encode())
        need(len(found) <= 1, f"{name}: {len(found)} answers")
        # With both, chunks may count and the connection must end (RFC 9112 6.1).
        refused = found[0].status in (0, *range(400, 600))
        need(refused or "chunks" in name, f"{name}: status {found[0].status}")


@attack("attack.19.large", "class 19, class 9",
        "Headers and bodies of many megabytes are refused before they are held in memory.")
def large(idp):
    raw = idp.raw()
    head = f"GET / HTTP/1.1\r\nHost: {raw.authority}\r\nX-Large: " + "x" * 2_000_000 + "\r\n\r\n"
    status = raw.send(head.encode())[0].status
    need(status in (0, 400, 413, 414, 431), f"a header of 2 MB: status {status}")
    need(idp.is_alive(), "nobody is signed in any more")
    body = "SAMLRequest=" + "A" * 30_000_000
    begun = time.monotonic()
    with contextlib.suppress(OSError):
        shown = idp.browser().post(idp.endpoint("SingleSignOnService", POST), body, headers={
            "Content-Type": "application/x-www-form-urlencoded"})
        need(getattr(shown, "sign_in_form", None) is None, "a body of 30 MB is taken")
    need(time.monotonic() - begun < 10, "a body of 30 MB takes more than ten seconds")
    need(idp.is_alive(), "nobody is signed in any more")


@attack("attack.19.slow", "class 19: slow headers and bodies",
        "A hundred connections that send half a request keep nobody else out.")
def slow(idp):
    raw = idp.raw()
    half = f"POST / HTTP/1.1\r\nHost: {raw.authority}\r\nContent-Length: 100\r\n\r\nx".encode()
    begun = time.monotonic()
    need(idp.is_alive(), "nobody can sign in")
    alone = time.monotonic() - begun
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            connection = stack.enter_context(contextlib.closing(raw.connect()))
            connection.sendall(half)
        begun = time.monotonic()
        need(idp.is_alive(), "nobody is signed in any more")
        seconds = time.monotonic() - begun
    told = f"a sign-in takes {seconds:.1f} s, alone {alone:.1f} s"
    need(seconds < max(5, 5 * alone), told)
    return told


@attack("attack.22.old-tls", "class 22: RFC 8996",
        "TLS 1.0 and 1.1 are refused.")
def old_tls(idp):
    _own(idp)
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        try:
            connection = idp.raw().connect(minimum_version=version, maximum_version=version)
        except (ssl.SSLError, OSError):
            continue
        connection.close()
        need(False, f"{version.name} is spoken")


@hardening("attack.22.hsts", "class 22: RFC 6797",
           "Browsers are told to come by https alone (Strict-Transport-Security).")
def hsts(idp):
    _own(idp)
    page = idp.ask(idp.browser(), idp.request())
    found = {name.lower() for name in page.headers}
    need("strict-transport-security" in found, "no such header")
