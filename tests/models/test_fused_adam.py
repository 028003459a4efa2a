"""Adam as one operation, against Keras's."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.models.fused_adam import FusedAdam

SETTINGS = {"learning_rate": 0.01, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-8}


def trained(optimizer, graph):
    """Two variables after 20 steps along gradients that change."""
    rng = np.random.default_rng(0)
    variables = [tf.Variable(rng.normal(size=shape), dtype=tf.float32) for shape in ((3, 4), (5,))]
    optimizer.build(variables)

    def step(gradients):
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    function = tf.function(step) if graph else step
    for _ in range(20):
        function([tf.constant(rng.normal(size=v.shape), tf.float32) for v in variables])
    return [v.numpy() for v in variables], optimizer


@pytest.mark.parametrize("graph", [False, True])
def test_twenty_steps_equal_those_of_keras(graph):
    ours, _ = trained(FusedAdam(**SETTINGS), graph)
    plain, _ = trained(keras.optimizers.Adam(**SETTINGS), graph)
    for a, b in zip(ours, plain, strict=True):
        # 20 steps of 0.01 each, in float32.
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


def test_the_first_step_has_the_size_of_the_learning_rate():
    variable = tf.Variable([1.0, -2.0, 3.0])
    optimizer = FusedAdam(**SETTINGS)
    optimizer.build([variable])
    optimizer.apply_gradients([(tf.constant([10.0, -0.1, 3.0]), variable)])
    # m / sqrt(v) is the gradient's sign after one step.
    np.testing.assert_allclose(variable, [1.0 - 0.01, -2.0 + 0.01, 3.0 - 0.01], rtol=1e-6)


def test_a_checkpoint_of_keras_adam_fits(tmp_path):
    _, plain = trained(keras.optimizers.Adam(**SETTINGS), graph=False)
    path = tf.train.Checkpoint(optimizer=plain).write(str(tmp_path / "adam"))
    ours = FusedAdam(**SETTINGS)
    ours.build([tf.Variable(tf.zeros(shape)) for shape in ((3, 4), (5,))])
    tf.train.Checkpoint(optimizer=ours).read(path).assert_existing_objects_matched()
    assert int(ours.iterations.numpy()) == 20
