"""Training on several devices or in several processes: device discovery, data sharding, consistency checks."""

import hashlib
import logging
import os
from collections.abc import Callable

import tensorflow as tf

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.training.cluster import Cluster, read_cluster, wait_for_workers

LOG = logging.getLogger(__name__)
LOST_WORKER = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
    tf.errors.UnknownError,
)
"""What TensorFlow raises where a worker is gone, by how it went and what the others were at."""


class Distribution:
    """A strategy of `tf.distribute` and this process's place in it; without arguments, one process with one replica.

    Args:
        strategy: whose replicas share each global batch equally.
        cluster: the workers, where they are processes of their own.

    Attributes:
        strategy: as given.
        cluster: as given, or None.
    """

    def __init__(self, strategy: tf.distribute.Strategy | None = None, cluster: Cluster | None = None) -> None:
        self.strategy = strategy or tf.distribute.get_strategy()
        self.cluster = cluster
        self._summed = tf.function(self._sum_over_replicas)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run: the first worker does, or the only process."""
        return self.cluster is None or self.cluster.is_chief

    def batches(self, of_worker: Callable[[int, int], tf.data.Dataset]) -> tf.data.Dataset:
        """What the replicas of this process see of an endless stream.

        Args:
            of_worker: from (part, parts) to this worker's part of each global batch: elements `[batches, n, ...]`.

        Returns:
            Elements for each replica in turn, distributed as `fit` expects.
        """

        def of_pipeline(context: tf.distribute.InputContext) -> tf.data.Dataset:
            elements = of_worker(context.input_pipeline_id, context.num_input_pipelines)
            replicas = context.num_replicas_in_sync // context.num_input_pipelines
            if replicas == 1:
                return elements
            return elements.map(lambda element: tf.stack(tf.split(element, replicas, axis=1))).unbatch()

        return self.strategy.distribute_datasets_from_function(of_pipeline)

    def total(self, value: int) -> int:
        """The sum of the workers' values, once all of them have given theirs."""
        return value if self.cluster is None else int(self._summed(tf.constant(value, tf.int64)))

    def agree(self, plan: str) -> None:
        """Checks that all workers are about to do the same.

        Args:
            plan: in words that differ where the trainings would.
        """
        digest = int.from_bytes(hashlib.sha256(plan.encode()).digest()[:4], "big")
        if self.cluster is not None and self.total(digest) != digest * len(self.cluster.addresses):
            raise UserError(
                "the workers do not train the same: give all of them the same flags (--resume too), a data set of the "
                "same content and the same versions"
            )

    def _sum_over_replicas(self, value: tf.Tensor) -> tf.Tensor:
        def of_replica() -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            # The copy lies on the replica's device, as a reduction asks; an argument of the function lies nowhere yet.
            return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(value))

        sums = self.strategy.experimental_local_results(self.strategy.run(of_replica))
        return sums[0] // len(sums)


def count_replicas(name: str, batch_size: int, replicas: int | None = None) -> int:
    """How many replicas a strategy will have here, without starting anything.

    Args:
        name: `none`, `mirrored` or `multiworker`.
        batch_size: the global batch, which they must share equally.
        replicas: how many `mirrored` shall use; None uses each GPU.
    """
    if replicas is not None and name != "mirrored":
        raise UserError(f"--replicas goes with --strategy mirrored, not with {name}")
    gpus = len(tf.config.list_physical_devices("GPU"))
    if name == "none":
        return 1
    if name == "mirrored":
        count = replicas or gpus
        if count < 2:
            raise UserError(
                f"--strategy mirrored needs two devices or more, and here are {gpus} GPUs: train with --strategy none, "
                "or try it on virtual CPU devices with --replicas 2"
            )
        if 0 < gpus < count:
            raise UserError(f"--replicas {count}: here are {gpus} GPUs")
    else:
        count = len(read_cluster(os.environ).addresses) * max(1, gpus)
    if batch_size % count:
        raise UserError(
            f"a batch of {batch_size} does not divide into {count} equal parts, one for each replica: choose "
            f"--batch-size {max(1, round(batch_size / count)) * count}"
        )
    return count


def start(name: str, batch_size: int, replicas: int | None = None) -> Distribution:
    """The strategy of that name, once all its workers are there. Call it before TensorFlow's first operation.

    Args:
        name: `none`, `mirrored` or `multiworker`.
        batch_size: the global batch.
        replicas: as for `count_replicas`.
    """
    count = count_replicas(name, batch_size, replicas)
    if name == "none":
        return Distribution()
    if name == "mirrored":
        kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
        if kind == "CPU":
            virtual = [tf.config.LogicalDeviceConfiguration()] * count
            try:
                tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], virtual)
            except RuntimeError:
                raise UserError("virtual CPU devices come before TensorFlow's first operation: use GPUs here") from None
        LOG.info("%d replicas on %ss share each batch of %d", count, kind, batch_size)
        return Distribution(tf.distribute.MirroredStrategy([f"{kind}:{index}" for index in range(count)]))
    cluster = read_cluster(os.environ)
    LOG.info("worker %d waits for %s", cluster.index, ", ".join(cluster.addresses))
    wait_for_workers(cluster)
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    LOG.info(
        "worker %d of %d%s: %d replicas in all share each batch of %d",
        cluster.index,
        len(cluster.addresses),
        ", the chief" if cluster.is_chief else "",
        strategy.num_replicas_in_sync,
        batch_size,
    )
    return Distribution(strategy, cluster)
