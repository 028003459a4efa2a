"""A plan of many computations whose results are kept as JSON files, so that a stopped plan goes on where it was."""

import dataclasses
import datetime
import json
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tfgan_thyroid import atomic, command
from tfgan_thyroid.errors import UserError

LOG = logging.getLogger(__name__)
Named = TypeVar("Named")


@dataclasses.dataclass(frozen=True)
class Cell:
    """One computation of a plan."""

    name: str  # of its result file, without `.json`
    key: dict[str, Any]  # all that decides the result, JSON-able; a kept result with another key is not of this plan
    cost: float  # what it costs relative to the other cells, for the estimated time of arrival
    compute: Callable[[], dict[str, Any]]  # makes the result, a JSON-able dictionary


def config_key(config: Any, named: Collection[str], without: Collection[str]) -> dict[str, Any]:
    """What of a configuration decides a result.

    Fields at their defaults are left out, so that a field which a later version adds makes no result foreign.

    Args:
        config: a dataclass whose fields all have defaults.
        named: fields to name always, whatever their defaults are.
        without: fields that decide nothing.
    """
    fields, defaults = dataclasses.asdict(config), dataclasses.asdict(type(config)())
    changed = {name for name in fields if fields[name] != defaults[name]} - set(without)
    return {name: fields[name] for name in sorted(changed | set(named))}


def choose(names: str, known: Mapping[str, Named], what: str) -> list[Named]:
    """Those that a comma-separated list names, or all of them for `all`.

    Raises:
        UserError: an unknown name.
    """
    wanted = list(known) if names == "all" else names.split(",")
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UserError(f"unknown {what} {unknown[0]!r}: choose from {', '.join(known)}")
    return [known[name] for name in wanted]


def run_plan(
    cells: Sequence[Cell], folder: Path, on_result: Callable[[dict[str, dict[str, Any]]], object]
) -> dict[str, dict[str, Any]]:
    """Computes every cell that has no result in `folder` yet, in order, and keeps each as it is done.

    Args:
        cells: with distinct names.
        folder: of the result files, `NAME.json`, each `{"key": ..., "result": ...}`.
        on_result: called with the results so far, by cell name, at the start and after each computation.

    Raises:
        UserError: a kept result belongs to another plan, or is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept = {cell.name: _kept(cell, folder) for cell in cells}
    results = {name: result for name, result in kept.items() if result is not None}
    waiting = [cell for cell in cells if cell.name not in results]
    on_result(results)
    LOG.info("%d of %d results are there, %d to compute", len(cells) - len(waiting), len(cells), len(waiting))
    started, done, total = time.perf_counter(), 0.0, sum(cell.cost for cell in waiting)
    for index, cell in enumerate(waiting):
        elapsed = time.perf_counter() - started
        eta = str(datetime.timedelta(seconds=round(elapsed / done * (total - done)))) if done else "unknown"
        LOG.info("%d of %d: %s  (ETA of the whole plan %s)", index + 1, len(waiting), cell.name, eta)
        result = cell.compute()
        atomic.write_json(_file(cell, folder), {"key": cell.key, "result": result})
        results[cell.name] = result
        done += cell.cost
        on_result(results)
    return {cell.name: results[cell.name] for cell in cells}


def print_table(output: Path, name: str, as_json: bool) -> None:
    """Prints the finished `NAME.md`, or `NAME.json`, and says where the picture is."""
    print((output / f"{name}.{'json' if as_json else 'md'}").read_text(), end="")
    LOG.info("wrote %s.md, %s.json and %s.png in %s", name, name, name, output)
    command.say_next(output / f"{name}.png")


def _file(cell: Cell, folder: Path) -> Path:
    return folder / f"{cell.name}.json"


def _kept(cell: Cell, folder: Path) -> dict[str, Any] | None:
    path = _file(cell, folder)
    if not path.exists():
        return None
    try:
        kept = json.loads(path.read_text())
        key, result = kept["key"], kept["result"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is damaged ({error}): remove it to compute it again") from None
    wanted = json.loads(json.dumps(cell.key))
    odd = sorted(name for name in key.keys() | wanted.keys() if key.get(name) != wanted.get(name))
    if odd:
        there, here = key.get(odd[0]), wanted.get(odd[0])
        raise UserError(
            f"{path} is a result of another plan ({odd[0]} is {there!r}, here {here!r}): give another --output, or "
            "remove it to compute it again"
        )
    return result
