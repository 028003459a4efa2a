"""The functions that a served generator offers; the mathematics is the model's own."""

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
        return {"image_bytes": png_files(images)}

    def generate_truncated(self, seed: tf.Tensor, truncation: tf.Tensor) -> dict[str, tf.Tensor]:
        """One PNG for each seed, from a latent nearer to the middle: fewer odd images, less variety.

        Args:
            seed: int64 `[N]`.
            truncation: float32 `[N]`, what the latent is multiplied by; 1 gives `serving_default`, 0 the same image
                for every seed.

        Returns:
            `image_bytes`: strings `[N]`, 8-bit grey PNG.
        """
        latents = latents_from_seeds(seed, self.latent_size) * truncation[:, tf.newaxis]
        return {"image_bytes": png_files(self.generate_from_latent(latents)["image"])}

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
    def truncation_spec(self) -> tf.TensorSpec:
        """Of the second input of `generate_truncated`."""
        return tf.TensorSpec([None], tf.float32, name="truncation")

    @property
    def latent_spec(self) -> tf.TensorSpec:
        """Of the input of `generate_from_latent`."""
        return tf.TensorSpec([None, self.latent_size], tf.float32, name="latent")


class EncoderSignatures:
    """Latents and reconstructions of preprocessed scans.

    Args:
        encoder: maps images `[N, H, W, C]` in [-1, 1] to latents.
        generator: maps latents to images.
    """

    def __init__(self, encoder: keras.Model, generator: keras.Model) -> None:
        self.encoder = encoder
        self.generator = generator
        self.image_shape = encoder.input_shape[1:]

    def serving_default(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """The latent of each scan.

        Args:
            image_bytes: strings `[N]`, 8-bit PNG files of the model's size.

        Returns:
            `latent`: float32 `[N, latent_size]`.
        """
        return {"latent": self.encoder(self._images(image_bytes), training=False)}

    def reconstruct(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """What the generator makes of the latent of each scan.

        Args:
            image_bytes: strings `[N]`, 8-bit PNG files of the model's size.

        Returns:
            `image_bytes`: strings `[N]`, 8-bit PNG.
        """
        latents = self.encoder(self._images(image_bytes), training=False)
        return {"image_bytes": png_files(self.generator(latents, training=False))}

    @property
    def image_bytes_spec(self) -> tf.TensorSpec:
        """Of the input of both."""
        return tf.TensorSpec([None], tf.string, name="image_bytes")

    def _images(self, image_bytes: tf.Tensor) -> tf.Tensor:
        def image(png: tf.Tensor) -> tf.Tensor:
            return tf.ensure_shape(tf.io.decode_png(png, channels=self.image_shape[-1]), self.image_shape)

        levels = tf.map_fn(image, image_bytes, fn_output_signature=tf.TensorSpec(self.image_shape, tf.uint8))
        return tf.cast(levels, tf.float32) / 127.5 - 1.0


def png_files(images: tf.Tensor) -> tf.Tensor:
    """Images `[N, H, W, C]` in [-1, 1] as 8-bit PNG files, strings `[N]`."""
    levels = tf.cast(tf.clip_by_value(tf.round((images + 1.0) * 127.5), 0.0, 255.0), tf.uint8)
    return tf.map_fn(tf.io.encode_png, levels, fn_output_signature=tf.TensorSpec([], tf.string))
