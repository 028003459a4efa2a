"""The two sides of the comparison, each in a process of its own that works on its parent's command.

`python -m benchmarks.sides SIDE SETTINGS` prints one JSON object a line: first, after the warm-up iteration, what it
is; then one answer to each command on standard input: `run N`, `ceiling`, `passes`,
`memory`.
"""

import json
import math
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.machine import resident_bytes, usable_cores
from tfgan_thyroid.training.peak_memory import forget_peak_memory, peak_memory_bytes

if TYPE_CHECKING:
    import numpy as np

LATENT_SIZE = 256
CHANNELS = 1


@dataclass(frozen=True)
class Settings:
    """The work of one iteration, the same for both sides."""

    image_size: int  # height and width in pixels, 4 * 2^n
    width: int  # channels after the discriminator's first stage
    batch_size: int  # images in each of the four updates
    precision: str  # `float32` or `mixed_bfloat16`
    seed: int  # of the initial values and the images

    def real_batches(self) -> "np.ndarray":
        """Four batches of noise: float32 `[4, N, H, W, 1]` in [-1, 1]; the arithmetic does not depend on values."""
        import numpy as np

        shape = (4, self.batch_size, self.image_size, self.image_size, CHANNELS)
        return np.random.default_rng(self.seed).uniform(-1.0, 1.0, shape).astype(np.float32)


class Side(ABC):
    """An implementation of the training iteration.

    Attributes:
        imported_bytes: resident memory of the process once the framework was imported, and nothing built.
    """

    imported_bytes: int

    @abstractmethod
    def iterate(self) -> dict[str, float]:
        """One training iteration, finished when this returns; its losses."""

    def threads(self) -> int:
        """Threads of one operation; TensorFlow uses all usable cores unless set otherwise (it reports 0 then)."""
        if "torch" in sys.modules:
            return sys.modules["torch"].get_num_threads()
        import tensorflow as tf

        return tf.config.threading.get_intra_op_parallelism_threads() or usable_cores()

    def ceiling(self) -> float:
        """GFLOP/s of one large convolution alone, forward."""
        raise NotImplementedError(f"{type(self).__name__} has no ceiling to measure")

    def passes(self) -> dict[str, float]:
        """Seconds of each of `benchmarks.arithmetic.UPDATE_PASSES`."""
        raise NotImplementedError(f"{type(self).__name__} has no passes to measure")


class OurSide(Side):
    """This package, as `tfgan_thyroid.train` runs it: a `tf.function` of the model's `train_step`."""

    def __init__(self, settings: Settings) -> None:
        import tensorflow as tf

        from tfgan_thyroid.config import Config
        from tfgan_thyroid.models.alpha_wgan_gp import AlphaWGANGP
        from tfgan_thyroid.training import runtime

        config = Config(
            image_size=settings.image_size,
            channels=CHANNELS,
            width=settings.width,
            latent_size=LATENT_SIZE,
            batch_size=settings.batch_size,
            precision=settings.precision,
            seed=settings.seed,
        )
        self.imported_bytes = resident_bytes()
        runtime.prepare()
        self.model = AlphaWGANGP(config)
        self.model.compile()
        self.train_step = tf.function(self.model.train_step)
        self.real_batches = tf.constant(settings.real_batches())
        self.dtype = tf.bfloat16 if settings.precision == "mixed_bfloat16" else tf.float32

    def iterate(self) -> dict[str, float]:
        """One training iteration."""
        return {name: float(loss) for name, loss in self.train_step(self.real_batches).items()}

    def passes(self) -> dict[str, float]:
        """Seconds of each update and part of one."""
        from benchmarks.passes import time_passes

        return time_passes(self.model, self.real_batches[0])

    def ceiling(self) -> float:
        """The best of 20 runs of a 3x3 convolution, 128 -> 256 channels, 32x32 pixels, batch 8."""
        import tensorflow as tf

        images = tf.cast(tf.random.stateless_normal([8, 32, 32, 128], [0, 0]), self.dtype)
        kernel = tf.cast(tf.random.stateless_normal([3, 3, 128, 256], [0, 1]), self.dtype)
        convolve = tf.function(lambda: tf.nn.conv2d(images, kernel, strides=1, padding="SAME"))
        seconds = []
        for _ in range(20):
            start = time.perf_counter()
            convolve()
            seconds.append(time.perf_counter() - start)
        return 2e-9 * 8 * 32 * 32 * 9 * 128 * 256 / min(seconds)


class PeerSide(Side):
    """The PyTorch implementation."""

    def __init__(self, settings: Settings) -> None:
        import torch

        from benchmarks.pytorch_peer import PyTorchPeer

        self.imported_bytes = resident_bytes()
        torch.manual_seed(settings.seed)
        bfloat16 = settings.precision == "mixed_bfloat16"
        self.peer = PyTorchPeer(settings.image_size, CHANNELS, settings.width, LATENT_SIZE, bfloat16)
        self.real_batches = torch.from_numpy(settings.real_batches()).movedim(-1, 2)

    def iterate(self) -> dict[str, float]:
        """One training iteration."""
        return self.peer.iteration(self.real_batches)


SIDES: dict[str, Callable[[Settings], Side]] = {"ours": OurSide, "peer": PeerSide}


def serve(side: Side) -> None:
    """Warms a side up and answers commands until standard input ends."""
    start = time.perf_counter()
    side.iterate()
    first_seconds = time.perf_counter() - start
    peak_with_warm_up = peak_memory_bytes()
    forget_peak_memory()
    _answer({"first_iteration_seconds": first_seconds, "threads": side.threads()})
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "run":
            _answer(_run(side, int(arguments[0])))
        elif command == "ceiling":
            _answer({"gflops": side.ceiling()})
        elif command == "passes":
            _answer(side.passes())
        elif command == "memory":
            steady = peak_memory_bytes()
            answer = {"peak_bytes": max(peak_with_warm_up, steady), "peak_bytes_after_warm_up": steady}
            _answer({**answer, "imported_bytes": side.imported_bytes})


def _run(side: Side, iterations: int) -> dict[str, object]:
    cpu_start = time.process_time()
    side.iterate()  # does not count: it meets caches that the other side has filled, as training on its own never does
    start = time.perf_counter()
    for _ in range(iterations):
        losses = side.iterate()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return {
        "seconds": seconds / iterations,
        "cpu_seconds": cpu_seconds,
        "finite": all(map(math.isfinite, losses.values())),
    }


def _answer(answer: Mapping[str, object]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve(SIDES[sys.argv[1]](Settings(**json.loads(sys.argv[2]))))
