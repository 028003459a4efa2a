import json

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory, current_stack
from tfgan_thyroid.segmentation.checkpoints import best_iteration
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.export import export_unet
from tfgan_thyroid.segmentation.model import build_segmentation_model
from tfgan_thyroid.segmentation.record import SegmentationRecord
from tfgan_thyroid.serving.export import warmup

CONFIG = SegmentationConfig(image_size=16, width=4, batch_size=4)


@pytest.fixture(scope="module")
def trained():
    model = build_segmentation_model(CONFIG, 2)
    images = tf.random.stateless_uniform([4, 16, 16, 1], [0, 0], -1.0, 1.0)
    for _ in range(5):
        model.train_step((images, tf.cast(images > 0.0, tf.float32)))
    return model


@pytest.fixture(scope="module")
def run(trained, tmp_path_factory):
    record = SegmentationRecord(
        CONFIG, "/secret/path", "/other/secret", "digest", "pairs", ["a"] * 7, 3, current_stack(), "0"
    )
    run = RunDirectory.create(tmp_path_factory.mktemp("runs"), record)
    checkpoints.save(run, trained, best_iteration)
    return run


@pytest.fixture(scope="module")
def version(run, trained, tmp_path_factory):
    return export_unet(run, trained, tmp_path_factory.mktemp("saved_models") / "unet")


def scans(count):
    return np.random.default_rng(1).integers(0, 256, (count, 16, 16, 1), dtype=np.uint8)


def test_served_masks_and_probabilities_are_the_models(version, trained):
    serve = tf.saved_model.load(str(version)).signatures["serving_default"]
    images = scans(3)
    found = serve(image_bytes=tf.constant([encode_png(image[..., 0]) for image in images]))
    assert set(found) == {"mask_bytes", "probability"}
    np.testing.assert_allclose(found["probability"], trained.probabilities(images), atol=1e-6)
    masks = np.stack([tf.io.decode_png(png).numpy() for png in found["mask_bytes"].numpy()])
    assert set(np.unique(masks)) == {0, 255}
    np.testing.assert_array_equal(masks == 255, found["probability"].numpy() >= 0.5)


def test_the_next_version_is_the_next_integer_and_nothing_else_is_left(version, run, trained):
    assert version.name == "1"
    assert export_unet(run, trained, version.parent).name == "2"
    assert sorted(path.name for path in version.parent.iterdir()) == ["1", "2"]


def test_the_card_names_what_it_learnt_from_and_no_path(version):
    card = json.loads((version / "model_card.json").read_text())
    assert (card["kind"], card["labelled"], card["generated"]) == ("unet", 7, 3)
    assert card["signatures"] == ["serving_default"]
    text = (version / "model_card.md").read_text()
    assert "7 labelled scans and 3 generated pairs" in text
    assert "not scored" in text
    assert "secret" not in text + json.dumps(card)


def test_warm_up_requests_are_answered(version):
    serve = tf.saved_model.load(str(version)).signatures
    answers = []
    played = warmup.replay(
        version,
        lambda name, inputs: answers.append(serve[name](image_bytes=tf.constant(inputs["image_bytes"]))),
    )
    assert played == len(answers) == 2


def test_a_version_that_cannot_be_written_leaves_nothing(run, trained, tmp_path, monkeypatch):
    def fail(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "tmp; No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(UserError, match="No space left on device"):
        export_unet(run, trained, tmp_path / "unet")
    assert list((tmp_path / "unet").iterdir()) == []


def test_a_unet_whose_export_computes_another_function_is_not_published(run, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(type(trained), "call", lambda self, images: 0.5 * tf.sigmoid(self.unet(images)))
    with pytest.raises(UserError, match="'probability' of 'serving_default' differs"):
        export_unet(run, trained, tmp_path / "unet")
    assert not list((tmp_path / "unet").glob("*"))
