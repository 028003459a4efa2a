"""The package turns oneDNN on, unless the environment says otherwise: TensorFlow's own notice says what it took."""

import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="oneDNN in TensorFlow is x86's")


@pytest.mark.parametrize(("given", "is_on"), [({}, True), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, False)])
def test_onednn_is_on_unless_it_is_turned_off(given, is_on):
    inherited = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    environment = {**inherited, **given, "TF_CPP_MIN_LOG_LEVEL": "0"}
    imported = subprocess.run(
        [sys.executable, "-c", "import tfgan_thyroid, tensorflow"], env=environment, capture_output=True, text=True
    )
    assert imported.returncode == 0, imported.stderr
    assert ("oneDNN custom operations are on" in imported.stderr) is is_on
