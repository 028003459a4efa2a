"""What a replica of `tf.distribute` needs of the others, so that the global batch is one batch.

A replica sees an equal part of each batch. Draws are made for the global batch, of which it takes its part; means are
means over the global batch. Where there is one replica, or none, everything here returns what it is given.
"""

from typing import TypeVar

import tensorflow as tf

Structure = TypeVar("Structure")


def count() -> int:
    """The replicas that run the calling code at the same time, over all workers."""
    context = tf.distribute.get_replica_context()
    return 1 if context is None else context.num_replicas_in_sync


def mean(values: Structure) -> Structure:
    """The mean of each replica's tensors, the same on all; differentiable any number of times.

    Its gradient is the mean of the replicas' gradients. So where each replica differentiates the mean over its part,
    the mean of what they get is the derivative of the mean over the global batch, whatever couples its examples.

    Args:
        values: a tensor, or tensors in a list or dictionary.
    """
    if count() == 1:
        return values
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, values)


def share(values: Structure) -> Structure:
    """This replica's part of the mean: all of them sum up to it, as Keras's optimizers do with gradients.

    Args:
        values: a tensor or None, or a list of them.
    """
    if count() == 1:
        return values
    return tf.nest.map_structure(lambda value: None if value is None else value / count(), values)


def own_examples(values: tf.Tensor, batches: int | tf.Tensor = 1) -> tf.Tensor:
    """This replica's examples among those of the global batch.

    Args:
        values: `[batches * N, ...]`: global batches of N examples, laid end to end.
        batches: how many.

    Returns:
        `[batches * N / count(), ...]`, in the same order.
    """
    if count() == 1:
        return values
    shape = tf.shape(values)
    examples = shape[0] // (batches * count())
    parts = tf.reshape(values, tf.concat([[batches, count(), examples], shape[1:]], axis=0))
    own = tf.gather(parts, tf.distribute.get_replica_context().replica_id_in_sync_group, axis=1)
    return tf.ensure_shape(tf.reshape(own, tf.concat([[-1], shape[1:]], axis=0)), [None, *values.shape[1:]])
