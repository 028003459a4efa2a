"""When the averaged generator's batch statistics are measured."""

from types import SimpleNamespace

import pytest

from tfgan_thyroid.callbacks.standing_statistics import StandingStatistics


class CountingModel:
    """A model that counts how often it is asked."""

    def __init__(self, config):
        self.config, self.iteration, self.measured = config, None, 0

    def measure_statistics(self):
        self.measured += 1

    def at(self, iteration):
        self.iteration = SimpleNamespace(numpy=lambda: iteration)
        return self


@pytest.mark.parametrize(("iteration", "expected"), [(2, 0), (3, 1), (4, 1), (5, 0), (12, 1), (13, 1)])
def test_before_grids_checkpoints_and_the_last_look(tiny_config, iteration, expected):
    model = CountingModel(tiny_config.replace(image_every=3, checkpoint_every=4, iterations=13))
    callback = StandingStatistics()
    callback.set_model(model.at(iteration))
    callback.on_train_batch_end(0)
    assert model.measured == expected


def test_before_the_checkpoint_that_a_signal_brings_forward(tiny_config):
    model = CountingModel(tiny_config)
    callback = StandingStatistics()
    callback.set_model(model.at(1))
    callback.on_train_end()
    assert model.measured == 1
