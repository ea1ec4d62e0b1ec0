"""A real Chromium signs Wendy in at the demo and reads what happened, hop by hop.

usage: chromium_flow.py START_URL SCREENSHOTS_FOLDER; exits 0 when every step was as it should be.
"""

import http.client
import json
import ssl
import sys
import urllib.parse

from chromium import browser, by_id, press, quiet, sign_in, until
from selenium.webdriver.common.by import By

START, SHOTS = sys.argv[1:]
WENDY, PASSWORD = "wmoran@fabrikam.com", "Part.ner-Pw0rd"


def begin(driver, protocol="saml"):
    driver.get(START)
    press(driver, driver.find_element(By.CSS_SELECTOR, f"button[value={protocol}]"))
    by_id(driver, "login_hint").send_keys(WENDY)
    press(driver, driver.find_element(By.TAG_NAME, "button"))
    by_id(driver, "password")


def ask(method, address, body=None):
    """The simulator's answer to a program, at the listener that the start page has."""
    at = urllib.parse.urlsplit(START)
    # It is another machine's certificate to nobody: it was made by the test a moment ago.
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", at.port, context=context)
    headers = {"Host": at.netloc, "Content-Type": "application/json"}
    connection.request(method, address, json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status < 300, (answer.status, text)
    return json.loads(text) if text else None


def whole_page(driver, name):
    driver.set_window_size(1280, 900)
    height = driver.execute_script("return document.documentElement.scrollHeight")
    driver.set_window_size(1280, min(height + 200, 12000))
    driver.save_screenshot(f"{SHOTS}/{name}.png")


def open_flow(driver):
    press(driver, by_id(driver, "flow"))
    by_id(driver, "hop-1")
    return driver.current_url.rsplit("/", 1)[1]


def titles(driver):
    return [it.text.split(" ", 1)[1] for it in driver.find_elements(By.CSS_SELECTOR, ".hop h2")]


def state_of(driver, check):
    row = driver.find_element(By.ID, f"check-{check}")
    return row.find_element(By.CSS_SELECTOR, ".state").text.split(" ", 1)[1]


def nothing_secret(driver):
    page = driver.page_source + json.dumps(ask("GET", "/flows.json"))
    for cookie in driver.get_cookies():
        assert cookie["value"] not in page, "a cookie is kept"
    assert PASSWORD not in page, "the password is kept"


def an_accepted_sign_in_is_told():
    driver = browser()
    try:
        begin(driver)
        sign_in(driver, WENDY, PASSWORD)
        flow = open_flow(driver)
        assert titles(driver) == [
            "A name is typed",
            "Home realm discovery",
            "Entra asks Contoso partners",
            "The identity provider answers",
            "Entra checks the answer",
        ], titles(driver)
        assert "Accepted" in by_id(driver, "end").text
        decides = [
            it.text.split("\n")[0]
            for it in driver.find_elements(By.CSS_SELECTOR, ".steps .decides")
        ]
        assert decides == [
            "onPremisesUserPrincipalName decides",
            "The federated domain decides",
        ], decides
        states = {it.text for it in driver.find_elements(By.CSS_SELECTOR, ".checks .state")}
        assert states == {"\u2713 passed"}, states
        notes = {it.text for it in driver.find_elements(By.CSS_SELECTOR, ".xml a.note.passed")}
        assert "\u2713 IDPEmail: cloud UPN" in notes, notes
        # What each check reads leads to the check.
        driver.find_element(By.PARTIAL_LINK_TEXT, "ImmutableID: source anchor").click()
        assert driver.current_url.endswith("#check-immutableid")
        nothing_secret(driver)
        whole_page(driver, "flow-accepted")

        told = ask("GET", f"/flow/{flow}.json")
        assert told["typed"] == WENDY and told["end"]["accepted"] is True
        assert "AuthnRequest" in told["hops"][2]["document"]["xml"]
        assert all(check["state"] == "passed" for check in told["hops"][4]["checks"])

        # By script or by hand, the command is copied whole.
        box = driver.find_elements(By.CSS_SELECTOR, ".curl")[-1]
        box.find_element(By.TAG_NAME, "summary").click()
        command = box.find_element(By.TAG_NAME, "pre").text
        assert command.startswith("curl --include 'https://entra.localhost:"), command[:80]
        assert "--data 'SAMLResponse=" in command and "--data 'RelayState=" in command
        button = box.find_element(By.TAG_NAME, "button")
        button.click()
        said = ("Copied", "Selected: press Ctrl+C")
        until(driver, lambda _: button.text in said, "the button does nothing")
        quiet(driver)
    finally:
        driver.quit()


def by_ws_federation_too():
    driver = browser(dark=True)
    try:
        begin(driver, "wsfed")
        sign_in(driver, WENDY, PASSWORD)
        open_flow(driver)
        assert "wtrealm" in by_id(driver, "hop-3").text
        notes = {it.text for it in driver.find_elements(By.CSS_SELECTOR, ".xml a.note.passed")}
        assert "\u2713 UPN: cloud UPN" in notes, notes
        nothing_secret(driver)
        whole_page(driver, "flow-by-ws-federation")
        quiet(driver)
    finally:
        driver.quit()


def a_refusal_shows_what_failed_and_what_else_would():
    driver = browser()
    try:
        begin(driver)
        # While she types her password, an administrator changes two things.
        domain = "/v1.0/domains/partners.contoso.com/federationConfiguration"
        federation = ask("GET", domain)["value"][0]["id"]
        ask("PATCH", f"{domain}/{federation}", {"issuerUri": "https://idp.localhost/other/"})
        anchor = {"onPremisesImmutableId": "AAAAAAAAAAAAAAAAAAAAAA=="}
        ask("PATCH", "/v1.0/users/wmoran@partners.contoso.com", anchor)
        sign_in(driver, WENDY, PASSWORD)
        assert "AADSTS50107" in by_id(driver, "error").text
        flow = open_flow(driver)
        end = by_id(driver, "end").text
        assert "AADSTS50107" in end and "these would refuse too: ImmutableID" in end, end
        assert state_of(driver, "destination") == "passed"
        assert state_of(driver, "issuer") == "refused"
        assert state_of(driver, "signature") == "would hold"
        assert state_of(driver, "immutableid") == "would fail too"
        assert state_of(driver, "idpemail") == "not reached"
        assert "AADSTS51004" in by_id(driver, "check-immutableid").text
        nothing_secret(driver)
        whole_page(driver, "flow-refused")

        driver.get(START.rstrip("/") + "/flows")
        rows = driver.find_elements(By.CSS_SELECTOR, "#flows tbody tr")
        assert flow in rows[0].find_element(By.TAG_NAME, "a").get_attribute("href")
        assert "AADSTS50107" in rows[0].text
        whole_page(driver, "flows")
    finally:
        driver.quit()


def no_script_is_needed():
    driver = browser(javascript=False)
    try:
        begin_url = f"{START.rstrip('/')}/flows"
        driver.get(begin_url)
        driver.find_element(By.CSS_SELECTOR, "#flows a").click()
        by_id(driver, "hop-1")
        box = driver.find_elements(By.CSS_SELECTOR, ".curl")[-1]
        assert not box.find_element(By.TAG_NAME, "button").is_displayed()
        box.find_element(By.TAG_NAME, "summary").click()
        assert box.find_element(By.TAG_NAME, "pre").text.startswith("curl ")
    finally:
        driver.quit()


for step in (
    an_accepted_sign_in_is_told,
    by_ws_federation_too,
    a_refusal_shows_what_failed_and_what_else_would,
    no_script_is_needed,
):
    step()
    print(f"{step.__name__}: ok", flush=True)
