"""What every update stands on: a loss that is differentiated while it is added up, its Adam step, and its turn."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence

import keras
import tensorflow as tf

from tfgan_thyroid import replicas
from tfgan_thyroid.config import Config
from tfgan_thyroid.models.fused_adam import FusedAdam

Losses = dict[str, tf.Tensor]
"""Float32 scalars by the names under which they are logged."""


class Loss:
    """A loss of one or more networks, stated term by term.

    Terms are added inside `part()`. A part is differentiated when its block ends, and the next one waits for its
    gradients, so that the activations of one part at a time are in memory:

        loss = Loss([(discriminator, optimizer)])
        with loss.part():
            loss.add("d_real", -1.0, tf.reduce_mean(discriminator(real_images)))
        with loss.part():
            loss.add("d_generated", 1.0, tf.reduce_mean(discriminator(generated_images)))
        losses = loss.minimize("d_loss")  # one Adam step

    Terms that share activations, such as two terms on the same generated images, belong in one part.

    Args:
        networks: that the loss trains, each with its optimizer; the loss is constant to all other networks.
    """

    def __init__(self, networks: Sequence[tuple[keras.Model, keras.optimizers.Optimizer]]) -> None:
        self._networks = networks
        self._variables = [v for network, _ in networks for v in network.trainable_variables]
        self._gradients: list[tf.Tensor | None] = [None] * len(self._variables)
        self._terms: Losses = {}
        self._weighted: list[tf.Tensor] = []
        self._parts: list[tf.Tensor] = []

    @contextlib.contextmanager
    def part(self) -> Iterator[None]:
        """Terms that are differentiated together, after all terms of the parts before."""
        self._weighted = []
        with _after(self._gradients), tf.GradientTape() as tape:
            yield
            self._parts.append(tf.add_n(self._weighted))
        gradients = tape.gradient(self._parts[-1], self._variables)
        self._gradients = [_sum(*pair) for pair in zip(self._gradients, gradients, strict=True)]

    def add(self, name: str, weight: float, value: tf.Tensor) -> None:
        """Adds `weight * value` to the loss.

        Args:
            name: under which the value is logged, without its weight.
            weight: of the term, with its sign.
            value: float32 scalar, computed inside the same `part()`.
        """
        self._terms[name] = value
        self._weighted.append(weight * value)

    def minimize(self, name: str) -> Losses:
        """One Adam step of each network.

        Args:
            name: under which the loss is logged.

        Returns:
            The loss, then its terms without their weights.
        """
        # All gradients first: TensorFlow copies a variable that is changed while it is still needed.
        with _after(self._gradients):
            start = 0
            for network, optimizer in self._networks:
                variables = network.trainable_variables
                gradients = self._gradients[start : start + len(variables)]
                optimizer.apply_gradients(zip(replicas.share(gradients), variables, strict=True))
                start += len(variables)
        return {name: tf.add_n(self._parts), **self._terms}


def in_turn(updates: Iterable[Callable[[], Losses]], variables: Sequence[tf.Variable]) -> Losses:
    """Runs updates one after the other, so that the activations of one of them at a time are in memory.

    Args:
        updates: in their order.
        variables: that they change; an update starts when those of the one before have their new values.

    Returns:
        All losses. Where updates log the same name, the value of the last one.
    """
    losses: Losses = {}
    before: list[tf.Tensor] = []
    for update in updates:
        with tf.control_dependencies(before):
            losses |= update()
        # TensorFlow orders a read of a variable behind the assignment before it.
        before = [tf.identity(variable) for variable in variables]
    return losses


def build_adam(config: Config, network: keras.Model) -> keras.optimizers.Optimizer:
    """Adam as configured, built on the network's variables: before `tf.function`, and before a restore."""
    rate = config.learning_rate
    if config.decay_start < 1.0:
        rate = LinearDecay(rate, config.decay_start * config.iterations, config.iterations)
    optimizer = FusedAdam(rate, config.beta_1, config.beta_2, config.adam_epsilon)
    optimizer.build(network.trainable_variables)
    return optimizer


@keras.saving.register_keras_serializable("tfgan_thyroid")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that is constant, then falls linearly to 0.

    Towards the end discriminators and generator stop chasing each other around the point where they would meet.

    Args:
        rate: the constant.
        start: steps after which it falls.
        stop: steps after which it is 0.
    """

    def __init__(self, rate: float, start: float, stop: float) -> None:
        super().__init__()
        self.rate, self.start, self.stop = rate, start, stop

    def __call__(self, step):
        left = (self.stop - tf.cast(step, tf.float32)) / (self.stop - self.start)
        return self.rate * tf.clip_by_value(left, 0.0, 1.0)

    def get_config(self):
        return {"rate": self.rate, "start": self.start, "stop": self.stop}


def _after(gradients: list[tf.Tensor | None]) -> contextlib.AbstractContextManager:
    """A context whose operations wait for gradients, as far as there are any."""
    return tf.control_dependencies([gradient for gradient in gradients if gradient is not None])


def _sum(total: tf.Tensor | None, gradient: tf.Tensor | None) -> tf.Tensor | None:
    """None stands for zero: a gradient penalty, for one, does not depend on a critic's last bias."""
    if total is None or gradient is None:
        return gradient if total is None else total
    return total + gradient
