"""Names and passwords."""

import concurrent.futures
import secrets
import time

from ..browser import Delivered
from ..requirement import NotApplicable, attack, hardening, need

# How many failures a directory can bear of one account before it locks it, as most are set up.
TRIES = 20
BEARABLE = 10


def _try(idp, name, password, headers=None):
    """What comes of a name and a password."""
    browser = idp.browser(headers)
    page = idp.ask(browser, idp.request())
    return browser.sign_in(page, name, password)


def _is_in(shown):
    return isinstance(shown, Delivered) and "SAMLResponse" in shown.fields


@attack("attack.13.injection", "class 13: LDAP injection",
        "A name is no filter: none with stars, brackets or escapes finds anybody.")
def injection(idp):
    name, password = idp.person
    local, _, domain = name.partition("@")
    names = ["*", f"{local}*", f"*{domain}", f"{name})(objectClass=*", f"*)(mail={name}",
             f"x)(|(mail={name}", "\\2a", f"{local}\\40{domain}x", f"(mail={name})"]
    taken = [each for each in names if _is_in(_try(idp, each, password))]
    need(not taken, f"signed in as {taken}")


@hardening("attack.13.nul", "class 13",
           "A name does not end at NUL: what has one in it is another name.")
def nul(idp):
    name, password = idp.person
    need(not _is_in(_try(idp, f"{name}\x00", password)), "it is the name before it")


@attack("attack.14.empty", "class 14: RFC 4513 5.1.2, PR 23633 of open-webui",
        "An empty or blank password, or one that begins with NUL, proves nothing.")
def empty(idp):
    for password in ("", " ", "\x00", "\x00" + idp.person[1]):
        shown = _try(idp, idp.fresh_person()[0], password)
        need(not _is_in(shown), f"signed in with {password!r}")


@attack("attack.15.words", "class 15: user enumeration",
        "An unknown name and a wrong password get the same status and the same words.")
def words(idp):
    name, _ = idp.fresh_person()
    known = _try(idp, name, "wrong")
    unknown = _try(idp, name.replace("u", "x", 1), "wrong")
    need(known.status == unknown.status, f"status {known.status} and {unknown.status}")
    said = [each.said.replace(name, "").replace(name.replace("u", "x", 1), "")
            for each in (known, unknown)]
    need(said[0] == said[1], "the words differ")


@attack("attack.15.time", "class 15: keycloak 48888, samlidp 665",
        "The time of a refusal does not tell a known name from an unknown one: how often a known one "
        "is slower is a half, within 0.35 at 24 of each.")
def clock(idp):
    known, unknown = [], []
    _try(idp, "nobody@fabrikam.com", "wrong")
    for at in range(24):
        # Another one each time or so: what counts failures must not be what is measured.
        name = idp.subject.people[10 + at % 12][0]
        for names, each in ((known, name), (unknown, f"x{secrets.token_hex(2)}@fabrikam.com")):
            browser = idp.browser()
            page = idp.ask(browser, idp.request())
            begun = time.monotonic()
            browser.sign_in(page, each, "wrong")
            names.append(time.monotonic() - begun)
    slower = sum((a > b) + (a == b) / 2 for a in known for b in unknown) / len(known) / len(unknown)
    told = (f"slower in {slower:.2f} of the pairs; medians {1000 * sorted(known)[12]:.0f} ms and "
            f"{1000 * sorted(unknown)[12]:.0f} ms")
    need(abs(slower - 0.5) <= 0.35, told)
    return told


def _guess(idp, headers):
    """Twenty wrong passwords for one account at once; how many were tried at the directory."""
    if idp.subject.directory is None:
        raise NotApplicable("its directory cannot be seen")
    name, _ = idp.fresh_person()
    number = int(name[1:].partition("@")[0])
    with concurrent.futures.ThreadPoolExecutor(TRIES) as pool:
        tries = [pool.submit(_try, idp, name, f"wrong{at}", headers()) for at in range(TRIES)]
        need(not any(_is_in(each.result()) for each in tries), "signed in")
    time.sleep(0.2)
    return idp.subject.directory.binds(number)


@hardening("attack.16.guessing", "class 16: CVE-2024-4629, CVE-2019-1126",
           f"Of {TRIES} wrong passwords for one account, sent at once, at most {BEARABLE} reach the "
           f"directory, which would lock the account.")
def guessing(idp):
    tried = _guess(idp, dict)
    told = f"{tried} of {TRIES} were tried at the directory"
    need(tried <= BEARABLE, told)
    return told


@hardening("attack.18.source", "class 18: CVE-2024-47070",
           "X-Forwarded-For of a stranger opens no new account of failures.")
def source(idp):
    def headers():
        return {"X-Forwarded-For": f"198.51.100.{secrets.randbelow(250)}"}

    tried = _guess(idp, headers)
    if tried == TRIES and _guess(idp, dict) == TRIES:
        raise NotApplicable("failures are not counted at all")
    told = f"{tried} of {TRIES} were tried at the directory"
    need(tried <= BEARABLE, told)
    return told
