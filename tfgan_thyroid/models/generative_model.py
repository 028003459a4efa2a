"""What every generative model here shares: its networks, their latents, images by seed, and the state of a run."""

import abc
from collections.abc import Callable, Collection, Iterator
from typing import Any, ClassVar

import keras
import tensorflow as tf

from tfgan_thyroid import replicas
from tfgan_thyroid.config import Config
from tfgan_thyroid.layers.differentiable_augmentation import differentiable_augmentation
from tfgan_thyroid.models.averaged_generator import measure_average, update_average
from tfgan_thyroid.models.network_builders import NetworkBuilder
from tfgan_thyroid.models.random_draws import Purpose, draw_seed, latents_from_seeds
from tfgan_thyroid.models.updates import Loss, Losses, build_adam, in_turn


class GenerativeModel(keras.Model, abc.ABC):
    """A generator with the networks that train it. A subclass is its networks, its updates and their order.

    Args:
        config: the run's configuration.

    Attributes:
        NETWORKS: builders of the trained networks by name, `generator` among them; each becomes an attribute.
        config: as given.
        iteration: int64 variable, the number of finished training iterations.
        generator: the network that is trained.
        averaged_generator: the exponential moving average of all its weights, or None where `ema_decay` is 0.
        optimizers: Adam optimizers by network name, after `compile`.
        encoder: the network from images to latents, or None: such a model shows no reconstructions.
    """

    NETWORKS: ClassVar[dict[str, NetworkBuilder]]
    generator: keras.Model
    encoder: Any = None

    def __init__(self, config: Config) -> None:
        super().__init__(name=config.model.replace("-", "_"))
        self.config = config
        self.iteration = tf.Variable(0, dtype=tf.int64, trainable=False, name="iteration")
        for name, network in self.build_networks(config).items():
            setattr(self, name, network)
        self.averaged_generator = self.build_networks(config, ["generator"])["generator"] if config.ema_decay else None

    @classmethod
    def build_networks(cls, config: Config, names: Collection[str] | None = None) -> dict[str, keras.Model]:
        """The networks of such a model with their initial weights, by name; all of them, or those of the given names.

        A run is trained and loaded with what this builds.
        """
        return {name: build(config) for name, build in cls.NETWORKS.items() if names is None or name in names}

    @staticmethod
    def latent_encoder(encoder: keras.Model) -> keras.Model:
        """The network from images to latents that is in the model's encoder: here the encoder itself."""
        return encoder

    @property
    def networks(self) -> dict[str, keras.Model]:
        """The trained networks by name."""
        return {name: getattr(self, name) for name in self.NETWORKS}

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
        self.optimizers = {name: build_adam(self.config, network) for name, network in self.networks.items()}
        self(tf.zeros([1, self.config.latent_size]))

    def make_train_function(self, force: bool = False) -> Callable[[Iterator], Losses]:
        """As in Keras; replicas return the same losses, while Keras 3 would fail to average scalars over workers."""
        strategy = self.distribute_strategy
        if strategy.num_replicas_in_sync == 1:
            return super().make_train_function(force)

        @tf.function
        def train_function(batches: Iterator) -> Losses:
            losses = strategy.run(self.train_step, args=(next(batches),))
            return {name: strategy.experimental_local_results(value)[0] for name, value in losses.items()}

        self.train_function = train_function
        return train_function

    @abc.abstractmethod
    def train_step(self, real_batches: tf.Tensor) -> Losses:
        """One training iteration.

        Args:
            real_batches: float32 `[real_batches, N, H, W, C]` in [-1, 1].

        Returns:
            The losses of this iteration, and their terms, by their log names.
        """

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

    def measure_statistics(self) -> None:
        """Where `standing_statistics` are asked for, measures those of the averaged generator's weights."""
        if self.config.standing_statistics and self.averaged_generator is not None:
            measure_average(self.averaged_generator, self.config)

    def state(self) -> dict[str, tf.__internal__.tracking.Trackable]:
        """Everything that a resumed run needs, by name, for `tf.train.Checkpoint`."""
        averaged = {"averaged_generator": self.averaged_generator} if self.averaged_generator else {}
        optimizers = {f"{name}_optimizer": optimizer for name, optimizer in self.optimizers.items()}
        return {"iteration": self.iteration, **self.networks, **averaged, **optimizers}

    def _loss_of(self, *names: str) -> Loss:
        """An empty loss; its `minimize` is one Adam step of each of the networks of those names, and of no other."""
        return Loss([(self.networks[name], self.optimizers[name]) for name in names])

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

    def _iterate(self, *updates: Callable[[], Losses]) -> Losses:
        """The updates in turn; then counts the iteration and moves the average, once for all replicas.

        Returns:
            The losses over the global batch.
        """
        losses = in_turn(updates, [v for network in self.networks.values() for v in network.trainable_variables])
        tf.distribute.get_replica_context().merge_call(lambda strategy: self._finish_iteration())
        return replicas.mean(losses)

    def _finish_iteration(self) -> None:
        self.iteration.assign_add(1)
        if self.averaged_generator is not None:
            update_average(self.averaged_generator, self.generator, self.config.ema_decay, self.iteration)
