"""The losses of the baselines again in NumPy, from the outputs of networks that were not updated yet."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.losses.gradient_penalty import gradient_penalty, interpolate
from tfgan_thyroid.models.random_draws import Purpose
from tfgan_thyroid.models.registry import build_model


def images_for(config, seed=0):
    shape = [config.batch_size, config.image_size, config.image_size, config.channels]
    return tf.random.stateless_uniform(shape, [seed, 0], -1.0, 1.0)


@pytest.fixture
def pair(tiny_config):
    """A model and its twin with the same weights, which is never updated."""

    def build(name, **changes):
        config = tiny_config.replace(model=name, **changes)
        return build_model(config), build_model(config), images_for(config)

    return build


def log_probability(scores):
    """log D of logits, in float64."""
    return -np.log1p(np.exp(-np.asarray(scores, np.float64)))


def log_counter_probability(scores):
    """log(1 - D) of logits, in float64."""
    return log_probability(-np.asarray(scores, np.float64))


def l1(images, others):
    return np.mean(np.abs(np.asarray(images) - np.asarray(others)))


class TestGAN:
    def test_losses_are_those_of_equation_1(self, pair):
        model, twin, real = pair("gan")
        fake = twin.generator(twin._draw_latents(Purpose.DISCRIMINATOR_LATENTS), training=True)
        d = twin.discriminator
        expected = -np.mean(log_probability(d(real))) - np.mean(log_counter_probability(d(fake)))
        assert float(model._update_discriminator(real)["d_loss"]) == pytest.approx(expected, rel=1e-4)

        d.set_weights(model.discriminator.get_weights())
        fake = twin.generator(twin._draw_latents(Purpose.GENERATOR_LATENTS), training=True)
        expected = np.mean(log_counter_probability(d(fake)))
        assert float(model._update_generator()["g_loss"]) == pytest.approx(expected, rel=1e-4)

    def test_the_option_non_saturating_changes_the_loss_of_g_alone(self, pair):
        model, twin, real = pair("gan", gan_loss="non-saturating")
        saturating, _, _ = pair("gan")
        assert float(model._update_discriminator(real)["d_loss"]) == float(
            saturating._update_discriminator(real)["d_loss"]
        )
        twin.discriminator.set_weights(model.discriminator.get_weights())
        fake = twin.generator(twin._draw_latents(Purpose.GENERATOR_LATENTS), training=True)
        expected = -np.mean(log_probability(twin.discriminator(fake)))
        assert float(model._update_generator()["g_loss"]) == pytest.approx(expected, rel=1e-4)

    def test_latents_of_the_two_updates_differ(self, pair):
        model, _, _ = pair("gan")
        first, second = (model._draw_latents(p) for p in (Purpose.DISCRIMINATOR_LATENTS, Purpose.GENERATOR_LATENTS))
        assert not np.any(first == second)


class TestWGANGP:
    def test_losses_are_those_of_equation_2(self, pair):
        model, twin, real = pair("wgan-gp")
        fake = twin.generator(twin._draw_latents(Purpose.DISCRIMINATOR_LATENTS), training=True)
        d = twin.discriminator
        penalty = gradient_penalty(d, interpolate(real, fake, twin._draw_seed(Purpose.GENERATED_PENALTY)))
        losses = model._update_discriminator(real)
        assert float(losses["gp_image"]) == pytest.approx(float(penalty), rel=1e-4)
        expected = -np.mean(d(real)) + np.mean(d(fake)) + 10.0 * float(penalty)
        assert float(losses["d_loss"]) == pytest.approx(expected, rel=1e-4)

        d.set_weights(model.discriminator.get_weights())
        fake = twin.generator(twin._draw_latents(Purpose.GENERATOR_LATENTS), training=True)
        assert float(model._update_generator()["g_loss"]) == pytest.approx(-np.mean(d(fake)), rel=1e-4)

    def test_five_critic_steps_see_five_batches_and_five_draws_before_one_step_of_g(self, pair, monkeypatch):
        model, _, real = pair("wgan-gp", critic_steps=5)
        assert model.real_batches == 5
        applied, drawn = [], []
        for name, optimizer in model.optimizers.items():
            apply = optimizer.apply_gradients
            monkeypatch.setattr(optimizer, "apply_gradients", lambda g, n=name, f=apply: applied.append(n) or f(g))
        draw = model._draw_latents
        monkeypatch.setattr(model, "_draw_latents", lambda *args: drawn.append(draw(*args)) or drawn[-1])
        model.train_step(tf.stack([images_for(model.config, seed) for seed in range(5)]))
        assert applied == 5 * ["discriminator"] + ["generator"]
        assert len({latents.numpy().tobytes() for latents in drawn}) == 6

    def test_the_first_of_several_steps_is_the_one_of_a_single_step(self, pair):
        one, five, real = *(pair("wgan-gp", critic_steps=n)[0] for n in (1, 5)), pair("wgan-gp")[2]
        assert float(one._update_discriminator(real)["d_loss"]) == float(five._update_discriminator(real, 0)["d_loss"])
        assert five._draw_seed(Purpose.GENERATED_PENALTY, 1).numpy().tolist() != (
            five._draw_seed(Purpose.GENERATED_PENALTY).numpy().tolist()
        )


class TestVAE:
    def test_loss_is_l1_plus_beta_times_the_divergence(self, pair):
        model, twin, real = pair("vae", kl_weight=0.3)
        means, log_variances = np.split(twin.encoder(real, training=True).numpy().astype(np.float64), 2, axis=1)
        noise = twin._draw_latents(Purpose.POSTERIOR_NOISE).numpy()
        latents = means + np.exp(log_variances / 2.0) * noise
        distance = l1(real, twin.generator(tf.constant(latents, tf.float32), training=True))
        kl = np.mean(np.sum((means**2 + np.exp(log_variances) - 1.0 - log_variances) / 2.0, axis=1))
        losses = model._update_encoder_and_generator(real)
        assert float(losses["recon_l1"]) == pytest.approx(distance, rel=1e-4)
        assert float(losses["kl"]) == pytest.approx(kl, rel=1e-4)
        assert float(losses["eg_loss"]) == pytest.approx(distance + 0.3 / (16 * 16) * kl, rel=1e-4)

    def test_the_divergence_reaches_both_heads_of_the_encoder_and_not_the_generator(self, pair):
        weak, strong = (pair("vae", kl_weight=weight)[0] for weight in (0.0, 1e6))
        real = images_for(weak.config)
        gradients = {}
        for model in (weak, strong):
            for name, optimizer in model.optimizers.items():
                key = model.config.kl_weight, name
                optimizer.apply_gradients = lambda pairs, key=key: gradients.__setitem__(key, [g for g, _ in pairs])
            model._update_encoder_and_generator(real)
        head = [gradients[weight, "encoder"][-1].numpy() for weight in (0.0, 1e6)]  # the last bias, of both heads
        assert np.all(np.abs(head[1] - head[0]) > 10.0 * np.abs(head[0]).max())
        for a, b in zip(gradients[0.0, "generator"], gradients[1e6, "generator"], strict=True):
            np.testing.assert_array_equal(a, b)

    def test_encoding_gives_the_means_whatever_the_variances(self, pair):
        model, _, real = pair("vae")
        before = model.encode(real)
        bias = model.encoder.trainable_variables[-1]
        bias.assign(tf.concat([bias[:8], 5.0 + bias[8:]], axis=0))
        np.testing.assert_array_equal(model.encode(real), before)

    def test_training_reconstructs_better_and_keeps_the_latents_in_use(self, pair):
        model, _, real = pair("vae", learning_rate=2e-3)
        step = tf.function(model.train_step)
        losses = [{k: float(v) for k, v in step(real[None]).items()} for _ in range(60)]
        assert losses[-1]["recon_l1"] < 0.8 * losses[0]["recon_l1"]
        assert losses[-1]["kl"] > losses[0]["kl"]


class TestAlphaGAN:
    def test_losses_are_the_four_of_algorithm_1(self, pair):
        model, twin, real = pair("alpha-gan")
        e, g, d, cd = twin.encoder, twin.generator, twin.discriminator, twin.code_discriminator
        encoded = e(real, training=True)
        scores = cd(encoded)
        adversary = np.mean(log_counter_probability(scores) - log_probability(scores))
        expected = adversary + 10.0 * l1(real, g(encoded, training=True))
        assert float(model._update_encoder(real)["e_loss"]) == pytest.approx(expected, rel=1e-4)

        e.set_weights(model.encoder.get_weights())
        fakes = [
            g(twin._draw_latents(Purpose.GENERATOR_LATENTS), training=True),
            g(e(real, training=True), training=True),
        ]
        adversary = sum(np.mean(log_counter_probability(d(f)) - log_probability(d(f))) for f in fakes)
        losses = model._update_generator(real)
        assert float(losses["recon_l1"]) == pytest.approx(l1(real, fakes[1]), rel=1e-4)
        assert float(losses["g_loss"]) == pytest.approx(adversary + 10.0 * l1(real, fakes[1]), rel=1e-4)

        g.set_weights(model.generator.get_weights())
        fakes = [
            g(twin._draw_latents(Purpose.DISCRIMINATOR_LATENTS), training=True),
            g(e(real, training=True), training=True),
        ]
        expected = -2.0 * np.mean(log_probability(d(real)))
        expected -= sum(np.mean(log_counter_probability(d(f))) for f in fakes)
        assert float(model._update_discriminator(real)["d_loss"]) == pytest.approx(expected, rel=1e-4)

        z = twin._draw_latents(Purpose.CODE_DISCRIMINATOR_LATENTS)
        expected = -np.mean(log_probability(cd(z)))
        expected -= np.mean(log_counter_probability(cd(e(real, training=True))))
        assert float(model._update_code_discriminator(real)["cd_loss"]) == pytest.approx(expected, rel=1e-4)


class TestAlphaWGANGPOriginal:
    def test_losses_are_those_of_the_original(self, pair):
        model, twin, real = pair("alpha-wgan-gp-original")
        e, g, d, cd = twin.encoder, twin.generator, twin.discriminator, twin.code_discriminator
        encoded = e(real, training=True)
        generated = g(twin._draw_latents(Purpose.GENERATOR_LATENTS), training=True)
        reconstructed = g(encoded, training=True)
        distance = l1(real, reconstructed)
        expected = 10.0 * distance - np.mean(cd(encoded)) - np.mean(d(reconstructed)) - np.mean(d(generated))
        losses = model._update_encoder_and_generator(real)
        assert float(losses["recon_l1"]) == pytest.approx(distance, rel=1e-4)
        assert float(losses["eg_loss"]) == pytest.approx(expected, rel=1e-4)

        e.set_weights(model.encoder.get_weights())
        g.set_weights(model.generator.get_weights())
        generated = g(twin._draw_latents(Purpose.DISCRIMINATOR_LATENTS), training=True)
        reconstructed = g(e(real, training=True), training=True)
        penalties = [
            float(gradient_penalty(d, interpolate(real, fake, twin._draw_seed(purpose))))
            for fake, purpose in (
                (generated, Purpose.GENERATED_PENALTY),
                (reconstructed, Purpose.RECONSTRUCTED_PENALTY),
            )
        ]
        critic = -2.0 * np.mean(d(real)) + np.mean(d(generated)) + np.mean(d(reconstructed))
        losses = model._update_discriminator(real)
        assert float(losses["gp_image"]) == pytest.approx(np.mean(penalties), rel=1e-3)
        assert float(losses["d_loss"]) == pytest.approx(critic + 10.0 * sum(penalties), rel=1e-3)

        z = twin._draw_latents(Purpose.CODE_DISCRIMINATOR_LATENTS)
        encoded = e(real, training=True)
        penalty = float(gradient_penalty(cd, interpolate(z, encoded, twin._draw_seed(Purpose.CODE_PENALTY))))
        expected = -np.mean(cd(z)) + np.mean(cd(encoded)) + 10.0 * penalty
        losses = model._update_code_discriminator(real)
        assert float(losses["gp_code"]) == pytest.approx(penalty, rel=1e-3)
        assert float(losses["cd_loss"]) == pytest.approx(expected, rel=1e-3)

    @pytest.mark.parametrize("name", ["discriminator", "code_discriminator"])
    def test_the_penalty_through_batch_normalization_has_the_right_gradient(self, pair, name):
        """Along its own gradient the penalty rises by the squared norm; with Keras's layer CD's is 2.4 % off."""
        model, _, real = pair("alpha-wgan-gp-original")
        network = model.networks[name]
        points = real if name == "discriminator" else tf.random.stateless_normal([4, 8], [1, 2])

        def penalty():
            return gradient_penalty(lambda x: network(x, training=True), points)

        with tf.GradientTape() as tape:
            value = penalty()
        variables = network.trainable_variables
        gradients = tape.gradient(value, variables)
        moved = [(v, g) for v, g in zip(variables, gradients, strict=True) if g is not None]
        squared_norm = sum(float(tf.reduce_sum(g * g)) for _, g in moved)
        # A step that changes the penalty by about 0.1 %: few units of LeakyReLU change sides.
        step = 1e-3 * float(value) / squared_norm
        sides = []
        for sign in (1.0, -2.0):
            for variable, gradient in moved:
                variable.assign_add(sign * step * gradient)
            sides.append(float(penalty()))
        assert (sides[0] - sides[1]) / (2.0 * step) == pytest.approx(squared_norm, rel=2e-3)

    def test_the_letter_of_equation_3_leaves_out_the_second_penalty(self, pair):
        (both, _, real), (letter, _, _) = (
            pair("alpha-wgan-gp-original", penalty_pairs=p) for p in ("both", "generated")
        )
        losses = [model._update_discriminator(real) for model in (both, letter)]
        critic = [
            float(loss["d_loss"]) - weight * float(loss["gp_image"])
            for loss, weight in zip(losses, (20, 10), strict=True)
        ]
        assert critic[0] == pytest.approx(critic[1], rel=1e-3, abs=1e-5)
