"""The generator that the repository ships: small, whole, made of phantoms, and served as its card says."""

import io
import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_thyroid.config import Config
from tfgan_thyroid.serving.export.model_card import training_command

LARGEST = 6_000_000  # bytes


@pytest.fixture(scope="module")
def version(root):
    return root / "saved_models" / "demo" / "1"


@pytest.fixture(scope="module")
def card(version):
    return json.loads((version / "model_card.json").read_text())


def test_it_is_small(version):
    assert sum(path.stat().st_size for path in version.rglob("*") if path.is_file()) < LARGEST


def test_its_card_says_what_it_is_in_both_forms(version, card):
    text = (version / "model_card.md").read_text()
    assert "simulated by python -m pipeline.simulate" in card["data"] and "no patient is in them" in card["data"]
    assert card["licence"].startswith("Apache-2.0")
    assert {"mmd", "1nn"} <= set(card["metrics"])
    for key in ("data", "licence", "training_command", "model_digest", "intended_use"):
        assert card[key] in text
    for line in (*card["not_for"], *card["limits"]):
        assert f"- {line}\n" in text


def test_the_readme_beside_it_has_the_command_of_its_card(root, card):
    words = (root / "saved_models" / "README.md").read_text().replace("\\\n", "").split()
    command = training_command(Config(**card["config"])).replace("DATASET", "phantoms-64")
    assert command in " ".join(words)


def test_it_makes_dark_bright_and_different_images(version, card):
    signatures = tf.saved_model.load(str(version)).signatures
    files = signatures["serving_default"](tf.range(8, dtype=tf.int64))["image_bytes"].numpy()
    images = np.stack([np.asarray(Image.open(io.BytesIO(png))) for png in files]).astype(float)
    size = card["config"]["image_size"]
    assert images.shape == (8, size, size)
    assert images.std(axis=(1, 2)).min() > 10  # structure, not one grey
    pairs = [np.abs(images[i] - images[j]).mean() for i in range(8) for j in range(i)]
    assert min(pairs) > 3  # no two seeds make the same scan
