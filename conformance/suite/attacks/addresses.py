"""Where answers go, and what an identity provider believes of its own address."""

from ..browser import Delivered
from ..relying_party import OTHER, PLAIN, redirect_query
from ..requirement import attack, need

EVIL = "evil.test"
HOST = PLAIN.host


def _elsewhere(shown):
    """Whether something was delivered to an address that is not the relying party's own."""
    own = (PLAIN.consumer, PLAIN.second_consumer)
    return isinstance(shown, Delivered) and shown.url not in own


@attack("attack.6.consumer", "class 6: ACS spoofing, CVE-2026-7504, CVE-2026-18217",
        "No answer goes to an AssertionConsumerServiceURL that is not registered, however near it is.")
def consumer(idp):
    browser, _ = idp.signed_in
    spoofed = [
        f"https://{EVIL}/acs", f"http://{HOST}/acs", f"https://{HOST}:8443/acs",
        f"https://{HOST}@{EVIL}/acs", f"https://{EVIL}/?{PLAIN.consumer}",
        f"https://{HOST}.{EVIL}/acs", f"https://{HOST}/acs/../evil", f"https://{HOST}/acs%2f..%2fevil",
        f"https://{HOST}/acs?next=evil", f"https://{HOST}/acs#evil", f"https://{HOST}./acs",
        f"https://{HOST}/ACS", f"https://{HOST}/acs/", OTHER.consumer, "javascript:alert(1)",
        "//evil.test/acs", "data:text/html,x",
    ]
    taken = []
    for each in spoofed:
        request = idp.request(attributes=f'AssertionConsumerServiceURL="{each}"')
        if _elsewhere(idp.ask(browser, request)):
            taken.append(each)
    need(not taken, f"delivered to {', '.join(taken)}")
    return f"{len(spoofed)} of them"


@attack("attack.6.index", "class 6",
        "An index that is not registered leads to no other place.")
def index(idp):
    browser, _ = idp.signed_in
    for each in ("7", "65535", "-1", "1 ", "0x1"):
        request = idp.request(attributes=f'AssertionConsumerServiceIndex="{each}"')
        shown = idp.ask(browser, request)
        need(not _elsewhere(shown), f"{each}: {shown}")


@attack("attack.6.issuer", "class 6",
        "One relying party's request does not send its answer to another one.")
def issuer(idp):
    browser, _ = idp.signed_in
    attributes = f'AssertionConsumerServiceURL="{OTHER.consumer}"'
    shown = idp.ask(browser, idp.request(attributes=attributes))
    need(not _elsewhere(shown), f"{shown}")


@attack("attack.12.relay-state", "class 12: CVE-2023-45683",
        "RelayState is text wherever it is shown, and never an address to go to.")
def relay_state(idp):
    evil = "\"'><script>alert(1)</script>"
    browser = idp.browser()
    page = idp.ask(browser, idp.request(), relay_state=evil)
    need("<script>alert(1)" not in _text(page), "it is markup on the sign-in page")
    shown = idp.go_on(browser, page)
    need("<script>alert(1)" not in _text(shown), "it is markup on the page that posts")
    shown = idp.sign_in(relay_state=f"https://{EVIL}/")
    need(shown.delivered.url == PLAIN.consumer, shown.delivered.url)


def _text(shown):
    return shown.page.text if isinstance(shown, Delivered) else shown.text


@attack("attack.12.pages", "class 12",
        "Nothing that a stranger sends is markup on a page: Issuer, Subject, name, parameters.")
def pages(idp):
    evil = "<script>alert(1)</script>"
    escaped = "&lt;script&gt;alert(1)&lt;/script&gt;"
    subject = f"<saml:Subject><saml:NameID>\"{escaped}</saml:NameID></saml:Subject>"
    shown = [
        idp.ask(idp.browser(), idp.request(issuer=escaped)),
        idp.ask(idp.browser(), idp.request(children=subject)),
        idp.ask(idp.browser(), idp.request(attributes=f'ProviderName="{escaped}"')),
        idp.ask(idp.browser(), f"<x>{escaped}</x>"),
        idp.browser().get(idp.sso + "?SAMLRequest=" + "%3Cscript%3Ealert(1)%3C/script%3E"),
        idp.browser().get(idp.sso + "?%3Cscript%3Ealert(1)%3C/script%3E=%22%3E"),
    ]
    browser = idp.browser()
    page = idp.ask(browser, idp.request())
    shown.append(browser.sign_in(page, f'"{evil}', "wrong"))
    found = [each for each in shown if evil in _text(each)]
    need(not found, f"markup: {found[0] if found else ''}")


@attack("attack.18.host", "class 18: host header and X-Forwarded-Host",
        "The address that a stranger puts into Host or X-Forwarded-Host is in no link, form or cookie.")
def host(idp):
    url = idp.sso + ("&" if "?" in idp.sso else "?") + redirect_query(idp.request())
    raw = idp.raw()
    forwarded = (f"X-Forwarded-Host: {EVIL}", f"Forwarded: host={EVIL}", f"X-Host: {EVIL}",
                 "X-Forwarded-Proto: http", f"X-Original-URL: https://{EVIL}/")
    for name, shown in (("Host", raw.get(url, host=EVIL)),
                        ("forwarded", raw.get(url, headers=forwarded))):
        cookie = next((value for key, value in shown.headers.items()
                       if key.lower() == "set-cookie"), "")
        for place, text in (("page", shown.text), ("Location", shown.sent_to or ""),
                            ("cookie", cookie)):
            need(EVIL not in text, f"by {name} it is in the {place}")
