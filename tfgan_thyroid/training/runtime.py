"""Process-wide TensorFlow settings, made once before the first operation."""

import tensorflow as tf


def prepare() -> None:
    """Lets GPU memory grow with use, and makes every operation deterministic, so that a resumed run is exact.

    The remapper is off: TensorFlow 2.21's fails on the second derivative of LeakyReLU and says so on every trace.
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    tf.config.experimental.enable_op_determinism()
    tf.config.optimizer.set_experimental_options({"remapping": False})
