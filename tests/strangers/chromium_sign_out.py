"""Two service providers, one by SAML 2.0 with pysaml2 and one by WS-Federation, and a real Chromium
that signs in at both and out again.

usage: chromium_sign_out.py IDP_URL FOLDER SAML_PORT WSFED_PORT

FOLDER holds idp.xml, sp.key and sp.crt (what the SAML one signs with), tls.crt and tls.key.
Exits 0 when every step was as it should be.
"""

import base64
import secrets
import ssl
import sys
import threading
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from chromium import browser, by_id, press, quiet, until
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.sigver import verify_redirect_signature
from saml2.xmldsig import SIG_RSA_SHA256
from selenium.webdriver.common.by import By

IDP, FOLDER, SAML_PORT, WSFED_PORT = sys.argv[1:]
ONE, TWO = f"https://one.localhost:{SAML_PORT}", f"https://two.localhost:{WSFED_PORT}"
WENDY, PASSWORD = "wmoran@fabrikam.com", "Part.ner-Pw0rd"
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


class Site(BaseHTTPRequestHandler):
    """What both have in common: sessions by a cookie that comes from other sites' pages, too."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.serve(dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.serve(dict(parse_qsl(body.decode())))

    def session(self):
        cookie = SimpleCookie(self.headers.get("cookie", "")).get("sid")
        return self.sessions.get(cookie.value) if cookie else None

    def begin(self, known):
        sid = secrets.token_hex(16)
        self.sessions[sid] = known
        self.say("signed in", sid)

    def end(self):
        cookie = SimpleCookie(self.headers.get("cookie", "")).get("sid")
        return self.sessions.pop(cookie.value, None) if cookie else None

    def say(self, text, sid=None, kind="text/html", status=200):
        body = text if isinstance(text, bytes) else f"<p id='said'>{text}</p>".encode()
        self.send_response(status)
        if sid:
            self.send_header("Set-Cookie", f"sid={sid}; Secure; HttpOnly; Path=/; SameSite=None")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def go(self, location):
        self.send_response(302)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()


class One(Site):
    """By SAML 2.0."""

    sessions = {}
    told = []
    is_silent = False

    def client(self):
        config = SPConfig()
        slo = [(f"{ONE}/slo", BINDING_HTTP_REDIRECT)]
        config.load(
            {
                "entityid": f"{ONE}/sp",
                "key_file": f"{FOLDER}/sp.key",
                "cert_file": f"{FOLDER}/sp.crt",
                "metadata": {"local": [f"{FOLDER}/idp.xml"]},
                "allow_unknown_attributes": True,
                "service": {
                    "sp": {
                        "endpoints": {
                            "assertion_consumer_service": [(f"{ONE}/acs", BINDING_HTTP_POST)],
                            "single_logout_service": slo,
                        },
                        "allow_unsolicited": True,
                        "signing_algorithm": SIG_RSA_SHA256,
                        "want_response_signed": False,
                        "want_assertions_signed": True,
                    }
                },
            }
        )
        return Saml2Client(config)

    def serve(self, given):
        path = urlsplit(self.path).path
        if path == "/who":
            self.say("in" if self.session() else "out")
        elif path == "/acs":
            answer = self.client().parse_authn_request_response(
                given["SAMLResponse"], BINDING_HTTP_POST
            )
            self.begin((answer.name_id, answer.session_info()["session_index"]))
        elif path == "/logout":
            name_id, index = self.end()
            sp = self.client()
            _, message = sp.create_logout_request(
                f"{IDP}/saml2/slo", self.idp(sp), name_id=name_id, session_indexes=[index]
            )
            info = sp.apply_binding(
                BINDING_HTTP_REDIRECT, str(message), f"{IDP}/saml2/slo", "r s", sign=True
            )
            self.go(dict(info["headers"])["Location"])
        elif "SAMLRequest" in given:
            self.be_told(given)
        elif "SAMLResponse" in given:
            sp = self.client()
            self.check(sp, given)
            answer = sp.parse_logout_request_response(given["SAMLResponse"], BINDING_HTTP_REDIRECT)
            code = answer.response.status.status_code
            inner = code.status_code.value if code.status_code else ""
            last = [value.rsplit(":", 1)[-1] for value in (code.value, inner)]
            self.say(f"logged out: {' '.join(last).strip()}, {given['RelayState']}")
        else:
            sp = self.client()
            _, _, info = sp.prepare_for_negotiated_authenticate(binding=BINDING_HTTP_REDIRECT)
            self.go(dict(info["headers"])["Location"])

    def be_told(self, given):
        One.told.append(self.headers.get("sec-fetch-dest"))
        if One.is_silent:
            time.sleep(30)
            return
        sp = self.client()
        self.check(sp, given)
        known = self.end()
        if not known:
            self.say("nobody is signed in here", status=400)
            return
        name_id, _ = known
        sp.users.add_information_about_person(
            {"name_id": name_id, "issuer": self.idp(sp), "ava": {}, "not_on_or_after": 2**32}
        )
        info = sp.handle_logout_request(
            given["SAMLRequest"], name_id, BINDING_HTTP_REDIRECT, sign=True
        )
        self.go(dict(info["headers"])["Location"])

    def idp(self, sp):
        return next(iter(sp.metadata.keys()))

    def check(self, sp, message):
        certificates = sp.metadata.certs(self.idp(sp), "any", "signing")
        backend = sp.sec.sec_backend
        held = [verify_redirect_signature(message, backend, cert) for _, cert in certificates]
        assert any(held), "the query's signature does not hold"


class Two(Site):
    """By WS-Federation."""

    sessions = {}
    told = []

    def serve(self, given):
        if urlsplit(self.path).path == "/who":
            self.say("in" if self.session() else "out")
        elif given.get("wa") == "wsignoutcleanup1.0":
            Two.told.append(self.headers.get("sec-fetch-dest"))
            self.end()
            self.say(PIXEL, kind="image/gif")
        elif "wresult" in given:
            assert "Assertion" in given["wresult"]
            self.begin("somebody")
        else:
            asked = urlencode({"wa": "wsignin1.0", "wtrealm": f"{TWO}/app"})
            self.go(f"{IDP}/adfs/ls/?{asked}")


def run(site, port):
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), site)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{FOLDER}/tls.crt", f"{FOLDER}/tls.key")
    # Handshakes on the connection's own thread: a browser opens some that it never uses.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()


def said(driver):
    return by_id(driver, "said").text


def who(driver):
    found = []
    for site in (ONE, TWO):
        driver.get(f"{site}/who")
        found.append(said(driver))
    return found


def sign_in_at_both(driver, scripts=True):
    driver.get(ONE)
    by_id(driver, "name").send_keys(WENDY)
    by_id(driver, "password").send_keys(PASSWORD)
    press(driver, driver.find_element(By.CSS_SELECTOR, "#sign-in button"))
    if not scripts:
        press(driver, by_id(driver, "post").find_element(By.TAG_NAME, "button"))
    assert said(driver) == "signed in"
    driver.get(TWO)
    if not scripts:
        press(driver, by_id(driver, "post").find_element(By.TAG_NAME, "button"))
    assert said(driver) == "signed in"
    assert who(driver) == ["in", "in"]
    One.told.clear()
    Two.told.clear()


def is_signed_out(driver):
    """Everywhere: at both, and at the identity provider, which asks for the password again."""
    assert who(driver) == ["out", "out"], who(driver)
    for site in (ONE, TWO):
        driver.get(site)
        by_id(driver, "password")


def heading(driver, text):
    until(
        driver,
        lambda d: text in [found.text for found in d.find_elements(By.TAG_NAME, "h1")],
        f"no heading {text!r}",
    )


def the_person_signs_out():
    driver = browser(foreign_cookies=True)
    try:
        sign_in_at_both(driver)
        driver.get(f"{IDP}/signout")
        # The page goes on by itself to the last one, on which nobody is being told any more.
        until(driver, lambda d: not d.find_elements(By.ID, "told"), "the page stays")
        heading(driver, "You are signed out")
        assert One.told == ["iframe"] and Two.told == ["image"], (One.told, Two.told)
        quiet(driver)
        is_signed_out(driver)
    finally:
        driver.quit()


def a_relying_party_signs_her_out():
    driver = browser(foreign_cookies=True)
    try:
        sign_in_at_both(driver)
        driver.get(f"{ONE}/logout")
        until(driver, lambda d: d.current_url.startswith(f"{ONE}/slo"), "no answer")
        assert said(driver) == "logged out: Success, r s", said(driver)
        assert One.told == [] and Two.told == ["image"], (One.told, Two.told)
        quiet(driver)
        is_signed_out(driver)
    finally:
        driver.quit()


def no_script_is_needed():
    driver = browser(javascript=False, foreign_cookies=True)
    try:
        sign_in_at_both(driver, scripts=False)
        driver.get(f"{IDP}/signout")
        until(driver, lambda _: One.told and Two.told, "nobody is told")
        until(driver, lambda _: not One.sessions, "the session stays")
        press(driver, by_id(driver, "go-on").find_element(By.TAG_NAME, "button"))
        heading(driver, "You are signed out")
        is_signed_out(driver)
    finally:
        driver.quit()


def who_does_not_answer_strands_nobody():
    driver = browser(foreign_cookies=True)
    One.is_silent = True
    try:
        sign_in_at_both(driver)
        began = time.monotonic()
        driver.set_page_load_timeout(60)
        driver.execute_script(f"location.href = '{IDP}/signout'")
        heading(driver, "You are signed out here")
        assert 7 < time.monotonic() - began < 15, "eight seconds are waited"
        missing = by_id(driver, "missing")
        assert missing.text == "Portal one: sign out there", missing.text
        assert Two.told == ["image"]
        # It answers again: a link tells it once more, in a tab of its own.
        One.is_silent = False
        first = driver.current_window_handle
        missing.find_element(By.TAG_NAME, "a").click()
        until(driver, lambda d: len(d.window_handles) == 2, "no tab")
        driver.switch_to.window([w for w in driver.window_handles if w != first][0])
        heading(driver, "You are signed out there")
        driver.switch_to.window(first)
        press(driver, by_id(driver, "choice").find_element(By.TAG_NAME, "button"))
        heading(driver, "You are signed out")
        is_signed_out(driver)
    finally:
        driver.quit()


def cookies_that_stay_at_home_strand_nobody():
    """Neither frame nor image brings the applications' cookies: they do not know whom it is about."""
    driver = browser(foreign_cookies=False)
    try:
        sign_in_at_both(driver)
        driver.get(f"{IDP}/signout")
        heading(driver, "You are signed out here")
        assert One.told == ["iframe"] and Two.told == ["image"], (One.told, Two.told)
        assert One.sessions and Two.sessions, "a cookie came along after all"
        first = driver.current_window_handle
        for place, site in (("missing", One), ("unanswered", Two)):
            by_id(driver, place).find_element(By.TAG_NAME, "a").click()
            until(driver, lambda _: not site.sessions, f"no end at {site}")
        for tab in [tab for tab in driver.window_handles if tab != first]:
            driver.switch_to.window(tab)
            driver.close()
        driver.switch_to.window(first)
        press(driver, by_id(driver, "choice").find_element(By.TAG_NAME, "button"))
        heading(driver, "You are signed out")
        is_signed_out(driver)
    finally:
        driver.quit()


run(One, SAML_PORT)
run(Two, WSFED_PORT)
for walk in (
    the_person_signs_out,
    a_relying_party_signs_her_out,
    no_script_is_needed,
    who_does_not_answer_strands_nobody,
    cookies_that_stay_at_home_strand_nobody,
):
    walk()
    print(f"{walk.__name__}: ok", flush=True)
