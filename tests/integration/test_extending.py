"""docs/extending.md is so: each step applied to a copy of the tree, its files and lines counted, its last block run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text()
# The steps of the page, and how many files a step may touch at most.
MOST_FILES = {"A loss term of G": 2, "A generator": 3, "A mask format": 2, "A pipeline component": 2, "A metric": 2}


class Step(NamedTuple):
    """A section: what its heading says, and its fenced blocks as (language, path or nothing, text)."""

    title: str
    files: int
    lines: int
    blocks: list[tuple[str, str, str]]


def read_steps():
    for section in re.split(r"^## ", PAGE, flags=re.M)[1:]:
        title, files, lines = re.match(r"(.+): (\d+) files?, (\d+) lines?\n", section).groups()
        yield Step(title, int(files), int(lines), re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", section, re.M | re.S))


STEPS = list(read_steps())


def added_lines(diff):
    return [line[1:] for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++")]


def environment(tree):
    """Python finds the copy before the installed package; git sees no repository around it."""
    return {**os.environ, "PYTHONPATH": str(tree), "GIT_CEILING_DIRECTORIES": str(tree.parent)}


def apply(step, tree):
    """Makes a step's changes in a tree; returns the files that it touches and the number of lines that it adds."""
    touched, lines = set(), 0
    for language, path, text in step.blocks[:-1]:
        if path:
            assert not (tree / path).exists(), f"{path} exists: change it by a diff"
            (tree / path).write_text(text)
            touched.add(path)
            lines += len(text.splitlines())
        else:
            assert language == "diff", f"a block of {step.title!r} is neither a diff nor a file"
            done = subprocess.run(
                ["git", "apply", "--recount", "-"], input=text, cwd=tree, text=True, capture_output=True
            )
            assert done.returncode == 0, done.stderr
            touched |= set(re.findall(r"^\+\+\+ b/(\S+)", text, re.M))
            lines += len(added_lines(text))
    return touched, lines


def test_the_page_has_a_section_for_every_step():
    assert [step.title for step in STEPS] == list(MOST_FILES)


@pytest.mark.slow
@pytest.mark.end_to_end
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_a_step_takes_the_files_and_lines_of_its_heading_and_works(step, tmp_path):
    for package in ("tfgan_thyroid", "pipeline"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    touched, lines = apply(step, tmp_path)
    assert (len(touched), lines) == (step.files, step.lines)
    assert len(touched) <= MOST_FILES[step.title]
    (tmp_path / "block.py").write_text(step.blocks[-1][2])
    done = subprocess.run(
        [sys.executable, "block.py"],
        cwd=tmp_path,
        env=environment(tmp_path),
        text=True,
        capture_output=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
