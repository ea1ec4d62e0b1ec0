"""A real Chromium, and how it is driven: what the walks have in common."""

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait


def browser(javascript=True, dark=False, foreign_cookies=None):
    """`foreign_cookies`: whether a site's cookies come into other sites' pages; Debian's build has
    it off by default, as other browsers have."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    # The certificates were made by the test a moment ago.
    options.accept_insecure_certs = True
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1000,900",
    ):
        options.add_argument(argument)
    if dark:
        options.add_argument("--force-dark-mode")
    preferences = {}
    if not javascript:
        preferences["profile.managed_default_content_settings.javascript"] = 2
    if foreign_cookies is not None:
        preferences["profile.block_third_party_cookies"] = not foreign_cookies
        preferences["profile.cookie_controls_mode"] = 0 if foreign_cookies else 1
    options.add_experimental_option("prefs", preferences)
    driver = webdriver.Chrome(
        options=options, service=webdriver.ChromeService("/usr/bin/chromedriver")
    )
    driver.set_page_load_timeout(30)
    return driver


def until(driver, condition, what):
    return WebDriverWait(driver, 20).until(condition, f"{what}; the page is {driver.title!r}")


def by_id(driver, name):
    return until(driver, lambda d: d.find_elements(By.ID, name), f"no #{name}")[0]


def press(driver, button):
    """Presses a button that leaves the page, and waits until the page is left."""
    button.click()

    def is_gone(_):
        try:
            button.is_enabled()
            return False
        except WebDriverException:
            # Stale, or, while the page is being left, a node that belongs to no document.
            return True

    until(driver, is_gone, "the page stays")


def sign_in(driver, name, password):
    """Fills our sign-in page in, and sends it."""
    field = by_id(driver, "name")
    field.clear()
    field.send_keys(name)
    by_id(driver, "password").send_keys(password)
    press(driver, driver.find_element(By.CSS_SELECTOR, "#sign-in button"))


def quiet(driver):
    """No page may have met its own content security policy, or failed to load anything."""
    complaints = [
        entry["message"]
        for entry in driver.get_log("browser")
        if entry["level"] == "SEVERE" and "favicon" not in entry["message"]
    ]
    assert not complaints, complaints
