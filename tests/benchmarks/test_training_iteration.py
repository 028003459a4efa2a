"""The benchmark of the training iteration as a command, at a size where timings mean nothing."""

import importlib.util
import json
import subprocess
import sys

import pytest

from benchmarks import training_iteration
from benchmarks.side_process import SideProcess
from benchmarks.sides import Settings
from tfgan_thyroid.errors import UserError

SMALL = ["--image-size", "32", "--width", "4", "--batch-size", "2", "--rounds", "3", "--iterations", "1"]
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="the PyTorch peer needs the extra: pip install -e '.[bench]'"
)


@pytest.mark.slow
@needs_torch
def test_json_ends_standard_output_with_both_sides_and_their_ratios(capsys):
    assert training_iteration.main([*SMALL, "--precisions", "float32", "--json"]) == 0
    output, errors = capsys.readouterr()
    document = json.loads(output)
    result = document["results"]["float32"]
    ours, peer = result["ours"], result["peer"]
    by_round = [b / a for a, b in zip(ours["seconds"]["rounds"], peer["seconds"]["rounds"], strict=True)]
    assert len(by_round) == 3
    assert document["ratio_float32"] == sorted(by_round)[1]
    assert len(result["foreign_cores"]) == 3
    assert document["memory_ratio_float32"] == ours["peak_bytes"] / peer["peak_bytes"]
    ours_alone, peer_alone = (side["peak_bytes"] - side["imported_bytes"] for side in (ours, peer))
    assert 0 < ours["imported_bytes"] < ours["peak_bytes"]
    assert document["training_memory_ratio_float32"] == pytest.approx(ours_alone / peer_alone)
    assert document["ratio_bfloat16"] is None
    assert peer["images_per_second"] == pytest.approx(2 / peer["seconds"]["median"])
    assert ours["fraction_of_ceiling"] == pytest.approx(ours["gflops"] / result["ceiling_gflops"])
    assert "times PyTorch's speed" in errors


@pytest.mark.slow
def test_our_side_alone_writes_a_table(capsys):
    assert training_iteration.main([*SMALL, "--precisions", "mixed_bfloat16", "--sides", "ours", "--passes"]) == 0
    output, _ = capsys.readouterr()
    assert all(f"\n{name} " in output for name in ("CD", "E", "D", "D: images", "D: critic", "D: penalties", "G"))
    assert "32x32 pixels, width 4, batch 2; 3 rounds of 1" in output
    assert "bfloat16" in output and "PyTorch" not in output


def test_a_missing_pytorch_is_one_line_that_names_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install -e '\.\[bench\]'"):
        training_iteration.main(SMALL)


def test_a_wrong_image_size_is_refused_before_anything_starts():
    with pytest.raises(UserError, match="image size 100"):
        training_iteration.main(["--image-size", "100", "--sides", "ours"])


def test_an_unknown_precision_is_a_wrong_flag(capsys):
    with pytest.raises(SystemExit, match="2"):
        training_iteration.main(["--precisions", "float32,float16"])
    assert "'float16' is no precision" in capsys.readouterr().err


def test_a_side_that_dies_is_told_with_its_last_words():
    broken = Settings(image_size=32, width=4, batch_size=2, precision="float16", seed=0)
    with pytest.raises(UserError, match="'ours' ended with code 1: .*precision is 'float16'"):
        SideProcess("ours", broken)


def test_help_imports_neither_tensorflow_nor_torch():
    code = (
        "import sys\nfrom benchmarks.training_iteration import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(int(bool({'tensorflow', 'torch', 'numpy', 'keras'} & set(sys.modules))))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert "(default: 256)" in finished.stdout
