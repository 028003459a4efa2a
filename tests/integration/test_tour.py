"""The tour of docs/tour.md as a notebook, its cells executed as they stand."""

from pathlib import Path

import jupytext
import nbformat
import pytest
from PIL import Image

TOUR = Path(__file__).parents[2] / "docs" / "tour.md"


@pytest.mark.slow
@pytest.mark.end_to_end
def test_the_tour_is_a_notebook_that_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notebook = jupytext.read(TOUR)
    nbformat.validate(notebook)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) == 7
    scope = {}
    for cell in cells:
        exec(compile(cell, str(TOUR), "exec"), scope)
    with Image.open("seed0.png") as image:
        assert image.size == (32, 32)
