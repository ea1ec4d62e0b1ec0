"""Sessions, cookies and frames."""

from ..browser import Delivered
from ..judge import Message
from ..requirement import attack, hardening, need


def _page(idp):
    browser = idp.browser()
    return browser, idp.ask(browser, idp.request())


@attack("attack.17.fixation", "class 17: session fixation",
        "The session of a signed-in person is under a name that nobody knew before.")
def fixation(idp):
    browser, page = _page(idp)
    before = browser.cookies
    shown = idp.go_on(browser, page)
    need(isinstance(shown, Delivered), f"no sign-in: {shown}")
    after = browser.cookies
    # The stranger who has planted the cookies of before.
    stranger = idp.browser()
    for (name, domain), value in before.items():
        stranger.session.cookies.set(name, value, domain=domain)
    found = idp.ask(stranger, idp.request(attributes='IsPassive="true"'))
    stolen = isinstance(found, Delivered) and "NoPassive" not in str(_status(found))
    need(not stolen, f"the cookies of before ({[name for name, _ in before]}) are signed in")
    return f"new: {sorted(name for name, _ in after.keys() - before.keys())}"


def _status(delivered):
    return Message.of(delivered).status


@attack("attack.17.login-csrf", "class 17: login CSRF",
        "A form that another site sends, without this browser's page, signs nobody in.")
def login_csrf(idp):
    attacker, page = _page(idp)
    victim = idp.browser()
    form = page.sign_in_form
    name, password = idp.person
    fields = dict(form.fields) | {form.name_field: name, form.password_field: password}
    headers = {"Origin": "https://evil.test", "Referer": "https://evil.test/",
               "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    shown = victim.post(form.action, fields, headers=headers)
    need(not isinstance(shown, Delivered), "the victim's browser is signed in as the attacker")
    passive = idp.ask(victim, idp.request(attributes='IsPassive="true"'))
    live = isinstance(passive, Delivered) and _status(passive)[:1] == ["Success"]
    need(not live, "the victim's browser has the attacker's session")


@attack("attack.17.frames", "class 17: clickjacking",
        "The sign-in page forbids being framed.")
def frames(idp):
    _, page = _page(idp)
    headers = {name.lower(): value for name, value in page.headers.items()}
    policy = headers.get("content-security-policy", "")
    framed = headers.get("x-frame-options", "").upper()
    need("frame-ancestors" in policy or framed in ("DENY", "SAMEORIGIN"), "neither header is there")
    return framed or "frame-ancestors"


@attack("attack.17.cookies", "class 17",
        "Cookies of a session are Secure and HttpOnly.")
def cookies(idp):
    browser, message = idp.signed_in
    held = list(browser.session.cookies)
    need(held, "no cookies")
    open_ones = [each.name for each in held
                 if not each.secure or not (each.has_nonstandard_attr("HttpOnly")
                                            or each.has_nonstandard_attr("httponly"))]
    session = [each.name for each in held]
    need(len(open_ones) < len(session), f"{open_ones}")
    lacking = [each for each in open_ones if not _harmless(idp, browser, each)]
    need(not lacking, f"lacking on {lacking}")
    return f"{[each for each in session if each not in open_ones]}"


def _harmless(idp, browser, name):
    """Whether the session lives without this cookie, and this cookie is no session by itself."""
    alone = idp.browser()
    for each in browser.session.cookies:
        if each.name == name:
            alone.session.cookies.set_cookie(each)
    shown = idp.ask(alone, idp.request(attributes='IsPassive="true"'))
    return not (isinstance(shown, Delivered) and _status(shown)[:1] == ["Success"])


@hardening("attack.12.policy", "class 12",
           "A Content-Security-Policy forbids scripts that are not the page's own.")
def policy(idp):
    _, page = _page(idp)
    headers = {name.lower(): value for name, value in page.headers.items()}
    found = headers.get("content-security-policy", "")
    sources = next((part for part in found.split(";") if part.strip().startswith("script-src")),
                   next((part for part in found.split(";") if "default-src" in part), ""))
    need(sources, f"no default-src or script-src: {found or 'no policy'}")
    need("'unsafe-inline'" not in sources or "'nonce-" in sources, sources)
    return sources.strip()[:80]
