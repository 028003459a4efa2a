"""Finds the commands of both packages, and runs one by its name: `tfgan-thyroid train`."""

import ast
import importlib
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from tfgan_thyroid import command
from tfgan_thyroid.errors import did_you_mean

PACKAGES = ("pipeline", "tfgan_thyroid")
_CALL = "command.run(main)"
"""What the last line of a command's module holds, and of no other module."""


class Command(NamedTuple):
    """A module that can be run.

    Attributes:
        module: its dotted name, as in `python -m tfgan_thyroid.train`.
        purpose: the first sentence of its docstring, up to the colon.
    """

    module: str
    purpose: str


def find_commands() -> dict[str, Command]:
    """The commands by name, in the order of their packages; the modules are read and not imported."""
    found = {}
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None and spec.submodule_search_locations, f"{package} is installed with this file"
        for file in sorted(Path(spec.submodule_search_locations[0]).glob("[!_]*.py")):
            text = file.read_text(encoding="utf-8")
            if _CALL in text and file != Path(__file__):
                purpose = (ast.get_docstring(ast.parse(text)) or "").split(": ")[0]
                found[file.stem] = Command(f"{package}.{file.stem}", purpose)
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command that is named first with the words behind it; without one, lists them all."""
    words = list(sys.argv[1:] if argv is None else argv)
    commands = find_commands()
    name = words[0] if words else "--help"
    if name in commands:
        return importlib.import_module(commands[name].module).main(words[1:])
    parser = command.parser("tfgan_thyroid", "From raw scans to a served generator.", "tfgan-thyroid train --help")
    parser.usage = "tfgan-thyroid COMMAND [flags], or python -m tfgan_thyroid COMMAND [flags]"
    lines = [f"  {name:12}{one.purpose}" for name, one in commands.items()]
    parser.description = "\n".join([f"{parser.description}\n\ncommands:", *lines])
    if not name.startswith("-"):
        parser.exit(
            2, f"error: there is no command {name!r}{did_you_mean(name, commands)}; all: {parser.prog} --help\n"
        )
    parser.parse_args([name])
    return 0


def script() -> None:
    """The entry point of the installed `tfgan-thyroid`."""
    command.run(main)
