"""The generator as it is served: the trained function, its arithmetic arranged for speed on a processor."""

from pathlib import Path

import keras
import tensorflow as tf

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.layers.batch_normalization import BatchNormalization, folded_normalization
from tfgan_thyroid.layers.latent_noise import LatentNoise
from tfgan_thyroid.layers.upsampling import UpsampleConv2D
from tfgan_thyroid.serving.export.inference_stages import Folded, Stage, shifted, stage_form

KNOWN_LAYERS = (
    keras.layers.InputLayer,
    keras.layers.Dense,
    keras.layers.Reshape,
    BatchNormalization,
    keras.layers.ReLU,
    UpsampleConv2D,
    LatentNoise,
    keras.layers.Conv2D,
    keras.layers.Activation,
)
"""The layers of `build_generator` and `build_smooth_generator`.

A known layer in another place or form is found by the comparison of an export.
"""


class InferenceGenerator(tf.Module):
    """A trained generator for inference alone.

    Batch normalization is folded into the kernels. A small map is up-convolved by one matrix product with the 3x3
    kernel and sums of its nine results: its kernel, which then costs most, is read once as it is stored.

    Args:
        generator: of `build_generator` or `build_smooth_generator`, in float32.
        dtype: in which kernels are stored and applied, `float32` or `bfloat16`; biases and images are float32.

    Attributes:
        latent_size: length of a latent vector.
        image_size: height and width in pixels.
        channels: of an image.
    """

    def __init__(self, generator: keras.Model, dtype: str = "float32") -> None:
        super().__init__()
        self.latent_size = int(generator.input_shape[-1])
        self.image_size, self.channels = (int(size) for size in generator.output_shape[-2:])
        first, *others = _folded(generator)
        self._first_kernel = tf.Variable(tf.cast(first.kernel, dtype), trainable=False, name="kernel_0")
        self._first_bias = tf.Variable(first.bias, trainable=False, name="bias_0")
        stages: list[Stage] = []
        size = 4
        for number, folded in enumerate(others, 1):
            form = stage_form(folded, size, last=number == len(others))
            stages.append(form(folded, dtype, number))
            size *= 2 if isinstance(folded.layer, UpsampleConv2D) else 1
        self._stages = stages

    def __call__(self, latents: tf.Tensor) -> tf.Tensor:
        """Images of latents.

        Args:
            latents: float32 `[N, latent_size]`.

        Returns:
            float32 `[N, H, W, C]` in [-1, 1].
        """
        filters = self._first_bias.shape[0]
        maps = tf.matmul(tf.cast(latents, self._first_kernel.dtype), self._first_kernel)
        maps = shifted(tf.reshape(maps, [-1, 4, 4, filters]), self._first_bias)
        for stage in self._stages:
            maps = stage(tf.nn.relu(maps), latents)
        return tf.tanh(tf.cast(maps, tf.float32))


def _folded(generator: keras.Model) -> list[Folded]:
    """The dense layer and the convolutions of a generator, in their order.

    Raises:
        UserError: there is a layer of a kind that this form does not know.
    """
    found: list[Folded] = []
    for layer in generator.layers:
        if type(layer) not in KNOWN_LAYERS:
            known = ", ".join(kind.__name__ for kind in KNOWN_LAYERS)
            raise UserError(
                f"the inference form of the generator does not know layer {layer.name!r} of type "
                f"{type(layer).__name__} (it knows {known}): teach it in {Path(__file__).name} before this model is "
                "exported or generates"
            )
        if isinstance(layer, (keras.layers.Dense, UpsampleConv2D, keras.layers.Conv2D)):
            kernel = tf.convert_to_tensor(layer.kernel)
            found.append(Folded(layer, kernel, tf.zeros(kernel.shape[-1:])))
        elif isinstance(layer, LatentNoise):
            found[-1] = found[-1]._replace(noise=(layer.stream, tf.convert_to_tensor(layer.scale)))
        elif isinstance(layer, BatchNormalization):
            found[-1] = _normalized(found[-1], layer)
    return found


def _normalized(folded: Folded, norm: BatchNormalization) -> Folded:
    scale, shift = folded_normalization(norm)
    # A dense layer's outputs are 4x4 pixels of as many channels.
    whole = tf.tile(scale, [folded.kernel.shape[-1] // scale.shape[0]])
    noise = folded.noise and (folded.noise[0], folded.noise[1] * scale)
    return folded._replace(kernel=folded.kernel * whole, bias=shift, noise=noise)
