"""Conventional augmentation of an image with its mask: flip, rotation, resize and elastic distortion.

The four are one map of coordinates, so that each pixel is interpolated once, and image and mask move together. Every
number is drawn from the example's seed alone. Strengths follow common practice for ultrasound (moderate rotation, no
flip upside down, since the probe is always above) and Ronneberger et al. (2015) for the elastic part.
"""

import math

import tensorflow as tf

LARGEST_ROTATION = math.radians(15.0)
LARGEST_ZOOM = 1.2
"""An image is resized by a factor between its reciprocal and this, evenly in the logarithm."""
ELASTIC_GRID = 3
"""Points along a side whose displacements are drawn; smooth (bicubic) in between."""
ELASTIC_DEVIATION = 10.0 / 512.0
"""Standard deviation of a displacement, as a share of the side: 10 pixels of 512."""


def augment(image: tf.Tensor, mask: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """An image and its mask, moved together.

    Args:
        image: float32 `[H, W, C]`, interpolated bilinearly.
        mask: float32 `[H, W, 1]` of zeros and ones; a pixel of the result is the nearest one of it.
        seed: int64 `[2]`; the result is a pure function of it.

    Returns:
        Both, of the same shapes. What lies outside is mirrored in.
    """
    coordinates = draw_coordinates(int(image.shape[0]), int(image.shape[1]), seed)
    return sample_bilinear(image, coordinates), sample_nearest(mask, coordinates)


def draw_coordinates(height: int, width: int, seed: tf.Tensor) -> tf.Tensor:
    """Where each pixel of the result is taken from: float32 `[height, width, 2]`, rows and columns of the source."""
    affine_seed, elastic_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    flip, turn, zoom = tf.unstack(tf.random.stateless_uniform([3], affine_seed, -1.0, 1.0))
    mirrored = tf.where(flip < 0.0, -1.0, 1.0)
    angle = turn * LARGEST_ROTATION
    factor = tf.exp(zoom * math.log(LARGEST_ZOOM))
    y, x = tf.meshgrid(_centred(height), _centred(width), indexing="ij")
    rows = (tf.cos(angle) * y - tf.sin(angle) * x) / factor
    columns = mirrored * (tf.sin(angle) * y + tf.cos(angle) * x) / factor
    centres = tf.constant([(height - 1) / 2.0, (width - 1) / 2.0])
    return tf.stack([rows, columns], axis=-1) + centres + _elastic_displacements(height, width, elastic_seed)


def _centred(size: int) -> tf.Tensor:
    return tf.range(size, dtype=tf.float32) - (size - 1) / 2.0


def _elastic_displacements(height: int, width: int, seed: tf.Tensor) -> tf.Tensor:
    deviations = tf.constant([height, width], tf.float32) * ELASTIC_DEVIATION
    coarse = deviations * tf.random.stateless_normal([ELASTIC_GRID, ELASTIC_GRID, 2], seed)
    return tf.image.resize(coarse, [height, width], "bicubic")


def sample_bilinear(image: tf.Tensor, coordinates: tf.Tensor) -> tf.Tensor:
    """The values of `image` `[H, W, C]` at `coordinates` `[..., 2]` (row, column), mirrored beyond its edges."""
    low = tf.floor(coordinates)
    fraction = coordinates - low
    corners = []
    for row in (0.0, 1.0):
        for column in (0.0, 1.0):
            weights = tf.abs(1.0 - tf.constant([row, column]) - fraction)
            values = tf.gather_nd(image, _mirror(low + tf.constant([row, column]), image.shape))
            corners.append(tf.reduce_prod(weights, axis=-1, keepdims=True) * values)
    return tf.add_n(corners)


def sample_nearest(image: tf.Tensor, coordinates: tf.Tensor) -> tf.Tensor:
    """The value of `image` `[H, W, C]` nearest to each of `coordinates` `[..., 2]`, mirrored beyond its edges."""
    return tf.gather_nd(image, _mirror(tf.floor(coordinates + 0.5), image.shape))


def _mirror(indices: tf.Tensor, shape: tf.TensorShape) -> tf.Tensor:
    """Whole indices folded into the image, the edge pixel not repeated: -1 becomes 1, H becomes H - 2."""
    last = tf.constant([int(size) - 1 for size in shape[:2]], tf.int32)
    folded = tf.math.floormod(tf.cast(indices, tf.int32), tf.maximum(2 * last, 1))
    return tf.minimum(folded, 2 * last - folded)
