"""Every command of README and docs is known to its own parser; those of README's first hour run at 16 pixels."""

import importlib
import re
import shlex
from pathlib import Path

import pytest

from tfgan_thyroid.commands import find_commands, main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
OURS = ("tfgan_thyroid.", "pipeline.", "benchmarks.")

NOT_RUN = {
    "pages of docs/": "their data are the reader's, or the run takes hours; tour.md and pipeline.md are tested",
    "tfgan-thyroid serve": "runs until it is stopped; tests/serving/preview runs it",
    "docker, dask, curl, pip": "programs of others, servers and networks",
}
"""Commands that are parsed and not run, with the reason."""


def commands_of(page):
    """(text, module, words) of each command line of this project in the fenced blocks of a page."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.S | re.M)
    blocks = [block for language, block in found if language in ("", "bash", "sh")]
    for line in "".join(blocks).replace("\\\n", " ").splitlines():
        if re.search(r"tfgan-thyroid |-m (tfgan_thyroid|pipeline|benchmarks)\.", line):
            for words in split_commands(line):
                if words[:1] == ["tfgan-thyroid"]:
                    yield line, find_commands()[words[1]].module, words[2:]
                elif words[1:2] == ["-m"] and words[0].endswith("python") and words[2].startswith(OURS):
                    yield line, words[2], words[3:]


def split_commands(line):
    """The words of each command of a shell line, without the variables that are set in front of it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    command = []
    for word in [*lexer, "&"]:
        if set(word) <= set("&|;"):
            yield command
            command = []
        elif command or not re.match(r"[A-Z_]+=", word):
            command.append(word)


ALL = [(page, *command) for page in PAGES for command in commands_of(page)]


@pytest.mark.parametrize(
    ("text", "module", "words"),
    [command[1:] for command in ALL],
    ids=[f"{page.name}-{index}" for index, (page, *_) in enumerate(ALL)],
)
def test_every_command_is_known_to_its_parser(text, module, words):
    if module == "pipeline.preprocess":
        from pipeline.preprocessing.flags import preprocess_parser as parser
    elif module == "tfgan_thyroid.reproduce" and words[:1] == ["sharing"]:
        from tfgan_thyroid.reproduce_sharing import _parser as parser

        words = words[1:]
    else:
        parser = importlib.import_module(module)._parser
    _, others = parser().parse_known_args(words)
    if module in ("pipeline.preprocess", "pipeline.run") and others:
        from pipeline.preprocessing.beam_options import pipeline_options
        from pipeline.preprocessing.flags import preprocess_parser

        places = ["--input", "SCANS", "--output", "DATASET"] if module == "pipeline.run" else words
        _, others = preprocess_parser().parse_known_args([*places, *others])
        pipeline_options(others)
    else:
        assert others == [], text


def test_the_commands_of_readme_are_found_and_it_is_short():
    found = [module for page, _, module, _ in ALL if page.name == "README.md"]
    assert len(found) >= 8
    assert len(ALL) > 40
    assert len((ROOT / "README.md").read_text().splitlines()) <= 90


def test_every_link_and_picture_of_readme_is_there():
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text())
    local = [link for link in links if not link.startswith("http")]
    assert len(local) > 10
    assert [link for link in local if not (ROOT / link).exists()] == []


def at_16_pixels(words):
    """The same command on 12 scans of 16 pixels, two iterations, one epoch."""
    smaller = {"--image-size": "16", "--count": "12"}
    words = [smaller.get(before, word) for before, word in zip(["", *words], words, strict=False)]
    extra = {
        "train": ["--iterations", "2", "--batch-size", "2", "--width", "2"],
        "evaluate": ["--metrics", "mmd,1nn", "--samples", "4", "--draws", "2"],
        "segment": ["--epochs", "1", "--width", "2"],
        "simulate": ["--frames-per-patient", "2"],
    }
    return words + extra.get(words[0], [])


@pytest.mark.slow
@pytest.mark.end_to_end
def test_the_first_hour_of_readme_runs_from_top_to_bottom(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    block = (ROOT / "README.md").read_text().split("source .venv/bin/activate\n")[1].split("```")[0]
    for line in block.splitlines():
        words = at_16_pixels(shlex.split(line)[1:])
        assert main(words) == 0, (line, capfd.readouterr().err)
        looked_at = re.findall(r"^look at: (.+)$", capfd.readouterr().err, re.M)
        assert all(Path(path).exists() for path in looked_at), line
        assert looked_at or words[0] in ("train", "export"), line  # a dry run has no picture
