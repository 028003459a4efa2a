"""The preview page in a real headless browser, where one is installed."""

import re
import shutil
import subprocess

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def document(preview, tmp_path_factory):
    """The page's document after its script has run for some (virtual) seconds."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    words = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000", "--dump-dom"]
    words += [f"--user-data-dir={tmp_path_factory.mktemp('browser')}", f"{preview.url}/"]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=120).stdout


def test_the_page_shows_a_grid_of_served_images(document, preview, connect):
    shown = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="seed (\d+)">', document)
    assert [int(seed) for _, seed in shown] == list(range(24))
    body = {"instances": list(range(24))}
    assert [image for image, _ in shown] == [value["b64"] for value in connect(preview, "thyroid").predict(body)]


def test_the_page_draws_the_way_between_two_seeds(document):
    canvas = re.search(r'<canvas id="between"([^>]*)>', document)[1]
    assert 'width="16"' in canvas and 'height="16"' in canvas


def test_the_page_offers_the_models_and_has_no_problem(document):
    assert "<option>thyroid</option>" in document or '<option value="thyroid">thyroid</option>' in document
    assert '<p id="problem" role="alert"></p>' in document
