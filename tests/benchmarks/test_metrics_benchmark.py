"""The benchmark of the metrics as a command, at a size where timings mean nothing."""

import json
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import metrics
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metrics import distances, matrix_products

SMALL = ["--image-size", "16", "--images", "40", "--samples", "10"]


def test_json_ends_standard_output_with_every_measurement(capsys):
    assert metrics.main([*SMALL, "--draws", "5", "--large", "400", "--json"]) == 0
    output, errors = capsys.readouterr()
    document = json.loads(output)
    evaluation = document["evaluation"]
    assert document["seconds"] == evaluation["seconds"] == pytest.approx(sum(evaluation["by_draw"]), rel=0.2)
    assert len(evaluation["by_draw"]) == 5
    assert evaluation["later_half"] == pytest.approx(sum(evaluation["by_draw"][3:]) / sum(evaluation["by_draw"][1:3]))
    assert tuple(document["seconds_by_metric"]) == metrics.PIXEL_METRICS
    assert document["samples"]["growth"] == document["samples"]["seconds_at_2n"] / document["samples"]["seconds"]
    assert document["large"]["matrix_bytes"] == 8 * 400**2
    assert document["machine"]["usable_cores"] >= 1
    assert "16x16 pixels, 40 real" in errors and "5 draws of 10" in errors


def test_a_table_without_the_large_draw(capsys):
    assert metrics.main([*SMALL, "--draws", "1", "--large", "0"]) == 0
    output, _ = capsys.readouterr()
    assert "usable cores" in output and "memory" not in output


def test_a_large_draw_needs_a_few_blocks_and_no_matrix_of_its_distances(monkeypatch):
    monkeypatch.setattr(distances, "KEPT_BYTES", 0)
    monkeypatch.setattr(matrix_products, "BLOCK_BYTES", 2**20)
    monkeypatch.setattr(matrix_products, "SLICE_BYTES", 2**20)
    large = metrics.measure_large(1500, seed=0)
    assert large["peak_bytes"] < 0.5 * large["matrix_bytes"]


def test_the_images_are_speckle_that_the_seed_decides():
    first, same, other = (metrics.speckle_images(seed, 3, 32) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert first.shape == (3, 32, 32, 1) and first.std() > 10
    assert (first != other).any()


def test_too_few_images_for_the_growth_are_one_line():
    with pytest.raises(UserError, match="--images 20: give at least 40"):
        metrics.main(["--images", "20", "--samples", "10"])


def test_help_is_light():
    code = (
        "import sys\nfrom benchmarks.metrics import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(int(bool({'tensorflow', 'numpy', 'scipy'} & set(sys.modules))))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert "(default: 256)" in finished.stdout
