"""A real Chromium signs people in at their own organisations, on the way to an application.

usage: chromium_home_realms.py IDP_URL PORT FOLDER SCREENSHOTS_FOLDER

The application is https://one.localhost:PORT, by SAML 2.0, with FOLDER/tls.crt and FOLDER/tls.key.
Exits 0 when every step was as it should be.
"""

import base64
import ssl
import sys
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from chromium import browser, by_id, press, quiet, until
from lxml import etree
from selenium.webdriver.common.by import By

IDP, PORT, FOLDER, SHOTS = sys.argv[1:]
APPLICATION = f"https://one.localhost:{PORT}"
WENDY, TINA, ADAM = "wmoran@fabrikam.com", "u00001@tailspintoys.com", "u00002@adatum.com"
PASSWORD = "Part.ner-Pw0rd"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
ONE_FACTOR = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
SEVERAL = "http://schemas.microsoft.com/claims/multipleauthn"


class Application(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        if "wsignoutcleanup1.0" in self.path:
            return self.say(PIXEL, "image/gif")
        asked = Application.count = getattr(Application, "count", 0) + 1
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        request = (
            '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
            f'ID="_r{asked}x{time.time_ns()}" IssueInstant="{now}" Version="2.0">'
            f'<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">{APPLICATION}/sp</Issuer>'
            "</samlp:AuthnRequest>"
        )
        deflate = zlib.compressobj(wbits=-15)
        deflated = deflate.compress(request.encode()) + deflate.flush()
        query = {"SAMLRequest": base64.b64encode(deflated).decode(), "RelayState": "r s"}
        query |= dict(parse_qsl(urlsplit(self.path).query))
        self.send_response(302)
        self.send_header("Location", f"{IDP}/saml2/sso?{urlencode(query)}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        given = parse_qs(body)
        tree = etree.fromstring(base64.b64decode(given["SAMLResponse"][0]))
        values = [value.text for value in tree.iter(f"{SAML}AttributeValue")]
        context = tree.find(f".//{SAML}AuthnContextClassRef").text
        text = f"<p id='said'>{' '.join(values)}</p><p id='context'>{context}</p>"
        self.say(text.encode(), "text/html")

    def say(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve():
    server = ThreadingHTTPServer(("127.0.0.1", int(PORT)), Application)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{FOLDER}/tls.crt", f"{FOLDER}/tls.key")
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()


def type_name(driver, name, remember=False):
    field = by_id(driver, "name")
    assert not driver.find_elements(By.ID, "password"), "one field first"
    field.clear()
    field.send_keys(name)
    box = by_id(driver, "remember")
    if box.is_selected() != remember:
        box.click()
    press(driver, driver.find_element(By.CSS_SELECTOR, "#sign-in button"))


def at_fabrikam(driver, expected, name=None):
    until(driver, lambda d: d.title == "Fabrikam" and "fabrikam" in d.current_url, "not Fabrikam")
    field = driver.find_element(By.NAME, "name")
    assert field.get_attribute("value") == expected, "Fabrikam is told who comes"
    if name:
        field.clear()
        field.send_keys(name)
    press(driver, driver.find_element(By.TAG_NAME, "button"))


def at_tailspin(driver, expected, factors=""):
    until(driver, lambda d: d.find_elements(By.NAME, "factors"), "not Tailspin")
    field = driver.find_element(By.NAME, "name")
    assert field.get_attribute("value") == expected, "Tailspin is told who comes"
    driver.find_element(By.NAME, "factors").send_keys(factors)
    press(driver, driver.find_element(By.TAG_NAME, "button"))


def signed_in(driver, upn, context=ONE_FACTOR):
    assert upn in by_id(driver, "said").text, by_id(driver, "said").text
    assert by_id(driver, "context").text == context


def by_saml():
    driver = browser()
    try:
        driver.get(APPLICATION)
        driver.save_screenshot(f"{SHOTS}/name.png")
        type_name(driver, WENDY)
        at_fabrikam(driver, WENDY)
        signed_in(driver, "special0@partners.contoso.com")
        # The second time there is no prompt at all, here or there.
        driver.get(APPLICATION)
        signed_in(driver, "special0@partners.contoso.com")
        # Signed out, she is asked again.
        driver.get(f"{IDP}/signout")
        driver.get(APPLICATION)
        by_id(driver, "remember")
        quiet(driver)
    finally:
        driver.quit()


def by_openid_connect(factors, context):
    driver = browser()
    try:
        driver.get(APPLICATION)
        type_name(driver, TINA)
        at_tailspin(driver, TINA, factors)
        signed_in(driver, "u00001@partners.contoso.com", context)
        quiet(driver)
    finally:
        driver.quit()


def by_password():
    driver = browser(dark=True)
    try:
        driver.get(APPLICATION)
        type_name(driver, ADAM)
        assert by_id(driver, "name").get_attribute("value") == ADAM
        assert driver.switch_to.active_element.get_attribute("id") == "password"
        driver.save_screenshot(f"{SHOTS}/password.png")
        by_id(driver, "password").send_keys(PASSWORD)
        press(driver, driver.find_element(By.CSS_SELECTOR, "#sign-in button"))
        signed_in(driver, "u00002@partners.contoso.com")
        quiet(driver)
    finally:
        driver.quit()


def hints_skip_the_page():
    driver = browser()
    try:
        driver.get(f"{APPLICATION}?login_hint={WENDY}")
        at_fabrikam(driver, WENDY)
        signed_in(driver, "special0@partners.contoso.com")
        # A shared computer: the link is another's, and she is not signed in by this session.
        driver.get(f"{APPLICATION}?login_hint={TINA}")
        at_tailspin(driver, TINA)
        signed_in(driver, "u00001@partners.contoso.com")
        quiet(driver)
    finally:
        driver.quit()


def the_device_remembers_and_forgets():
    driver = browser()
    try:
        driver.get(APPLICATION)
        type_name(driver, ADAM, remember=True)
        by_id(driver, "password")
        driver.get(APPLICATION)
        assert by_id(driver, "name").get_attribute("value") == ADAM
        assert by_id(driver, "remember").is_selected()
        press(driver, by_id(driver, "another"))
        assert by_id(driver, "name").get_attribute("value") == ""
        assert not by_id(driver, "remember").is_selected()
        type_name(driver, WENDY)
        at_fabrikam(driver, WENDY)
        signed_in(driver, "special0@partners.contoso.com")
        quiet(driver)
    finally:
        driver.quit()


def two_tabs_do_not_meet():
    driver = browser()
    try:
        driver.get(APPLICATION)
        type_name(driver, WENDY)
        until(driver, lambda d: d.title == "Fabrikam", "not Fabrikam")
        first = driver.current_window_handle
        driver.switch_to.new_window("tab")
        driver.get(APPLICATION)
        type_name(driver, TINA)
        until(driver, lambda d: d.find_elements(By.NAME, "factors"), "not Tailspin")
        second = driver.current_window_handle
        driver.switch_to.window(first)
        at_fabrikam(driver, WENDY)
        signed_in(driver, "special0@partners.contoso.com")
        driver.switch_to.window(second)
        at_tailspin(driver, TINA)
        signed_in(driver, "u00001@partners.contoso.com")
    finally:
        driver.quit()


def somebody_else_comes_back():
    driver = browser()
    try:
        driver.get(APPLICATION)
        type_name(driver, WENDY)
        at_fabrikam(driver, WENDY, "u00000@fabrikam.com")
        assert "somebody else" in by_id(driver, "problem").text
        driver.save_screenshot(f"{SHOTS}/somebody-else.png")
        type_name(driver, WENDY)
        at_fabrikam(driver, WENDY)
        signed_in(driver, "special0@partners.contoso.com")
    finally:
        driver.quit()


def no_script_of_ours_is_needed():
    driver = browser(javascript=False)
    try:
        driver.get(APPLICATION)
        type_name(driver, TINA)
        at_tailspin(driver, TINA)
        press(driver, by_id(driver, "post").find_element(By.TAG_NAME, "button"))
        signed_in(driver, "u00001@partners.contoso.com")
    finally:
        driver.quit()


def the_front_door():
    driver = browser()
    try:
        driver.get(f"{IDP}/applications")
        type_name(driver, WENDY)
        at_fabrikam(driver, WENDY)
        assert by_id(driver, "sign-out")
        assert WENDY in driver.find_element(By.TAG_NAME, "main").text
        quiet(driver)
    finally:
        driver.quit()


serve()
for walk, arguments in (
    (by_saml, ()),
    (by_openid_connect, ("", ONE_FACTOR)),
    (by_openid_connect, ("2", SEVERAL)),
    (by_password, ()),
    (hints_skip_the_page, ()),
    (the_device_remembers_and_forgets, ()),
    (two_tabs_do_not_meet, ()),
    (somebody_else_comes_back, ()),
    (no_script_of_ours_is_needed, ()),
    (the_front_door, ()),
):
    walk(*arguments)
    print(f"{walk.__name__}{arguments}: ok", flush=True)
