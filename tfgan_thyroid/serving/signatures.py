"""The two functions that a served generator offers; the mathematics is the model's own."""

import keras
import tensorflow as tf

from tfgan_thyroid.models.random_draws import latents_from_seeds


class GeneratorSignatures:
    """Images by seed and by latent.

    Args:
        generator: maps float32 latents `[N, latent_size]` to images in [-1, 1].
    """

    def __init__(self, generator: keras.Model) -> None:
        self.generator = generator
        self.latent_size = generator.input_shape[-1]

    def serving_default(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """One PNG for each seed.

        Args:
            seed: int64 `[N]`.

        Returns:
            `image_bytes`: strings `[N]`, 8-bit grey PNG.
        """
        images = self.generate_from_latent(latents_from_seeds(seed, self.latent_size))["image"]
        levels = tf.cast(tf.clip_by_value(tf.round((images + 1.0) * 127.5), 0.0, 255.0), tf.uint8)
        return {"image_bytes": tf.map_fn(tf.io.encode_png, levels, fn_output_signature=tf.TensorSpec([], tf.string))}

    def generate_from_latent(self, latent: tf.Tensor) -> dict[str, tf.Tensor]:
        """One image for each latent.

        Args:
            latent: float32 `[N, latent_size]`, standard normal.

        Returns:
            `image`: float32 `[N, H, W, C]` in [-1, 1].
        """
        return {"image": self.generator(latent, training=False)}

    @property
    def seed_spec(self) -> tf.TensorSpec:
        """Of the input of `serving_default`."""
        return tf.TensorSpec([None], tf.int64, name="seed")

    @property
    def latent_spec(self) -> tf.TensorSpec:
        """Of the input of `generate_from_latent`."""
        return tf.TensorSpec([None, self.latent_size], tf.float32, name="latent")
