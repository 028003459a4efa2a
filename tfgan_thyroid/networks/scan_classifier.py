"""The network of the two-sample test: scan or generated image? 0.2 million parameters."""

import keras

FILTERS = (24, 48, 96)


def scan_classifier_body(image_size: int) -> keras.Sequential:
    """Three stages of two 3x3 convolutions, the first of stride 2, each with batch normalization and ReLU; then means.

    Small, so that a few hundred scans train it, and without a dense layer over places, so that texture counts wherever
    it is.

    Args:
        image_size: pixels a side.

    Returns:
        float32 `[N, image_size, image_size, 1]` in [-1, 1] to `[N, 96]`.
    """
    network = keras.Sequential([keras.Input((image_size, image_size, 1))])
    for filters in FILTERS:
        for stride in (2, 1):
            network.add(keras.layers.Conv2D(filters, 3, strides=stride, padding="same"))
            # A training has some hundred steps: moving statistics must follow soon.
            network.add(keras.layers.BatchNormalization(momentum=0.8))
            network.add(keras.layers.ReLU())
    network.add(keras.layers.GlobalAveragePooling2D())
    return network
