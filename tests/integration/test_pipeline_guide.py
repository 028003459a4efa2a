"""docs/pipeline.md says what is so."""

import re
from pathlib import Path

import pytest

from pipeline import run
from pipeline.components.thresholds import DEFAULT, read_thresholds

GUIDE = (Path(__file__).parents[2] / "docs" / "pipeline.md").read_text()


def test_the_thresholds_shown_are_the_default_ones(tmp_path):
    (shown,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.S)
    (tmp_path / "shown.toml").write_text(shown)
    assert read_thresholds(tmp_path / "shown.toml") == DEFAULT


def test_every_flag_of_the_guide_is_known():
    known = set(run._parser()._option_string_actions) | {"--lineage", "--picture", "--yes"}
    elsewhere = {"--crop", "--group-pattern", "--direct_num_workers"}
    assert set(re.findall(r"(?<![\w|-])--[a-z][a-z_-]*", GUIDE)) - elsewhere <= known


@pytest.mark.parametrize("name", re.findall(r"^\| ([A-Z]\w+) \|", GUIDE, re.M))
def test_every_component_of_the_guide_exists(name):
    folder = Path(run.__file__).parent / "components"
    assert any(f"class {name}(Component)" in path.read_text() for path in folder.glob("*.py"))
