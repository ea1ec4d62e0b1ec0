"""A real Chromium walks the demo, as a person would.

usage: chromium_demo.py START_URL SCREENSHOTS_FOLDER; exits 0 when every step was as it should be.
"""

import sys

from chromium import browser, by_id, press, quiet, sign_in
from selenium.webdriver.common.by import By

START, SHOTS = sys.argv[1:]
WENDY, PASSWORD = "wmoran@fabrikam.com", "Part.ner-Pw0rd"


def begin(driver, protocol="saml"):
    """From the start page to the tenanted address, and the email typed there."""
    driver.get(START)
    press(driver, driver.find_element(By.CSS_SELECTOR, f"button[value={protocol}]"))
    by_id(driver, "login_hint").send_keys(WENDY)
    press(driver, driver.find_element(By.TAG_NAME, "button"))


def signed_in(driver, protocol="SAML 2.0"):
    assert by_id(driver, "cloud-upn").text == "wmoran@partners.contoso.com"
    assert by_id(driver, "protocol").text == protocol


def a_person_signs_in():
    driver = browser()
    try:
        begin(driver)
        by_id(driver, "password")
        assert driver.title == "Sign in", driver.title
        # The hint that Entra passed is filled in.
        assert by_id(driver, "name").get_attribute("value") != ""
        driver.save_screenshot(f"{SHOTS}/sign-in.png")
        correlation = by_id(driver, "correlation").text

        sign_in(driver, WENDY, "wrong")
        problem = by_id(driver, "problem").text
        assert "not right" in problem, problem
        assert by_id(driver, "name").get_attribute("value") == WENDY, "what was typed is kept"
        assert by_id(driver, "correlation").text == correlation
        driver.save_screenshot(f"{SHOTS}/wrong-password.png")

        sign_in(driver, "nobody@fabrikam.com", "wrong")
        assert by_id(driver, "problem").text == problem, "unknown and wrong look the same"

        sign_in(driver, WENDY, PASSWORD)
        signed_in(driver)
        driver.save_screenshot(f"{SHOTS}/signed-in.png")

        # The second time, the session answers: no page asks for anything.
        begin(driver)
        signed_in(driver)

        quiet(driver)
    finally:
        driver.quit()


def two_tabs_wait_side_by_side():
    driver = browser()
    try:
        begin(driver)
        by_id(driver, "password")
        first = driver.current_window_handle
        driver.switch_to.new_window("tab")
        begin(driver)
        by_id(driver, "password")
        second = driver.current_window_handle
        for tab in (first, second):
            driver.switch_to.window(tab)
            sign_in(driver, WENDY, PASSWORD)
            signed_in(driver)
        quiet(driver)
    finally:
        driver.quit()


def no_script_is_needed():
    driver = browser(javascript=False)
    try:
        begin(driver)
        # Each page that posts itself has a button.
        press(driver, driver.find_element(By.CSS_SELECTOR, "#to-idp button"))
        sign_in(driver, WENDY, PASSWORD)
        press(driver, by_id(driver, "post").find_element(By.TAG_NAME, "button"))
        signed_in(driver)
    finally:
        driver.quit()


def a_person_signs_in_by_ws_federation():
    driver = browser()
    try:
        begin(driver, "wsfed")
        by_id(driver, "password")
        assert "/adfs/ls/?" in driver.current_url, driver.current_url
        assert by_id(driver, "name").get_attribute("value") == WENDY, "the hint"
        sign_in(driver, WENDY, "wrong")
        assert "not right" in by_id(driver, "problem").text
        sign_in(driver, WENDY, PASSWORD)
        signed_in(driver, "WS-Federation")
        driver.save_screenshot(f"{SHOTS}/signed-in-by-ws-federation.png")
        # The session answers by either protocol.
        begin(driver, "wsfed")
        signed_in(driver, "WS-Federation")
        begin(driver, "saml")
        signed_in(driver)
        quiet(driver)
    finally:
        driver.quit()


def no_script_is_needed_by_ws_federation():
    driver = browser(javascript=False)
    try:
        begin(driver, "wsfed")
        press(driver, by_id(driver, "to-idp"))
        sign_in(driver, WENDY, PASSWORD)
        press(driver, by_id(driver, "post").find_element(By.TAG_NAME, "button"))
        signed_in(driver, "WS-Federation")
    finally:
        driver.quit()


def a_tab_that_waited_is_refused_when_the_federation_has_changed():
    """The buttons set the tenant, for everybody."""
    driver = browser()
    try:
        begin(driver, "wsfed")
        by_id(driver, "password")
        first = driver.current_window_handle
        driver.switch_to.new_window("tab")
        begin(driver, "saml")
        by_id(driver, "password")
        driver.switch_to.window(first)
        sign_in(driver, WENDY, PASSWORD)
        assert "AADSTS90082" in by_id(driver, "error").text
    finally:
        driver.quit()


def the_common_address_leads_nowhere():
    driver = browser()
    try:
        driver.get(START)
        driver.find_element(By.LINK_TEXT, "the common address").click()
        by_id(driver, "login_hint").send_keys(WENDY)
        driver.find_element(By.TAG_NAME, "button").click()
        assert "AADSTS90019" in by_id(driver, "error").text
    finally:
        driver.quit()


def a_domain_hint_leads_past_the_form():
    driver = browser()
    try:
        driver.get(START)
        press(driver, by_id(driver, "hinted"))
        sign_in(driver, WENDY, PASSWORD)
        signed_in(driver)
        quiet(driver)
    finally:
        driver.quit()


def a_person_begins_at_our_own_page():
    """She signs in there, and the link to what lives at Entra leads past every form."""
    driver = browser()
    try:
        driver.get(START)
        press(driver, by_id(driver, "applications"))
        sign_in(driver, WENDY, PASSWORD)
        assert driver.title == "Your applications", driver.title
        driver.save_screenshot(f"{SHOTS}/applications.png")
        press(driver, driver.find_element(By.LINK_TEXT, "The partner portal"))
        signed_in(driver)
        quiet(driver)
        driver.get(driver.current_url.split("/login.srf")[0].replace("entra.", "idp."))
        press(driver, by_id(driver, "sign-out"))
        assert driver.title == "You are signed out", driver.title
    finally:
        driver.quit()


for walk in (
    a_person_signs_in,
    two_tabs_wait_side_by_side,
    no_script_is_needed,
    a_person_signs_in_by_ws_federation,
    no_script_is_needed_by_ws_federation,
    a_tab_that_waited_is_refused_when_the_federation_has_changed,
    the_common_address_leads_nowhere,
    a_domain_hint_leads_past_the_form,
    a_person_begins_at_our_own_page,
):
    walk()
    print(f"{walk.__name__}: ok", flush=True)
