"""Writes the screenshots of docs/report.md: ``python tests/report/write_screenshots.py PAGE.html docs/images``.

Needs chromium, chromedriver, selenium and Pillow.
"""

import base64
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

import browser as chromium

SCREENS = {"wide": (1280, 1760, 1), "phone": (360, 1410, 3)}
"""Name -> width, height, and how many of them, one below the other on the page, stand side by side."""
GAP, GREY = 24, (128, 128, 128)


def take(browser, page, screen, scheme):
    width, height, n_parts = SCREENS[screen]
    chromium.set_screen(browser, width, height)
    chromium.set_scheme(browser, scheme)
    browser.get(page.resolve().as_uri())
    sheet = Image.new("RGB", (n_parts * (width + GAP) - GAP, height), GREY)
    for part in range(n_parts):
        area = {"x": 0, "y": part * height, "width": width, "height": height, "scale": 1}
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": area})
        sheet.paste(Image.open(io.BytesIO(base64.b64decode(shot["data"]))), (part * (width + GAP), 0))
    return sheet


def main(page, folder):
    with tempfile.TemporaryDirectory() as data:
        browser = chromium.start(data)
        try:
            for screen in SCREENS:
                for scheme in ("light", "dark"):
                    image = take(browser, page, screen, scheme).quantize(128, kmeans=3)
                    image.save(folder / f"report_{screen}_{scheme}.png", optimize=True)
        finally:
            browser.quit()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
