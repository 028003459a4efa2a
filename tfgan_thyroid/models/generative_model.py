"""What every generative model here shares: latents, generation by seed, the averaged generator, optimizers."""

import abc
import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import tensorflow as tf

from tfgan_thyroid import replicas
from tfgan_thyroid.config import Config
from tfgan_thyroid.layers.batch_normalization import measure_batch_statistics
from tfgan_thyroid.layers.differentiable_augmentation import differentiable_augmentation
from tfgan_thyroid.models.fused_adam import FusedAdam
from tfgan_thyroid.models.random_draws import STATISTICS_LATENTS, Purpose, draw_seed, latents_from_seeds
from tfgan_thyroid.networks.generator import build_generator

STATISTICS_IMAGES = 256
"""Generated images that batch statistics are measured on."""


LossPart = Callable[[], dict[str, tuple[float, tf.Tensor]]]
"""Computes terms of a loss that share activations: by name a weight, and a float32 scalar."""


class GenerativeModel(keras.Model, abc.ABC):
    """A generator with whatever trains it. A subclass adds its networks and overrides `train_step`.

    Args:
        config: the run's configuration.

    Attributes:
        config: as given.
        iteration: int64 variable, the number of finished training iterations.
        generator: the network that is trained.
        averaged_generator: the exponential moving average of all its weights, or None where `ema_decay` is 0.
        optimizers: Adam optimizers by network name, after `compile`.
        encoder: the network from images to latents, or None: such a model shows no reconstructions.
    """

    encoder: Any = None

    def __init__(self, config: Config) -> None:
        super().__init__(name=config.model.replace("-", "_"))
        self.config = config
        self.iteration = tf.Variable(0, dtype=tf.int64, trainable=False, name="iteration")
        self.generator = self._build_generator()
        self.averaged_generator = self._build_generator() if config.ema_decay else None

    def _build_generator(self) -> keras.Model:
        c = self.config
        return build_generator(c.image_size, c.channels, c.width, c.latent_size, c.precision, seed=c.seed)

    @classmethod
    def build_encoder(cls, config: Config) -> keras.Model | None:
        """The encoder of such a model with its initial weights, None where it has none."""
        return None

    @staticmethod
    def latent_encoder(encoder: keras.Model) -> keras.Model:
        """The network from images to latents that is in an encoder of `build_encoder`: here the encoder itself."""
        return encoder

    @property
    @abc.abstractmethod
    def networks(self) -> dict[str, keras.Model]:
        """The trained networks by name."""

    @property
    @abc.abstractmethod
    def real_batches(self) -> int:
        """Batches of real images that one iteration draws."""

    @property
    def metrics(self) -> list:
        """None: `train_step` returns the losses of that very iteration, not running means."""
        return []

    @property
    def sampling_generator(self) -> keras.Model:
        """The generator that samples are taken from: the averaged one where there is one."""
        return self.averaged_generator or self.generator

    def compile(self) -> None:
        """Makes one Adam optimizer for each network and builds it on that network's variables alone."""
        super().compile(jit_compile=False)
        self.optimizers = {name: self._build_optimizer(network) for name, network in self.networks.items()}
        self(tf.zeros([1, self.config.latent_size]))

    def _build_optimizer(self, network: keras.Model) -> keras.optimizers.Optimizer:
        c = self.config
        optimizer = FusedAdam(c.learning_rate, c.beta_1, c.beta_2, c.adam_epsilon)
        optimizer.build(network.trainable_variables)
        return optimizer

    def make_train_function(self, force: bool = False) -> Callable[[Iterator], dict[str, tf.Tensor]]:
        """As in Keras; replicas return the same losses, while Keras 3 would fail to average scalars over workers."""
        strategy = self.distribute_strategy
        if strategy.num_replicas_in_sync == 1:
            return super().make_train_function(force)

        @tf.function
        def train_function(batches: Iterator) -> dict[str, tf.Tensor]:
            losses = strategy.run(self.train_step, args=(next(batches),))
            return {name: strategy.experimental_local_results(value)[0] for name, value in losses.items()}

        self.train_function = train_function
        return train_function

    def call(self, latents: tf.Tensor) -> tf.Tensor:
        """Images of latents as the sampling generator makes them: float32 `[N, H, W, C]` in [-1, 1]."""
        return self.sampling_generator(latents, training=False)

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Latents of images, as reconstructions show them.

        Args:
            images: float32 `[N, H, W, C]` in [-1, 1].

        Returns:
            float32 `[N, latent_size]`.

        Raises:
            ValueError: the model has no encoder.
        """
        if self.encoder is None:
            raise ValueError(f"{self.config.model} has no encoder: ask its `encoder` attribute first")
        return self.encoder(images, training=False)

    @tf.function(reduce_retracing=True)
    def generate(self, seeds: tf.Tensor) -> tf.Tensor:
        """One image for each seed, the same whatever the other seeds are.

        Args:
            seeds: int64 `[N]`.

        Returns:
            float32 `[N, H, W, C]` in [-1, 1].
        """
        return self(self.config.latent_scale * latents_from_seeds(seeds, self.config.latent_size))

    def state(self) -> dict[str, tf.__internal__.tracking.Trackable]:
        """Everything that a resumed run needs, by name, for `tf.train.Checkpoint`."""
        averaged = {"averaged_generator": self.averaged_generator} if self.averaged_generator else {}
        optimizers = {f"{name}_optimizer": optimizer for name, optimizer in self.optimizers.items()}
        return {"iteration": self.iteration, **self.networks, **averaged, **optimizers}

    def _draw_latents(self, purpose: Purpose, step: int = 0) -> tf.Tensor:
        shape = [self.config.batch_size, self.config.latent_size]
        return replicas.own_examples(tf.random.stateless_normal(shape, self._draw_seed(purpose, step)))

    def _draw_seed(self, purpose: Purpose, step: int = 0) -> tf.Tensor:
        return draw_seed(self.config.seed, self.iteration, purpose, step)

    def _augment(self, images: tf.Tensor, purpose: Purpose, step: int = 0) -> tf.Tensor:
        """What D sees of images, real and fake alike: float32 `[N, H, W, C]`."""
        if self.config.augment == "none":
            return images
        batches = tf.shape(images)[0] * replicas.count() // self.config.batch_size
        return differentiable_augmentation(images, self._draw_seed(purpose, step), batches)

    def _in_turn(self, *updates: tuple[str, Callable[[], dict[str, tf.Tensor]]]) -> dict[str, tf.Tensor]:
        """Updates one after the other, so that one of them at a time holds its activations in memory.

        Args:
            *updates: in their order, each the name of a network that it changes, and what returns its losses.

        Returns:
            All losses; of updates with the same, those of the last.
        """
        losses: dict[str, tf.Tensor] = {}
        before: list[tf.Tensor] = []
        for name, update in updates:
            with tf.control_dependencies(before):
                losses |= update()
            # A variable is read after what changed it.
            before = [tf.identity(variable) for variable in self.networks[name].trainable_variables]
        return losses

    def _minimize(self, name: str, loss: tf.Tensor, tape: tf.GradientTape) -> None:
        """One Adam step of the network of that name, and of no other."""
        self._apply(name, tape.gradient(loss, self.networks[name].trainable_variables))

    def _minimize_together(self, names: tuple[str, ...], loss: tf.Tensor, tape: tf.GradientTape) -> None:
        """One Adam step of each of the networks of those names, on one loss."""
        gradients = tape.gradient(loss, [self.networks[name].trainable_variables for name in names])
        with _after(tf.nest.flatten(gradients)):
            for name, of_network in zip(names, gradients, strict=True):
                self._apply(name, of_network)

    def _minimize_sum(self, name: str, parts: Iterable[LossPart]) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """One Adam step on a sum of losses, of which one part at a time holds its activations in memory.

        Args:
            name: of the network.
            parts: of the loss.

        Returns:
            The sum, and all terms by their names, without their weights.
        """
        variables = self.networks[name].trainable_variables
        losses: list[tf.Tensor] = []
        values: dict[str, tf.Tensor] = {}
        gradients: list[tf.Tensor] = []
        for part in parts:
            with _after(gradients), tf.GradientTape() as tape:
                terms = part()
                losses.append(tf.add_n([weight * value for weight, value in terms.values()]))
            values |= {term: value for term, (_, value) in terms.items()}
            own = tape.gradient(losses[-1], variables)
            if gradients:  # a gradient penalty does not depend on a critic's last bias
                own = [a if b is None else a + b for a, b in zip(gradients, own, strict=True)]
            gradients = own
        self._apply(name, gradients)
        return tf.add_n(losses), values

    def _apply(self, name: str, gradients: list[tf.Tensor]) -> None:
        variables = self.networks[name].trainable_variables
        # All of them first: TensorFlow copies a variable that is changed while it is still needed.
        with _after(gradients):
            self.optimizers[name].apply_gradients(zip(replicas.share(gradients), variables, strict=True))

    def _finish_iteration(self, losses: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Counts the iteration and updates the average, once for all replicas; the losses over the global batch."""
        tf.distribute.get_replica_context().merge_call(lambda strategy: self._advance())
        return replicas.mean(losses)

    def _advance(self) -> None:
        self.iteration.assign_add(1)
        if self.averaged_generator is not None:
            self._update_average(self.averaged_generator)

    def measure_statistics(self) -> None:
        """Where `standing_statistics` are asked for, measures those of the averaged generator's weights."""
        if self.config.standing_statistics and self.averaged_generator is not None:
            seed = tf.constant([STATISTICS_LATENTS, self.config.seed], tf.int64)
            latents = tf.random.stateless_normal([STATISTICS_IMAGES, self.config.latent_size], seed)
            measure_batch_statistics(self.averaged_generator, latents)

    def _update_average(self, averaged_generator: keras.Model) -> None:
        """Averages weights and moving statistics alike; the ramp `(1 + t) / (10 + t)` forgets the initial values."""
        step = tf.cast(self.iteration, tf.float32)
        decay = tf.minimum(self.config.ema_decay, (1.0 + step) / (10.0 + step))
        for average, value in zip(averaged_generator.variables, self.generator.variables, strict=True):
            average.assign(average + (1.0 - decay) * (value - average))


def _after(gradients: list[tf.Tensor | None]) -> contextlib.AbstractContextManager:
    """A context whose operations wait for gradients, as far as there are any."""
    return tf.control_dependencies([gradient for gradient in gradients if gradient is not None])
