"""A command's output is its own: TensorFlow starts without a word, unless the environment asks for its words."""

import os
import subprocess
import sys

import pytest

START = "from tfgan_thyroid.quiet import quiet_tensorflow; quiet_tensorflow(); import tensorflow as tf; tf.constant(1)"


@pytest.mark.parametrize(("given", "is_silent"), [({}, True), ({"TF_CPP_MIN_LOG_LEVEL": "0"}, False)])
def test_tensorflow_starts_without_a_word_unless_it_is_asked_to_speak(given, is_silent):
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    words = [sys.executable, "-c", f"{START}; import sys; print('ours', file=sys.stderr)"]
    result = subprocess.run(words, env={**environment, **given}, capture_output=True, text=True, check=True)
    assert result.stderr.endswith("ours\n")  # what comes after the start is seen
    assert (result.stderr == "ours\n") is is_silent
