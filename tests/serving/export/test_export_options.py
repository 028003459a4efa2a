"""bfloat16 kernels, truncation as an input, the encoder, and the requests that warm a version up."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.generator_weights import load_encoder, load_generator
from tfgan_thyroid.serving.export import warmup
from tfgan_thyroid.serving.export.saved_model import WARM_UP_BATCHES, export_encoder, export_generator


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png))).astype(int)


def variables_size(version):
    """Bytes of the saved variables, without what the format adds."""
    reader = tf.train.load_checkpoint(str(version / "variables" / "variables"))
    dtypes = reader.get_variable_to_dtype_map()
    shapes = reader.get_variable_to_shape_map()
    return sum(int(np.prod(shapes[name])) * dtypes[name].size for name in dtypes if dtypes[name] != tf.string)


@pytest.fixture(scope="module")
def plain(model_directory):
    return model_directory / "1"


@pytest.fixture(scope="module")
def half(run_directory, tmp_path_factory):
    return export_generator(
        run_directory, tmp_path_factory.mktemp("half") / "thyroid", dtype="bfloat16", truncation=True
    )


@pytest.fixture(scope="module")
def encoder_version(run_directory, tmp_path_factory):
    return export_encoder(run_directory, tmp_path_factory.mktemp("encoder") / "encoder")


def test_bfloat16_halves_the_kernels_and_changes_a_few_grey_levels(plain, half, run_directory):
    generator = load_generator(run_directory.read().config, checkpoints.find(run_directory, "latest"))
    kernels = sum(weight.size for weight in generator.get_weights() if weight.ndim > 1)
    assert variables_size(plain) - variables_size(half) == 2 * kernels
    seeds = tf.range(4, dtype=tf.int64)
    images = [
        np.stack(
            [
                pixels(png)
                for png in tf.saved_model.load(str(v)).signatures["serving_default"](seeds)["image_bytes"].numpy()
            ]
        )
        for v in (plain, half)
    ]
    difference = np.abs(images[0] - images[1])
    assert 0 < difference.max() <= 12


def test_truncation_scales_the_latent(half):
    signatures = tf.saved_model.load(str(half)).signatures
    truncated = signatures["generate_truncated"]
    seeds = tf.constant([5, 6], tf.int64)

    def images(truncation):
        return truncated(seed=seeds, truncation=tf.fill([2], truncation))["image_bytes"].numpy().tolist()

    assert images(1.0) == signatures["serving_default"](seed=seeds)["image_bytes"].numpy().tolist()
    middle = images(0.0)
    assert middle[0] == middle[1]
    assert middle[0] not in images(0.5)


def test_the_encoder_gives_latents_and_reconstructions_of_png_files(encoder_version, run_directory):
    config, checkpoint = run_directory.read().config, checkpoints.find(run_directory, "latest")
    levels = np.random.default_rng(0).integers(0, 256, [3, 16, 16, 1], np.uint8)
    files = tf.constant([tf.io.encode_png(image).numpy() for image in levels])
    signatures = tf.saved_model.load(str(encoder_version)).signatures
    latents = signatures["serving_default"](image_bytes=files)["latent"]
    expected = load_encoder(config, checkpoint)(levels.astype(np.float32) / 127.5 - 1.0)
    np.testing.assert_allclose(latents, expected, atol=1e-5)
    images = load_generator(config, checkpoint)(expected).numpy()[..., 0]
    pngs = signatures["reconstruct"](image_bytes=files)["image_bytes"].numpy()
    np.testing.assert_allclose(np.stack([pixels(png) for png in pngs]), (images + 1) * 127.5, atol=1.01)


def test_the_encoder_refuses_a_scan_of_another_size(encoder_version):
    encode = tf.saved_model.load(str(encoder_version)).signatures["serving_default"]
    png = tf.io.encode_png(tf.zeros([8, 8, 1], tf.uint8))
    with pytest.raises(tf.errors.InvalidArgumentError):
        encode(image_bytes=png[tf.newaxis])


def test_model_cards_tell_what_was_exported(plain, half, encoder_version):
    assert "| exported as | generator, float32 kernels, averaged weights |" in (plain / "model_card.md").read_text()
    text = (half / "model_card.md").read_text()
    assert "| exported as | generator, bfloat16 kernels, averaged weights |" in text
    assert "- `generate_truncated`: `seed` int64 `[N]`, `truncation` float32 `[N]`" in text
    assert "- `reconstruct`: `image_bytes`" in (encoder_version / "model_card.md").read_text()


def test_warm_up_requests_are_played_in_order_and_succeed(plain, encoder_version):
    signatures = tf.saved_model.load(str(plain)).signatures
    played = []

    def run(signature, inputs):
        outputs = signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})
        played.append((signature, [len(value) for value in outputs.values()]))

    assert warmup.replay(plain, run) == len(WARM_UP_BATCHES) + 1
    assert played == [*(("serving_default", [n]) for n in WARM_UP_BATCHES), ("generate_from_latent", [1])]
    names = []
    warmup.replay(encoder_version, lambda signature, inputs: names.append((signature, inputs["image_bytes"][0][:4])))
    assert names == [("serving_default", b"\x89PNG"), ("reconstruct", b"\x89PNG")]


def test_a_version_without_requests_is_not_warmed_up(tmp_path):
    assert warmup.replay(tmp_path, lambda *_: pytest.fail("nothing to play")) == 0


def test_records_are_those_of_tensorflow_serving_api():
    prediction_log_pb2 = pytest.importorskip(
        "tensorflow_serving.apis.prediction_log_pb2",
        reason="needs the serving extra (tensorflow-serving-api), the reference for these bytes",
    )
    for array in (np.arange(3), np.zeros([1, 8], np.float32), np.array([b"\x89PNG"], object)):
        expected = prediction_log_pb2.PredictionLog()
        request = expected.predict_log.request
        request.model_spec.name = "thyroid"
        request.model_spec.signature_name = "generate"
        request.inputs["x"].CopyFrom(tf.make_tensor_proto(array))
        assert warmup.record("thyroid", "generate", {"x": array}) == expected.SerializeToString(deterministic=True)
        assert (
            prediction_log_pb2.PredictionLog.FromString(warmup.record("thyroid", "generate", {"x": array})) == expected
        )
