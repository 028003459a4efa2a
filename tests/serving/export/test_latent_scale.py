"""To whoever loads a run's networks latents are standard normal, whatever the run multiplies them by."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.data.preprocessing import quantize, scale_to_unit_range
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation.features import encoder_features
from tfgan_thyroid.evaluation.generated_images import run_images
from tfgan_thyroid.evaluation.image_sources import ImageSource, Kind
from tfgan_thyroid.evaluation.report import files as evaluation_files
from tfgan_thyroid.evaluation.report import latent_figures
from tfgan_thyroid.evaluation.result import Evaluation
from tfgan_thyroid.models.alpha_wgan_gp import AlphaWGANGP
from tfgan_thyroid.models.random_draws import latents_from_seeds
from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.generator_weights import load_encoder, load_generator
from tfgan_thyroid.runs.run_directory import RunDirectory, RunRecord, current_stack
from tfgan_thyroid.serving.export.saved_model import export_encoder


@pytest.fixture(scope="module", params=["alpha-wgan-gp", "vae"])
def scaled(request, tiny_config, tmp_path_factory):
    """A run that doubles its latents, and its model."""
    config = tiny_config.replace(model=request.param, latent_scale=2.0)
    run = RunDirectory.create(
        tmp_path_factory.mktemp("runs"), RunRecord(config, "/", "train", "", current_stack(), "0")
    )
    model = build_model(config)
    model.train_step(tf.random.stateless_uniform([4, config.batch_size, 16, 16, 1], [0, 0], -1.0, 1.0))
    checkpoints.save(run, model)
    return run, model


def loaded(load, run):
    return load(run.read().config, checkpoints.find(run, "latest"))


def test_the_loaded_generator_multiplies_its_latents(scaled):
    run, model = scaled
    latents = tf.random.stateless_normal([3, model.config.latent_size], [1, 2])
    np.testing.assert_allclose(loaded(load_generator, run)(latents), model(2.0 * latents), atol=1e-5)


def test_images_of_seeds_are_the_models(scaled):
    run, model = scaled
    expected = quantize(model.generate(tf.range(3, dtype=tf.int64)).numpy())
    made = run_images(run, "latest", None, 3)
    assert np.abs(made.astype(int) - expected.astype(int)).max() <= 1
    plain = quantize(model(latents_from_seeds(tf.range(3, dtype=tf.int64), model.config.latent_size)).numpy())
    assert np.abs(plain.astype(int) - expected.astype(int)).max() > 1


def test_the_loaded_generator_reconstructs_what_the_loaded_encoder_gives(scaled):
    run, model = scaled
    images = tf.random.stateless_uniform([2, 16, 16, 1], [3, 4], -1.0, 1.0)
    latents = loaded(load_encoder, run)(images)
    np.testing.assert_allclose(2.0 * latents, model.encode(images), atol=1e-5)
    np.testing.assert_allclose(loaded(load_generator, run)(latents), model(model.encode(images)), atol=1e-5)


def test_an_exported_encoder_reconstructs_too(scaled, tmp_path):
    run, model = scaled
    levels = np.random.default_rng(0).integers(0, 256, [2, 16, 16, 1], np.uint8)
    files = tf.constant([tf.io.encode_png(image).numpy() for image in levels])
    exported = tf.saved_model.load(str(export_encoder(run, tmp_path / "encoder"))).signatures
    codes = model.encode(scale_to_unit_range(tf.cast(levels, tf.float32)))
    np.testing.assert_allclose(2.0 * exported["serving_default"](image_bytes=files)["latent"], codes, atol=1e-5)
    pngs = exported["reconstruct"](image_bytes=files)["image_bytes"].numpy()
    made = np.stack([tf.io.decode_png(png).numpy() for png in pngs])
    assert np.abs(made.astype(int) - quantize(model(codes).numpy()).astype(int)).max() <= 1


def test_features_of_the_encoder_do_not_know_the_scale(scaled):
    run, model = scaled
    levels = np.random.default_rng(0).integers(0, 256, [2, 16, 16, 1], np.uint8)
    codes = model.encode(scale_to_unit_range(tf.cast(levels, tf.float32)))
    np.testing.assert_allclose(encoder_features(run)(levels), codes, atol=1e-5)


def test_the_report_shows_the_models_reconstructions(scaled, monkeypatch):
    run, model = scaled
    levels = np.random.default_rng(0).integers(0, 256, [2, 16, 16, 1], np.uint8)
    facts = {"iteration": 1, "weights": "average"}
    source = ImageSource(levels, Kind.RUN, facts, run=run)
    evaluation = Evaluation(source, source, {}, source, None, None, "", 2)
    monkeypatch.setattr(latent_figures, "reconstructions_figure", lambda scans, encode, decode: decode(encode(scans)))
    shown = evaluation_files._encoder_makers(evaluation)[0]()
    expected = quantize(model(model.encode(scale_to_unit_range(tf.cast(levels, tf.float32)))).numpy())
    assert np.abs(shown.astype(int) - expected.astype(int)).max() <= 1


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_makes_no_images_is_refused(tiny_config, value):
    with pytest.raises(UserError, match="latent_scale is .*: it must be a finite number above 0"):
        tiny_config.replace(latent_scale=value)


def test_a_generator_whose_first_layer_cannot_take_the_scale_is_refused(tiny_config, tmp_path, monkeypatch):
    """A bias would be multiplied with the kernel."""
    monkeypatch.setattr(
        AlphaWGANGP,
        "NETWORKS",
        {"generator": lambda c: keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(4, name="first")])},
    )
    with pytest.raises(
        UserError, match="latent_scale is 2.0.*must be a Dense without bias: it is 'first' of type Dense"
    ):
        load_generator(tiny_config.replace(latent_scale=2.0), tmp_path)
