"""Run as a program, with a file to write: what one process computes, and two replicas on two virtual CPU devices.

A process of its own, since devices are set before TensorFlow's first operation. Everything is eager: a trace of each
step would take longer than the steps. `test_replicas.py` compares the results.
"""

import pickle
import sys

import numpy as np
import tensorflow as tf

from tfgan_thyroid import replicas
from tfgan_thyroid.config import MODELS, Config
from tfgan_thyroid.layers.batch_normalization import BatchNormalization, CriticBatchNormalization
from tfgan_thyroid.layers.differentiable_augmentation import differentiable_augmentation
from tfgan_thyroid.losses.gradient_penalty import gradient_penalty, interpolate
from tfgan_thyroid.models.registry import build_model

BATCH = 4
ITERATIONS = 2
# Such an epsilon makes Adam's step proportional to the gradient, so that rounding is not blown up to a whole step.
CONFIG = Config(
    image_size=8, width=4, latent_size=6, batch_size=BATCH, ema_decay=0.9, learning_rate=0.1, adam_epsilon=1.0
)
VARIANTS = {
    **{name: {"model": name} for name in MODELS},
    "augmented": {"model": "gan", "augment": "diffaugment", "channels": 2},
    "bfloat16": {"model": "wgan-gp", "precision": "mixed_bfloat16", "width": 16},
}


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


class Runner:
    """Calls a function in each replica of a strategy, or in this process where there is none."""

    def __init__(self, strategy=None):
        self.strategy = strategy or tf.distribute.get_strategy()

    def __call__(self, function, batch, axis=0):
        """The results of all replicas, each on its part of the batch along an axis."""
        parts = np.split(batch, self.strategy.num_replicas_in_sync, axis=axis)
        values = self.strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group])
        )
        results = self.strategy.run(function, args=(values,))
        return [
            tf.nest.map_structure(
                lambda value, i=i: self.strategy.experimental_local_results(value)[i].numpy(), results
            )
            for i in range(len(parts))
        ]

    def weights(self, network):
        return [np.asarray(self.strategy.experimental_local_results(w)[-1]) for w in network.weights]


def train(run, changes):
    """Losses of each iteration in each replica, and the state after the last one, of the last replica."""
    with run.strategy.scope():
        model = build_model(CONFIG.replace(**changes))
    c = model.config
    shape = (model.real_batches, BATCH, c.image_size, c.image_size, c.channels)
    losses = [run(model.train_step, np.tanh(random(*shape, seed=i)), axis=1) for i in range(ITERATIONS)]
    networks = {**model.networks, "averaged": model.averaged_generator}
    weights = {name: run.weights(network) for name, network in networks.items()}
    return {"losses": losses, "weights": weights, "iteration": int(model.iteration.numpy())}


def penalty_of_coupled_critic(run):
    """A gradient penalty through batch normalization, and its derivative by the critic's kernel: second order."""
    kernel = tf.constant(random(5, 1, seed=1))

    def of_replica(points):
        layer = CriticBatchNormalization()
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            penalty = gradient_penalty(lambda x: tf.tanh(layer(tf.square(x) + x)) @ kernel, points)
        return replicas.mean({"penalty": penalty, "gradient": tape.gradient(penalty, kernel)})

    return run(of_replica, random(BATCH, 5))


def batch_normalization(run):
    """Outputs, gradients and moving statistics of three batches, and what inference makes of them."""
    with run.strategy.scope():
        layer = BatchNormalization(momentum=0.9, epsilon=1e-5)
        layer.build((None, 2, 2, 3))

    def of_replica(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = layer(images, training=True)
            loss = tf.reduce_mean(tf.square(outputs) * tf.abs(images))
        by_images, by_gamma = tape.gradient(loss, [images, layer.trainable_variables[0]])
        return {"outputs": outputs, "by_images": by_images, "by_gamma": replicas.mean(by_gamma)}

    batches = [3.0 + 2.0 * random(BATCH, 2, 2, 3, seed=seed) for seed in range(3)]
    results = [run(of_replica, batch) for batch in batches]
    inference = run(lambda images: layer(images, training=False), batches[0])
    return {"training": results, "inference": inference, "weights": run.weights(layer)}


def draws(run):
    """What each replica draws: penalty points, and augmented images of two batches laid end to end."""
    seed = tf.constant([3, 4], tf.int64)
    real, fake = np.tanh(random(BATCH, 8, 8, 1, seed=5)), np.tanh(random(BATCH, 8, 8, 1, seed=6))

    def of_replica(pair):
        points = interpolate(pair[0], pair[1], seed)
        return points, tf.split(differentiable_augmentation(tf.concat(tf.unstack(pair), axis=0), seed, 2), 2)

    return run(of_replica, np.stack([real, fake]), axis=1)


def mean_and_its_derivatives(run):
    """f = mean(x)^3 by x: the mean, f', and f'' by x through f'."""

    def of_replica(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                f = replicas.mean(tf.reduce_mean(x)) ** 3
            first = inner.gradient(f, x)
            total = tf.reduce_sum(first)
        return {"f": f, "first": first, "second": outer.gradient(total, x)}

    return run(of_replica, np.array([1.0, 2.0, 3.0, 6.0], np.float32))


def compute(run):
    return {
        "models": {name: train(run, changes) for name, changes in VARIANTS.items()},
        "penalty": penalty_of_coupled_critic(run),
        "batch_normalization": batch_normalization(run),
        "draws": draws(run),
        "mean": mean_and_its_derivatives(run),
    }


def main(file):
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    two = Runner(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
    with open(file, "wb") as stream:
        pickle.dump({"one": compute(Runner()), "two": compute(two)}, stream)


if __name__ == "__main__":
    main(sys.argv[1])
