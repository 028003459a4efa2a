"""The preview page in a real headless browser: Debian's or another installed Chromium, driven by Playwright."""

import base64
import io
import shutil

import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid.networks.generator import build_generator
from tfgan_thyroid.serving.export.signatures import GeneratorSignatures
from tfgan_thyroid.serving.export.version import save

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the dev extra (playwright)")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")

DONE = "document.getElementById('share').textContent === '{:.2f}'"


@pytest.fixture(scope="module")
def paired_model(tmp_path_factory):
    """`saved_models/paired` of a generator of two channels: image and mask."""
    directory = tmp_path_factory.mktemp("saved_models") / "paired"
    offered = GeneratorSignatures(build_generator(16, 2, 4, 8))
    save(directory / "1", offered.traced())
    return directory


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """Opens the page of a server; at the end it must have logged no error, and its picture is kept."""
    opened, errors = [], []

    def open_at(url):
        page = browser.new_page(viewport={"width": 1000, "height": 900})
        page.on("pageerror", lambda error: errors.append(str(error)))
        opened.append(page)
        page.goto(url)
        page.wait_for_function(DONE.format(0))
        return page

    yield open_at
    for number, page in enumerate(opened):
        page.screenshot(path=str(tmp_path / f"page{number}.png"), full_page=True)
        page.close()
    assert errors == []


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png))).astype(int)


def shown(page):
    """The files of the grid by the text under them."""
    pairs = page.eval_on_selector_all("#grid img", "images => images.map(image => [image.alt, image.src])")
    return {alt: base64.b64decode(source.removeprefix("data:image/png;base64,")) for alt, source in pairs}


def canvas(page, selector):
    """Its pixels, `[H, W, 4]`."""
    size, levels = page.eval_on_selector(
        selector,
        "canvas => [canvas.width,"
        " Array.from(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)]",
    )
    return np.array(levels).reshape(size, size, 4)


def slide_to(page, share):
    page.fill("#way", str(share))
    page.wait_for_function(DONE.format(share))


def test_the_page_shows_a_grid_of_served_images_and_no_problem(open_page, preview, connect):
    page = open_page(preview.url)
    files = shown(page)
    assert list(files) == [f"seed {seed}" for seed in range(24)]
    assert list(files.values()) == connect(preview, "thyroid").images(range(24))
    assert page.eval_on_selector_all("#model option", "options => options.map(o => o.value)") == ["thyroid"]
    assert page.text_content("#problem") == ""
    assert not page.is_visible("#masks")


def test_the_seed_box_chooses_the_images(open_page, preview, connect):
    page = open_page(preview.url)
    page.fill("#seed", "1000000")
    page.fill("#count", "3")
    page.click("#show")
    page.wait_for_function("document.querySelectorAll('#grid img').length === 3")
    assert shown(page) == dict(
        zip(
            ["seed 1000000", "seed 1000001", "seed 1000002"],
            connect(preview, "thyroid").images(range(1_000_000, 1_000_003)),
            strict=True,
        )
    )


def test_the_slider_goes_from_one_seed_to_the_other(open_page, preview, connect):
    page = open_page(preview.url)
    ends = [pixels(png) for png in connect(preview, "thyroid").images([5, 9])]
    page.fill("#from", "5")
    page.fill("#to", "9")
    slide_to(page, 0.5)
    middle = canvas(page, "#image")
    assert (middle[..., 3] == 255).all() and (middle[..., 0] == middle[..., 2]).all()
    for share, end in ((1.0, ends[1]), (0.0, ends[0])):
        slide_to(page, share)
        np.testing.assert_allclose(canvas(page, "#image")[..., 0], end, atol=1)
        assert np.abs(middle[..., 0] - end).max() > 1


def test_a_paired_model_has_its_masks_over_the_images(open_page, start_server, paired_model, connect):
    server = start_server(paired_model)
    page = open_page(server.url)
    rows = connect(server, "paired").predict({"instances": [0, 1]})
    masks = [pixels(base64.b64decode(row["mask_bytes"]["b64"])) for row in rows]
    assert {level for mask in masks for level in np.unique(mask)} == {0, 255}
    for number, mask in enumerate(masks, 1):
        overlay = canvas(page, f"#grid figure:nth-child({number}) .mask")
        np.testing.assert_array_equal(overlay[..., 3] > 0, mask == 255)
    # The slider stands at seed 0.
    np.testing.assert_array_equal(canvas(page, "#mask")[..., 3] > 0, masks[0] == 255)
    assert page.is_visible("#grid figure:nth-child(1) .mask")
    page.uncheck("#masks")
    assert not page.is_visible("#grid figure:nth-child(1) .mask")
    assert page.is_visible("#grid figure:nth-child(1) img")


def test_a_wrong_seed_and_a_refused_request_are_told_on_the_page(open_page, preview):
    page = open_page(preview.url)
    page.fill("#seed", "-1")
    page.click("#show")
    page.wait_for_function("document.getElementById('problem').textContent")
    assert page.text_content("#problem") == "a seed is a whole number from 0 on"
    page.fill("#seed", "0")
    page.fill("#count", "33")
    page.click("#show")
    page.wait_for_function("document.getElementById('problem').textContent.includes('33 rows are more than the 32')")
    page.fill("#count", "2")
    page.click("#show")
    page.wait_for_function("document.querySelectorAll('#grid img').length === 2")
    assert page.text_content("#problem") == ""
