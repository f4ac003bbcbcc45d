"""browser.py: headless Chromium, for tests and for the screenshots in the docs."""

import shutil

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

_SWITCHES = [
    *("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-dev-shm-usage"),
    *("disable-background-networking", "disable-component-update", "disable-sync"),
]


def start(folder):
    """A browser that keeps its things in a folder, and logs what it is told and what it asks for."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in [*_SWITCHES, f"user-data-dir={folder}"]:
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(DRIVER))


def set_screen(browser, width, height=800, scale=1):
    """A phone's screen if it is narrow."""
    screen = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)


def set_scheme(browser, scheme, media=""):
    """What the reader prefers, "light" or "dark"; and the medium, "print" say, if not a screen."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
