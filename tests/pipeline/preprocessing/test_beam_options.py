import apache_beam as beam
import pytest

from pipeline.preprocessing.beam_options import pipeline_options, run_pipeline
from tfgan_thyroid.errors import UserError


class Raising(beam.DoFn):
    def __init__(self, error):
        self.error = error

    def process(self, element):
        raise self.error


class Interrupted(beam.PTransform):
    """Ctrl-C before Beam has a result."""

    def expand(self, elements):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        OSError(122, "Disk quota exceeded", "/x/a"),
        PermissionError(13, "Denied"),
    ],
    ids=lambda error: error.strerror,
)
def test_what_the_system_refuses_in_a_worker_is_one_line(error):
    with pytest.raises(UserError, match=f"^a worker failed: {error.strerror}"):
        run_pipeline([1], beam.ParDo(Raising(error)), pipeline_options([]))


def test_an_interrupt_is_an_interrupt_even_before_beam_has_a_result():
    with pytest.raises(KeyboardInterrupt):
        run_pipeline([1], Interrupted(), pipeline_options([]))


def test_a_fault_of_the_code_keeps_its_own_words():
    with pytest.raises(ZeroDivisionError, match="by design"):
        run_pipeline([1], beam.ParDo(Raising(ZeroDivisionError("by design"))), pipeline_options([]))
