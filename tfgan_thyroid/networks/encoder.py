"""The encoder E (paper, section II.A): images to latents, or to normal distributions of latents."""

from collections.abc import Callable

import keras

from tfgan_thyroid.layers.batch_normalization import BatchNormalization, normalization_dtype
from tfgan_thyroid.networks.convolutional_tower import build_tower


def build_encoder(
    image_size: int, channels: int, width: int, latent_size: int, dtype: str = "float32", seed: int = 0
) -> keras.Sequential:
    """E: the convolutional tower with batch normalization in every stage, `latent_size` linear outputs.

    Seven layers and 15,375,008 trainable parameters at 256 pixels, width 32 and latent size 256.

    Args:
        image_size: height and width in pixels, 4 * 2^n.
        channels: channels of the image.
        width: channels after the first stage.
        latent_size: length of a latent vector.
        dtype: `"float32"` or `"mixed_bfloat16"`.
        seed: of the initial values.

    Returns:
        A network from images `[N, image_size, image_size, channels]` in [-1, 1] to float32 `[N, latent_size]`.
    """
    return build_tower("encoder", _batch_normalization(dtype), latent_size, image_size, channels, width, dtype, seed)


def build_variational_encoder(
    image_size: int, channels: int, width: int, latent_size: int, dtype: str = "float32", seed: int = 0
) -> keras.Sequential:
    """E of a variational auto-encoder: the same tower, with twice the outputs.

    Args:
        image_size: height and width in pixels, 4 * 2^n.
        channels: channels of the image.
        width: channels after the first stage.
        latent_size: length of a latent vector.
        dtype: `"float32"` or `"mixed_bfloat16"`.
        seed: of the initial values.

    Returns:
        A network from images `[N, image_size, image_size, channels]` in [-1, 1] to float32 `[N, 2 * latent_size]`: the
        means of the latents, then the logarithms of their variances.
    """
    return build_tower(
        "encoder", _batch_normalization(dtype), 2 * latent_size, image_size, channels, width, dtype, seed
    )


def mean_encoder(variational_encoder: keras.Model) -> keras.Model:
    """The network from images to the means, on the weights of one from `build_variational_encoder`."""
    latent_size = variational_encoder.output_shape[-1] // 2
    images, outputs = variational_encoder.inputs[0], variational_encoder.outputs[0]
    return keras.Model(images, outputs[:, :latent_size], name="encoder")


def _batch_normalization(dtype: str) -> Callable[[int, int], keras.layers.Layer]:
    def of_stage(stage: int, filters: int) -> keras.layers.Layer:
        return BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=normalization_dtype(filters, dtype))

    return of_stage
