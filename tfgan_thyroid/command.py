"""What every command shares: the look of `--help`, exit codes, and one clear line for each expected failure.

Exit codes: 0 done, 1 a failure reported in one line, 2 wrong flags, 130 interrupted.
"""

import argparse
import errno
import io
import logging
import os
import shlex
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from tfgan_thyroid import __version__
from tfgan_thyroid.errors import UserError, did_you_mean
from tfgan_thyroid.quiet import quiet_tensorflow

OUT_OF_MEMORY = ("MemoryError", "ResourceExhaustedError")
"""By name: the second is TensorFlow's, which is not imported for it."""

REMEDIES = {
    errno.EACCES: "give a place where you may write, by --output or --outdir",
    errno.EROFS: "give a place where you may write, by --output or --outdir",
    errno.ENOSPC: "free some space, or give a place on another disk",
    errno.EADDRINUSE: "another program listens there: end it, or give another --port (0 takes a free one)",
}
"""What to do about an `OSError`."""


class Parser(argparse.ArgumentParser):
    """Ends a wrong command line with the one line that matters, and the flag that was probably meant."""

    words: Sequence[str] = ()

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Remembers the words for the message of a mistake."""
        self.words = sys.argv[1:] if args is None else args
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Exits with code 2; the usage is left to `--help`."""
        flags = [flag for action in self._actions for flag in action.option_strings]
        given = [word.split("=")[0] for word in self.words if word.startswith("--")]
        unknown = [word for word in given if not any(flag.startswith(word) for flag in flags)]
        near = [f"; for {word}{hint[1:]}" for word in unknown if (hint := did_you_mean(word, flags))]
        self.exit(2, f"error: {message}{''.join(near) or f'; all flags: {self.prog} --help'}\n")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            choices = [str(choice) for choice in action.choices]
            near = did_you_mean(str(value), choices)
            raise argparse.ArgumentError(action, f"{value!r} is none of {', '.join(choices)}{near}")


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows each default and keeps the line breaks of the example."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


def parser(module: str, description: str, example: str) -> Parser:
    """An argument parser for `python -m MODULE` that shows defaults, an example and `--version`.

    Args:
        module: dotted module name, such as `"tfgan_thyroid.train"`.
        description: what the command does, in a sentence or two.
        example: one or more command lines that run as they stand.
    """
    result = Parser(
        prog=f"python -m {module}",
        description=description,
        epilog=f"example:\n  {example}",
        formatter_class=_HelpFormatter,
    )
    result.add_argument("--version", action="version", version=f"tfgan-thyroid {__version__}")
    return result


def positive_int(text: str) -> int:
    """The argparse type of a count: a whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return value


def seconds(text: str) -> float:
    """The argparse type of a duration: a number above 0, and no more than threads and sockets can wait."""
    value = float(text)
    if not 0 < value <= threading.TIMEOUT_MAX:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds: give one above 0")
    return value


def share(text: str) -> float:
    """The argparse type of a part of a whole: from 0 to below 1."""
    value = float(text)
    if not 0.0 <= value < 1.0:
        raise argparse.ArgumentTypeError(f"{text} is no share: give at least 0 and under 1")
    return value


def counts(text: str) -> tuple[int, ...]:
    """The argparse type of a comma-separated list of counts."""
    try:
        return tuple(positive_int(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of whole numbers, such as 16,32") from None


def seed(text: str) -> int:
    """The argparse type of a seed: a whole number from 0 to 2^31 - 1."""
    value = int(text)
    if not 0 <= value < 2**31:
        raise argparse.ArgumentTypeError(f"{text} is not a seed: give a whole number from 0 to 2147483647")
    return value


def start_log(file: Path | None = None) -> None:
    """Sends what the package logs to standard error, and to the end of `file` too.

    Standard output is left to results, which `--json` makes one document.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    if file is not None:
        handlers.append(logging.FileHandler(file, encoding="utf-8"))
    logger = logging.getLogger("tfgan_thyroid")
    for replaced in logger.handlers:
        replaced.close()
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(message)s"))
    logger.handlers = handlers
    logger.propagate = False  # absl, which TensorFlow brings, has a handler at the root
    logger.setLevel(logging.INFO)


def interpreter() -> str:
    """Command that starts this interpreter: `python` where that is it, else its path, relative below this folder."""
    if shutil.which("python") == sys.executable:
        return "python"
    here = os.getcwd() + os.sep
    return sys.executable.removeprefix(here)


def line(module: str, *words: object) -> str:
    """A command line that can be pasted as it stands; paths below this folder are relative."""
    here = os.getcwd() + os.sep
    return " ".join([interpreter(), "-m", module, *(shlex.quote(str(word).removeprefix(here)) for word in words)])


def say_next(picture: Path | None, *steps: str) -> None:
    """Ends a command on standard error: what to look at, which is there now, and what to type then.

    Args:
        picture: or a report.
        steps: lines from `line`, the likeliest first; what the user must fill in stands in capitals.
    """
    if picture is not None:
        print(f"look at: {picture}", file=sys.stderr)
    for step in steps:
        print(f"next:    {step}", file=sys.stderr)


def run(main: Callable[[Sequence[str] | None], int]) -> None:
    """Run `main`, turn an expected failure into one line on standard error, and exit with its code."""
    quiet_tensorflow()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without a character of a path: as on stderr
    try:
        code = main(None)
    except (UserError, OSError) as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = 130
    except Exception as error:
        if type(error).__name__ not in OUT_OF_MEMORY:
            raise
        print(
            "error: out of memory: give a smaller --batch-size, --width or image size, or end what else uses the "
            "device; the --dry-run of python -m tfgan_thyroid.train shows what a setting needs",
            file=sys.stderr,
        )
        code = 1
    sys.exit(code)


def one_line(error: Exception) -> str:
    """The message of an expected failure, with the file of an `OSError`."""
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        remedy = REMEDIES.get(error.errno or 0)
        return f"{error.strerror}{where}" + (f"; {remedy}" if remedy else "")
    return " ".join(str(error).split())
