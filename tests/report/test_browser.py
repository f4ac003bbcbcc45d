"""Reports in headless Chromium, wide and on a phone, light and dark: what a reader would see, and what is asked for."""

import io
import json

import browser as chromium
import numpy as np
import pytest
from pages import write_all

pytest.importorskip("selenium", reason="selenium is not installed")
image = pytest.importorskip("matplotlib.image", reason="matplotlib is not installed")

if not chromium.CHROMIUM or not chromium.DRIVER:
    pytest.skip("chromium or chromedriver is not installed", allow_module_level=True)

NAMES = ["binary", "classes", "digits", "labels", "many", "outputs", "values"]
SCHEMES = ["light", "dark"]
WIDTHS = [360, 1280]

# Of every text its contrast with what lies behind it; bars in table cells count as if they lay behind all of it.
CONTRASTS = r"""
const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
const paint = (behind, colours) => {
  canvas.globalCompositeOperation = "copy";
  canvas.fillStyle = behind;
  canvas.fillRect(0, 0, 1, 1);
  canvas.globalCompositeOperation = "source-over";
  for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
  return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
};
const luminance = (pixel) => {
  const [r, g, b] = pixel.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || element.closest("title, .unseen")) continue;
  const layers = [];
  for (let e = element; e; e = e.parentElement) {
    const style = getComputedStyle(e);
    layers.unshift(style.backgroundColor, ...(style.backgroundImage.match(/(rgba?|color)\([^)]*\)/g) || []));
  }
  const style = getComputedStyle(element);
  const behind = paint("white", layers);
  const text = paint(`rgb(${behind})`, [element.closest("svg") ? style.fill : style.color]);
  const [low, high] = [luminance(behind), luminance(text)].sort((a, b) => a - b);
  found.push([(high + 0.05) / (low + 0.05), walker.currentNode.data.trim().slice(0, 40)]);
}
return found;
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = chromium.start(tmp_path_factory.mktemp("browser"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return {path.stem: path for path in write_all(tmp_path_factory.mktemp("pages"))}


@pytest.fixture(params=SCHEMES)
def scheme(request):
    return request.param


@pytest.fixture(params=WIDTHS)
def width(request):
    return request.param


@pytest.fixture
def show(browser, pages, width, scheme):
    """Open a report on a screen of that width and scheme."""

    def open_page(name):
        chromium.set_screen(browser, width)
        chromium.set_scheme(browser, scheme)
        for log in ("browser", "performance"):
            browser.get_log(log)
        browser.get(pages[name].as_uri())
        return browser

    return open_page


@pytest.mark.parametrize("name", NAMES)
def test_page(show, pages, width, name):
    browser = show(name)
    assert browser.get_log("browser") == []
    assert {url for url in requested(browser) if not url.startswith("data:")} == {pages[name].as_uri()}
    widths = "const page = document.documentElement; return [page.scrollWidth, page.clientWidth, innerWidth]"
    shown, own, screen = browser.execute_script(widths)
    assert shown <= own <= screen == width
    assert (
        browser.execute_script("return [...document.images].filter((i) => !i.complete || !i.naturalWidth).length") == 0
    )
    low = [pair for pair in browser.execute_script(CONTRASTS) if pair[0] < 4.5]
    assert low == []
    outside = browser.execute_script(
        "return [...document.querySelectorAll('main > section *')].filter((e) => !e.closest('.scroll, .unseen'))"
        ".filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 80))"
    )
    assert outside == []


def requested(browser):
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def test_sections_are_there(show):
    browser = show("digits")
    heads = browser.execute_script("return [...document.querySelectorAll('h1, h2')].map((h) => h.textContent)")
    titles = ["Learning curves", "Confusion matrix", "Classes", "Most confident mistakes", "First-layer weights"]
    assert heads == ["<i>digits</i>", *titles, "Network", "Training run"]
    assert browser.execute_script("return document.querySelectorAll('script').length") == 0
    for link in browser.execute_script("return [...document.querySelectorAll('nav a')].map((a) => a.hash)"):
        assert browser.execute_script("return document.querySelector(arguments[0]).offsetHeight", link) > 80


def test_figures_have_names(show):
    browser = show("digits")
    nameless = browser.execute_script(
        "return [...document.querySelectorAll('img, svg, .scroll')]"
        ".filter((e) => !e.getAttribute('alt') && !e.getAttribute('aria-label')).length"
    )
    assert nameless == 0
    assert (
        browser.execute_script("return [...document.querySelectorAll('table')].filter((t) => !t.caption).length") == 0
    )


def test_screenshot(show, scheme):
    browser = show("digits")
    pixels = image.imread(io.BytesIO(browser.get_screenshot_as_png()))[:, :, :3]
    greys, counts = np.unique(np.rint(255 * pixels.mean(axis=2)), return_counts=True)
    assert len(greys) > 50
    assert counts.max() < 0.97 * counts.sum()
    assert greys[counts.argmax()] == (255 if scheme == "light" else 24)


@pytest.mark.parametrize("width", [1280], indirect=True)
def test_paper_is_light(show, scheme):
    browser = show("digits")
    chromium.set_scheme(browser, scheme, "print")
    colours = "const style = getComputedStyle(document.body); return [style.backgroundColor, style.color]"
    assert browser.execute_script(colours) == ["rgb(255, 255, 255)", "rgb(32, 32, 32)"]


def test_no_script_runs(show):
    """What a name would do, could it be markup: nothing, as the page's policy says too."""
    browser = show("classes")
    browser.execute_script("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.ran=1>')")
    assert browser.execute_script("return window.ran") is None
