"""Instance normalization, the only file that knows which of the two stacks it runs on.

Below Python 3.12 the layer comes from tensorflow-addons, above from Keras 3; both compute the same function.
"""

import sys
import warnings

import keras

EPSILON = 1e-5


def instance_normalization(name: str | None = None) -> keras.layers.Layer:
    """A layer that gives each channel of each image zero mean and unit variance over its pixels.

    No affine parameters, epsilon 1e-5 as in PyTorch's `InstanceNorm2d`; computed in float32 whatever the policy.
    The paper uses it in layers 2 to 6 of the discriminator, since batch normalization couples the images of a batch
    and breaks the per-example gradient penalty.

    Call arguments:
        inputs: `[N, H, W, C]`; returns float32 of the same shape.
    """
    if sys.version_info >= (3, 12):
        return keras.layers.GroupNormalization(
            groups=-1, epsilon=EPSILON, center=False, scale=False, dtype="float32", name=name
        )
    with warnings.catch_warnings():  # the end-of-life notice of tensorflow-addons
        warnings.simplefilter("ignore", UserWarning)
        import tensorflow_addons as tfa
    return tfa.layers.InstanceNormalization(epsilon=EPSILON, center=False, scale=False, dtype="float32", name=name)
