"""A real Chromium goes through the front door of a demo whose Entra resolves no foreign email.

usage: chromium_front_door.py START_URL SCREENSHOTS_FOLDER; exits 0 when every step was as it should be.
"""

import sys

from chromium import browser, by_id, press, quiet, sign_in
from selenium.webdriver.common.by import By

START, SHOTS = sys.argv[1:]
WENDY, HEMA, PASSWORD = "wmoran@fabrikam.com", "hema.patel@gmail.com", "Part.ner-Pw0rd"


def register(driver, protocol):
    """Has the demo's federation registered for a protocol, and comes to Entra's own page."""
    driver.get(START)
    press(driver, driver.find_element(By.CSS_SELECTOR, f"button[value={protocol}]"))


def open_the_door(driver):
    driver.get(START)
    press(driver, by_id(driver, "front-door"))


def signed_in(driver, cloud_upn, protocol):
    """Where nobody has pressed anything since: no page on the way asked for anything."""
    assert by_id(driver, "cloud-upn").text == cloud_upn
    assert by_id(driver, "protocol").text == protocol


def entras_own_page_takes_no_foreign_email():
    driver = browser()
    try:
        for name in (WENDY, HEMA):
            register(driver, "saml")
            by_id(driver, "login_hint").send_keys(name)
            press(driver, driver.find_element(By.TAG_NAME, "button"))
            assert "AADSTS50034" in by_id(driver, "error").text
        driver.get(START)
        by_id(driver, "not-resolved")
    finally:
        driver.quit()


def one_prompt_in_all(value, protocol):
    driver = browser()
    try:
        register(driver, value)
        open_the_door(driver)
        assert driver.title == "Sign in", driver.title
        sign_in(driver, WENDY, "wrong")
        assert "not right" in by_id(driver, "problem").text
        assert by_id(driver, "name").get_attribute("value") == WENDY, "what was typed is kept"
        driver.save_screenshot(f"{SHOTS}/front-door.png")
        sign_in(driver, WENDY, PASSWORD)
        signed_in(driver, "wmoran@partners.contoso.com", protocol)
        # The second time there is no prompt at all.
        open_the_door(driver)
        signed_in(driver, "wmoran@partners.contoso.com", protocol)
        quiet(driver)
    finally:
        driver.quit()


def a_partner_of_a_public_mail_host():
    driver = browser()
    try:
        register(driver, "saml")
        open_the_door(driver)
        sign_in(driver, HEMA, PASSWORD)
        signed_in(driver, "hpatel@partners.contoso.com", "SAML 2.0")
        quiet(driver)
    finally:
        driver.quit()


def a_link_that_names_the_domain_asks_for_no_name():
    """`whr` and `domain_hint` spare Entra's question, whatever it would make of her email."""
    for hint in ("whr", "domain_hint"):
        driver = browser()
        try:
            register(driver, "wsfed" if hint == "whr" else "saml")
            driver.get(f"{driver.current_url}login?{hint}=partners.contoso.com")
            assert by_id(driver, "name").get_attribute("value") == ""
            sign_in(driver, WENDY, PASSWORD)
            protocol = "WS-Federation" if hint == "whr" else "SAML 2.0"
            signed_in(driver, "wmoran@partners.contoso.com", protocol)
            quiet(driver)
        finally:
            driver.quit()


def a_link_with_another_name_asks():
    """Wendy's session on a shared computer does not open the portal for Hema."""
    driver = browser()
    try:
        register(driver, "saml")
        open_the_door(driver)
        door = driver.current_url
        sign_in(driver, WENDY, PASSWORD)
        signed_in(driver, "wmoran@partners.contoso.com", "SAML 2.0")
        driver.get(f"{door}?login_hint={HEMA}")
        assert by_id(driver, "name").get_attribute("value") == HEMA
        sign_in(driver, HEMA, PASSWORD)
        signed_in(driver, "hpatel@partners.contoso.com", "SAML 2.0")
    finally:
        driver.quit()


def no_script_is_needed():
    driver = browser(javascript=False)
    try:
        register(driver, "saml")
        open_the_door(driver)
        sign_in(driver, WENDY, PASSWORD)
        # Our page leads on by itself; each page that posts itself has a button.
        press(driver, by_id(driver, "to-idp").find_element(By.TAG_NAME, "button"))
        press(driver, by_id(driver, "post").find_element(By.TAG_NAME, "button"))
        signed_in(driver, "wmoran@partners.contoso.com", "SAML 2.0")
    finally:
        driver.quit()


for walk, arguments in (
    (entras_own_page_takes_no_foreign_email, ()),
    (one_prompt_in_all, ("saml", "SAML 2.0")),
    (one_prompt_in_all, ("wsfed", "WS-Federation")),
    (a_partner_of_a_public_mail_host, ()),
    (a_link_that_names_the_domain_asks_for_no_name, ()),
    (a_link_with_another_name_asks, ()),
    (no_script_is_needed, ()),
):
    walk(*arguments)
    print(f"{walk.__name__}{arguments}: ok", flush=True)
