import math
import os
import signal

import pytest
import tensorflow as tf

from tfgan_thyroid.callbacks.stopping import NonFiniteGuard, StopOnSignal
from tfgan_thyroid.errors import UserError


class Model:
    def __init__(self):
        self.iteration = tf.Variable(7, dtype=tf.int64)
        self.stop_training = False


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_stops_training_and_is_named(value):
    guard = NonFiniteGuard()
    guard.set_model(Model())
    with pytest.raises(UserError, match="iteration 7: d_loss is"):
        guard.on_train_batch_end(0, {"g_loss": 1.0, "d_loss": value})


def test_finite_losses_pass():
    guard = NonFiniteGuard()
    guard.set_model(Model())
    assert guard.on_train_batch_end(0, {"g_loss": -1e30}) is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_iteration_and_a_second_one_at_once(number):
    stop, model = StopOnSignal(), Model()
    stop.set_model(model)
    with stop.listening():
        os.kill(os.getpid(), number)
        assert stop.received == number
        assert not model.stop_training
        stop.on_train_batch_end(0)
        assert model.stop_training
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_the_handlers_from_before_come_back():
    before = signal.getsignal(signal.SIGTERM)
    with StopOnSignal().listening():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
