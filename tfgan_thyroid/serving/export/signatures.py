"""The functions that a served generator offers; the mathematics is the model's own."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_thyroid.data.preprocessing import scale_to_unit_range
from tfgan_thyroid.models.random_draws import latents_from_seeds
from tfgan_thyroid.serving.export.inference_generator import InferenceGenerator


def trace(function: Callable[..., dict[str, tf.Tensor]], **inputs: tuple[Sequence[int | None], tf.DType]) -> Any:
    """A signature with inputs of these shapes and types by name; it does not keep the network's variables alive."""
    specs = [tf.TensorSpec(shape, dtype, name) for name, (shape, dtype) in inputs.items()]
    return tf.function(function, input_signature=specs).get_concrete_function()


class GeneratorSignatures:
    """Images by seed and by latent; a generator of two channels makes an image and its mask, paired.

    Args:
        generator: of `build_generator`, in float32: maps latents `[N, latent_size]` to images in [-1, 1]. The second
            of two channels is a mask, inside where positive.
        dtype: in which kernels are stored and applied, `float32` or `bfloat16`.
    """

    def __init__(self, generator: keras.Model, dtype: str = "float32") -> None:
        self.generator = InferenceGenerator(generator, dtype)
        self.latent_size = self.generator.latent_size
        self.paired = self.generator.channels == 2

    def traced(self, truncation: bool = False) -> dict[str, Any]:
        """The signatures by name, `generate_truncated` where asked for; hold this object until they are saved."""
        seed = ([None], tf.int64)
        functions = {
            "serving_default": trace(self.serving_default, seed=seed),
            "generate_from_latent": trace(self.generate_from_latent, latent=([None, self.latent_size], tf.float32)),
        }
        if truncation:
            factor = ([None], tf.float32)
            functions["generate_truncated"] = trace(self.generate_truncated, seed=seed, truncation=factor)
        return functions

    def serving_default(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """One PNG for each seed.

        Args:
            seed: int64 `[N]`.

        Returns:
            `image_bytes`: strings `[N]`, 8-bit grey PNG; `mask_bytes`, if paired: the same, of levels 0 and 255.
        """
        return self.encoded(latents_from_seeds(seed, self.latent_size))

    def generate_truncated(self, seed: tf.Tensor, truncation: tf.Tensor) -> dict[str, tf.Tensor]:
        """One PNG for each seed, from a latent nearer to the middle: fewer odd images, less variety.

        Args:
            seed: int64 `[N]`.
            truncation: float32 `[N]`, what the latent is multiplied by; 1 gives `serving_default`, 0 the same image
                for every seed.

        Returns:
            As `serving_default`.
        """
        return self.encoded(latents_from_seeds(seed, self.latent_size) * truncation[:, tf.newaxis])

    def generate_from_latent(self, latent: tf.Tensor) -> dict[str, tf.Tensor]:
        """One image for each latent.

        Args:
            latent: float32 `[N, latent_size]`, standard normal.

        Returns:
            `image`: float32 `[N, H, W, 1]` in [-1, 1]; `mask`, if paired: float32 `[N, H, W, 1]`, 0 or 1.
        """
        return self.outputs(self.generator(latent))

    def outputs(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """What `generate_from_latent` says of the generator's images, float32 `[N, H, W, C]`."""
        if not self.paired:
            return {"image": images}
        return {"image": images[..., :1], "mask": tf.cast(images[..., 1:] > 0.0, tf.float32)}

    def encoded(self, latents: tf.Tensor) -> dict[str, tf.Tensor]:
        """PNG files of latents, float32 `[N, latent_size]`: the outputs of `serving_default`."""
        outputs = self.generate_from_latent(latents)
        levels = {"image_bytes": tf.clip_by_value(tf.round((outputs["image"] + 1.0) * 127.5), 0.0, 255.0)}
        if self.paired:
            levels["mask_bytes"] = 255.0 * outputs["mask"]
        return {name: encode_png_files(tf.cast(values, tf.uint8)) for name, values in levels.items()}


class EncoderSignatures:
    """Latents and reconstructions of preprocessed scans; a paired encoder wants each scan's mask too.

    Args:
        encoder: maps images `[N, H, W, C]` in [-1, 1] to latents; the second of two channels is a mask.
        generator: the offer of the generator that reconstructs.
    """

    def __init__(self, encoder: keras.Model, generator: GeneratorSignatures) -> None:
        self.encoder = encoder
        self.generator = generator
        self.input_names = ("image_bytes", "mask_bytes")[: 1 + generator.paired]

    def traced(self) -> dict[str, Any]:
        """The signatures by name; hold this object until they are saved."""
        inputs = dict.fromkeys(self.input_names, ([None], tf.string))
        return {
            "serving_default": trace(self.serving_default, **inputs),
            "reconstruct": trace(self.reconstruct, **inputs),
        }

    def serving_default(self, image_bytes: tf.Tensor, mask_bytes: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """The latent of each scan.

        Args:
            image_bytes: strings `[N]`, 8-bit PNG files of the model's size.
            mask_bytes: the same, of levels 0 and 255; of a paired encoder alone.

        Returns:
            `latent`: float32 `[N, latent_size]`.
        """
        shape = [*self.encoder.input_shape[1:3], 1]
        channels = [decode_png_files(files, shape) for files in (image_bytes, mask_bytes) if files is not None]
        return {"latent": self.encoder(tf.concat(channels, axis=-1), training=False)}

    def reconstruct(self, image_bytes: tf.Tensor, mask_bytes: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """What the generator makes of the latent of each scan.

        Args:
            image_bytes: strings `[N]`, 8-bit PNG files of the model's size.
            mask_bytes: the same, of levels 0 and 255; of a paired encoder alone.

        Returns:
            `image_bytes`, and `mask_bytes` if paired, as `GeneratorSignatures.serving_default`.
        """
        return self.generator.encoded(self.serving_default(image_bytes, mask_bytes)["latent"])


def encode_png_files(levels: tf.Tensor) -> tf.Tensor:
    """Images, uint8 `[N, H, W, C]`, as PNG files, strings `[N]`."""
    return tf.map_fn(tf.io.encode_png, levels, fn_output_signature=tf.TensorSpec([], tf.string))


def decode_png_files(files: tf.Tensor, shape: Sequence[int]) -> tf.Tensor:
    """8-bit PNG files of one shape, strings `[N]`, as images `[N, *shape]` in [-1, 1]."""

    def image(png: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(tf.io.decode_png(png, channels=shape[-1]), shape)

    levels = tf.map_fn(image, files, fn_output_signature=tf.TensorSpec(shape, tf.uint8))
    return scale_to_unit_range(tf.cast(levels, tf.float32))
