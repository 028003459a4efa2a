"""The tour of docs/tour.md, executed as it stands."""

import re
from pathlib import Path

import pytest
from PIL import Image

TOUR = Path(__file__).parents[2] / "docs" / "tour.md"


@pytest.mark.slow
@pytest.mark.end_to_end
def test_the_tour_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", TOUR.read_text(), re.S | re.M)
    assert len(blocks) == 7
    scope = {}
    for block in blocks:
        exec(compile(block, str(TOUR), "exec"), scope)
    with Image.open("seed0.png") as image:
        assert image.size == (32, 32)
