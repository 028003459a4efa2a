"""The benchmark of the input pipeline as a command, at a size where timings mean nothing."""

import json
import subprocess
import sys

import pytest

from benchmarks import input_pipeline


def test_json_relates_both_rates_to_the_iteration(capsys):
    small = ["--image-size", "16", "--scans", "12", "--batch-size", "2", "--elements", "3", "--iteration-seconds", "4"]
    assert input_pipeline.main([*small, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    for name in ("cold", "warm"):
        assert document["times_the_iteration"][name] == pytest.approx(4 * document["elements_per_second"][name])


def test_help_imports_neither_tensorflow_nor_numpy():
    code = (
        "import sys\nfrom benchmarks.input_pipeline import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(int(bool({'tensorflow', 'numpy', 'keras'} & set(sys.modules))))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
