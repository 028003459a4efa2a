"""The benchmark of growth as a command, at a size where timings mean nothing."""

import json

import pytest

from benchmarks import growth
from benchmarks.arithmetic import iteration_macs
from tfgan_thyroid.errors import UserError


def row(gmacs, seconds, said):
    return {"gmacs": gmacs, "seconds": seconds, "peak_bytes": 100.0, "dry_run": {"seconds": said, "peak_bytes": 90.0}}


def test_the_exponent_is_that_of_the_larger_half():
    rows = [row(1.0, 7.0, 7.0), row(2.0, 7.0, 7.0), row(4.0, 2 * 4.0**1.5, 16.0), row(16.0, 2 * 16.0**1.5, 96.0)]
    found = growth.summary(rows)
    assert found["exponent"] == pytest.approx(1.5)
    assert found["dry_run_seconds_error"] == pytest.approx(0.25)
    assert found["dry_run_memory_error"] == pytest.approx(0.1)


@pytest.mark.slow
@pytest.mark.end_to_end
def test_json_ends_standard_output_with_every_setting(capsys):
    flags = ["--image-sizes", "8", "--widths", "2", "--batch-sizes", "2", "--rounds", "1", "--iterations", "1"]
    assert growth.main([*flags, "--json"]) == 0
    output, errors = capsys.readouterr()
    document = json.loads(output)
    (found,) = document["rows"]
    assert found["gmacs"] == pytest.approx(2e-9 * iteration_macs(8, 1, 2, 256, folded=True))
    assert found["seconds"] > 0 and found["peak_bytes"] > 2**20
    assert found["dry_run"]["seconds"] > 0 and found["dry_run"]["peak_bytes"] > 2**20
    assert document["exponent"] is None and "--dry-run was wrong by" in errors


def test_a_wrong_size_or_list_is_refused_before_anything_starts(capsys):
    with pytest.raises(UserError, match="image size 100"):
        growth.main(["--image-sizes", "64,100"])
    with pytest.raises(SystemExit, match="2"):
        growth.main(["--widths", "8,x"])
    assert "'8,x' is no list of whole numbers" in capsys.readouterr().err
