"""Process-wide settings of TensorFlow and of the C library, made once before the first operation."""

import contextlib
import ctypes
import os

import tensorflow as tf

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's `mallopt`."""


def prepare() -> None:
    """Lets GPU memory grow with use, and makes every operation deterministic, so that a resumed run is exact.

    The remapper is off: TensorFlow 2.21's fails on the second derivative of LeakyReLU and says so on every trace.
    """
    _share_freed_memory()
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    tf.config.experimental.enable_op_determinism()
    tf.config.optimizer.set_experimental_options({"remapping": False})


def _share_freed_memory() -> None:
    """What one thread has freed another can have: glibc would keep it apart, 3 to 4 % of a training's peak."""
    if "MALLOC_ARENA_MAX" in os.environ:  # glibc has read it
        return
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").mallopt(_ARENA_MAX, 1)
