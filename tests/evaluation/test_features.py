"""Feature spaces: the same on every machine, sensitive to what differs, and refused in words where they cannot be."""

import shutil

import keras
import numpy as np
import pytest
from scipy import signal

from tfgan_thyroid.config import MODELS
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation import features
from tfgan_thyroid.evaluation.features import feature_extractor, inception_features, random_features
from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.generator_weights import load_encoder
from tfgan_thyroid.runs.run_directory import RunDirectory

IMAGES = np.random.default_rng(0).integers(0, 256, size=(5, 16, 16, 1), dtype=np.uint8)


def test_random_features_are_what_plain_convolutions_give():
    """The first layer by SciPy: stride 2 with SAME padding takes every second correlation from the second on."""
    found = random_features()(IMAGES)
    assert found.shape == (5, 4 * sum(features.RANDOM_CHANNELS))
    rng = np.random.default_rng(features.RANDOM_SEED)
    kernels = (rng.standard_normal([3, 3, 1, 16]) * np.sqrt(2 / 9)).astype(np.float32)
    image = IMAGES[2, :, :, 0] / 127.5 - 1.0
    for channel in range(16):
        padded = np.pad(image, ((0, 1), (0, 1)))  # an even size pads at the end alone
        maps = np.maximum(signal.correlate2d(padded, kernels[:, :, 0, channel], mode="valid")[::2, ::2], 0.0)
        corners = [maps[:4, :4], maps[:4, 4:], maps[4:, :4], maps[4:, 4:]]
        expected = [corner.mean() for corner in corners]
        np.testing.assert_allclose(found[2, [channel + 16 * part for part in range(4)]], expected, atol=1e-5)


def test_random_features_do_not_depend_on_the_batch_and_tell_images_apart():
    many = np.concatenate([IMAGES] * 30)
    found = random_features()(many)
    np.testing.assert_allclose(found[120:125], random_features()(IMAGES), atol=1e-5)
    assert np.linalg.norm(found[0] - found[1]) > 0.01


@pytest.mark.parametrize("size", [8, 24, 64])
def test_random_features_take_every_size(size):
    images = np.random.default_rng(1).integers(0, 256, size=(3, size, size, 1), dtype=np.uint8)
    assert np.isfinite(random_features()(images)).all()


def test_encoder_features_are_the_latents_of_the_trained_encoder(run):
    extractor = feature_extractor("encoder", run, "latest", None)
    encoder = load_encoder(run.read().config, checkpoints.find(run, "latest"))
    expected = encoder(IMAGES.astype(np.float32) / 127.5 - 1.0).numpy()
    np.testing.assert_allclose(extractor(IMAGES), expected, atol=1e-5)
    assert "alpha-wgan-gp, iteration 0" in extractor.name


def test_images_of_another_size_do_not_fit_an_encoder(run):
    extractor = feature_extractor("encoder", run, "latest", None)
    with pytest.raises(UserError, match="takes images of 16x16 pixels, not 8x8"):
        extractor(IMAGES[:, ::2, ::2])


def test_a_model_without_an_encoder_is_refused_by_name(run, tmp_path):
    assert "wgan-gp" in MODELS
    config = run.read().config.replace(model="wgan-gp")
    other = RunDirectory(tmp_path)
    other.checkpoints.mkdir()
    other.write(type(run.read())(**{**run.read().__dict__, "config": config}))
    checkpoints.save(other, build_model(config))
    with pytest.raises(UserError, match="no features by the encoder: wgan-gp has no encoder.*use pixels or random"):
        feature_extractor("encoder", other, "latest", None)


def test_encoder_and_inception_ask_for_what_they_need(tmp_path):
    with pytest.raises(UserError, match="needs a run's encoder"):
        feature_extractor("encoder", None, "latest", None)
    with pytest.raises(UserError, match="needs --inception-weights FILE: nothing is downloaded"):
        feature_extractor("inception", None, "latest", None)
    with pytest.raises(UserError, match="missing.h5 is not there"):
        inception_features(tmp_path / "missing.h5")
    assert feature_extractor("pixels", None, "latest", None) is None


def test_an_encoder_that_has_diverged_is_refused(run, tmp_path, monkeypatch):
    broken = RunDirectory(tmp_path / "run")
    shutil.copytree(run.path, broken.path, ignore=shutil.ignore_patterns("checkpoints"))
    broken.checkpoints.mkdir()
    model = build_model(run.read().config)
    model.encoder.trainable_variables[0].assign(model.encoder.trainable_variables[0] * np.nan)
    monkeypatch.setattr(checkpoints, "_check_finite", lambda *_: None)
    checkpoints.save(broken, model)
    with pytest.raises(UserError, match="hold NaN or infinity"):
        feature_extractor("encoder", broken, "latest", None)(IMAGES)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")  # Keras 3 on NumPy 2
def test_inception_takes_the_weights_of_a_file_and_refuses_another(tmp_path):
    network = keras.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    file = tmp_path / "inception.weights.h5"
    network.save_weights(file)
    extractor = inception_features(file)
    found = extractor(IMAGES[:2])
    assert found.shape == (2, 2048)
    assert "InceptionV3" in extractor.name
    (tmp_path / "other.weights.h5").write_bytes(b"nonsense")
    with pytest.raises(UserError, match="holds no weights of Keras's InceptionV3"):
        inception_features(tmp_path / "other.weights.h5")
