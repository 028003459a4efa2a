"""The loss that is differentiated while it is added up: values, gradients, its Adam step, and what waits for what."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.config import Config
from tfgan_thyroid.models.updates import Loss, build_adam, in_turn

INPUTS = tf.constant([[1.0, 2.0], [3.0, -1.0]])


def linear(name="linear"):
    """x -> w x + b with w = (1, 2) and b = 3."""
    network = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, name=name)])
    network.set_weights([np.array([[1.0], [2.0]], np.float32), np.array([3.0], np.float32)])
    return network


def gradients_of(network, minimize):
    """What a step of gradient descent with learning rate 1 takes off each weight."""
    before = network.get_weights()
    minimize()
    return [old - new for old, new in zip(before, network.get_weights(), strict=True)]


def test_a_loss_is_the_weighted_sum_of_its_terms_and_its_gradient_that_of_the_sum():
    network = linear()
    loss = Loss([(network, keras.optimizers.SGD(1.0))])
    with loss.part():
        outputs = network(INPUTS)
        loss.add("mean", -2.0, tf.reduce_mean(outputs))  # (8 + 4) / 2
        loss.add("square", 0.5, tf.reduce_mean(tf.square(outputs)))  # (64 + 16) / 2
    with loss.part():
        loss.add("weights", 10.0, tf.reduce_sum(tf.square(network.trainable_variables[0])))  # not of the bias
    losses = {}
    by_kernel, by_bias = gradients_of(network, lambda: losses.update(loss.minimize("sum")))
    assert {name: float(value) for name, value in losses.items()} == {
        "sum": -12.0 + 20.0 + 50.0,
        "mean": 6.0,
        "square": 40.0,
        "weights": 5.0,
    }
    # d/dw of -2 mean(y) + 0.5 mean(y^2) is mean((y - 2) x); 20 w of the last term.
    np.testing.assert_allclose(by_kernel, [[(6 * 1 + 2 * 3) / 2 + 20.0], [(6 * 2 + 2 * -1) / 2 + 40.0]])
    np.testing.assert_allclose(by_bias, [(6 + 2) / 2])


def test_a_part_may_come_before_or_after_one_that_reaches_more_variables():
    for order in ([0, 1], [1, 0]):
        network = linear()
        loss = Loss([(network, keras.optimizers.SGD(1.0))])
        for index in order:
            with loss.part():
                loss.add(f"of {index}", 1.0, tf.reduce_sum(network.trainable_variables[index]))
        gradients = gradients_of(network, partial(loss.minimize, "sum"))
        assert [gradient.ravel().tolist() for gradient in gradients] == [[1.0, 1.0], [1.0]]


def test_each_network_of_a_loss_takes_one_step_of_its_own_optimizer_and_no_other_network_moves():
    first, second, other = linear(), linear(), linear()
    config = Config(learning_rate=0.1, adam_epsilon=1e-12)
    loss = Loss([(network, build_adam(config, network)) for network in (first, second)])
    with loss.part():
        loss.add("sum", 1.0, tf.reduce_sum(first(INPUTS) - second(INPUTS) + other(INPUTS)))
    loss.minimize("sum")
    # Adam's first step is the learning rate against the sign of the gradient.
    sign = np.sign(np.sum(INPUTS, axis=0))[:, None]
    start = other.get_weights()
    np.testing.assert_allclose(first.get_weights()[0], start[0] - 0.1 * sign, rtol=1e-5)
    np.testing.assert_allclose(second.get_weights()[0], start[0] + 0.1 * sign, rtol=1e-5)
    np.testing.assert_array_equal(start[1], [3.0])


def waits_for(graph, later, earlier):
    """Whether an operation of a graph runs after another, along data and control edges."""
    seen, todo = set(), [graph.get_operation_by_name(later)]
    while todo:
        operation = todo.pop()
        if operation.name in seen:
            continue
        seen.add(operation.name)
        todo += [tensor.op for tensor in operation.inputs] + list(operation.control_inputs)
    return earlier in seen


@pytest.fixture
def traced():
    """A graph of two updates of two parts each, whose values carry the names of their part."""
    networks = linear(), linear()
    optimizers = [build_adam(Config(), network) for network in networks]

    def update(number):
        loss = Loss([(networks[number], optimizers[number])])
        for part in ("a", "b"):
            with loss.part():
                outputs = tf.identity(networks[number](INPUTS), name=f"update{number}_{part}")
                loss.add(part, 1.0, tf.reduce_mean(tf.square(outputs)))
        return loss.minimize(f"loss{number}")

    @tf.function
    def step():
        variables = [v for network in networks for v in network.trainable_variables]
        return in_turn([lambda: update(0), lambda: update(1)], variables)

    return step.get_concrete_function()


def test_one_part_of_a_loss_and_one_update_at_a_time(traced):
    order = ["update0_a", "update0_b", "update1_a", "update1_b"]
    for index, later in enumerate(order):
        for earlier in order[:index]:
            assert waits_for(traced.graph, later, earlier), f"{later} does not wait for {earlier}"
            assert not waits_for(traced.graph, earlier, later)


def test_all_losses_of_the_updates_are_returned(traced):
    assert set(traced()) == {"loss0", "loss1", "a", "b"}
