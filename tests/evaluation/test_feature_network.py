"""Features of a user's network: what it takes, and what is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation.feature_network import network_features

IMAGES = np.random.default_rng(0).integers(0, 256, size=(5, 16, 16, 1), dtype=np.uint8)
SCALED = IMAGES.astype(np.float32) / 127.5 - 1.0


# Keras 3 on NumPy 2, where it saves a network.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")


@pytest.fixture(scope="module")
def network():
    layers = [keras.layers.Conv2D(6, 3, strides=2, activation="relu"), keras.layers.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input((16, 16, 3)), *layers])


@pytest.mark.parametrize("name", ["network.keras", "network.h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_a_keras_file_is_applied_to_grey_repeated_to_three_channels(network, tmp_path, name):
    network.save(tmp_path / name)
    found = network_features(tmp_path / name)(IMAGES)
    np.testing.assert_allclose(found, network(np.repeat(SCALED, 3, axis=-1)).numpy(), atol=1e-5)


def test_a_saved_model_is_applied_by_its_signature_and_maps_are_averaged(tmp_path):
    class Maps(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32)])
        def serving_default(self, images):
            return {"maps": tf.concat([images, 2.0 * images], axis=-1)}

    module = Maps()
    tf.saved_model.save(module, str(tmp_path / "maps"), signatures={"serving_default": module.serving_default})
    means = SCALED.mean(axis=(1, 2))
    np.testing.assert_allclose(network_features(tmp_path / "maps")(IMAGES), np.c_[means, 2 * means], atol=1e-6)


@pytest.mark.parametrize("name", ["lambda.keras", "lambda.h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_a_lambda_layer_is_refused_wherever_it_hides(tmp_path, name):
    inner = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Lambda(lambda x: x + 1.0)])
    keras.Sequential([keras.Input((16, 16, 1)), inner, keras.layers.Flatten()]).save(tmp_path / name)
    with pytest.raises(UserError, match="holds a Lambda layer, which is not run"):
        network_features(tmp_path / name)


def test_what_is_no_network_of_images_is_refused_in_words(tmp_path):
    (tmp_path / "nonsense.h5").write_bytes(b"nonsense")
    keras.Sequential([keras.Input((7,)), keras.layers.Dense(2)]).save(tmp_path / "vectors.keras")
    for name, words in (
        ("missing.keras", "is no file and no SavedModel"),
        ("nonsense.h5", "is no Keras file of a whole model"),
        ("vectors.keras", r"takes inputs of shape \(None, 7\)"),
    ):
        with pytest.raises(UserError, match=words):
            network_features(tmp_path / name)
