"""A real Chromium walks the demo, as a person would.

usage: chromium_demo.py START_URL SCREENSHOTS_FOLDER; exits 0 when every step was as it should be.
"""

import sys

from chromium import browser, by_id, press, quiet
from selenium.webdriver.common.by import By

START, SHOTS = sys.argv[1:]
WENDY, PASSWORD = "wmoran@fabrikam.com", "Part.ner-Pw0rd"


def begin(driver):
    """From the start page to the tenanted address, and the email typed there."""
    driver.get(START)
    driver.find_element(By.CLASS_NAME, "go").click()
    by_id(driver, "login_hint").send_keys(WENDY)
    press(driver, driver.find_element(By.TAG_NAME, "button"))


def sign_in(driver, name, password):
    field = by_id(driver, "name")
    field.clear()
    field.send_keys(name)
    by_id(driver, "password").send_keys(password)
    press(driver, driver.find_element(By.CSS_SELECTOR, "#sign-in button"))


def signed_in(driver):
    assert by_id(driver, "cloud-upn").text == "wmoran@partners.contoso.com"


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


for walk in (
    a_person_signs_in,
    two_tabs_wait_side_by_side,
    no_script_is_needed,
    the_common_address_leads_nowhere,
):
    walk()
    print(f"{walk.__name__}: ok", flush=True)
