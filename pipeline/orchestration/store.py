"""What was executed, when and from what: a SQLite file that any tool can query."""

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from pipeline.orchestration.artifact import Artifact
from tfgan_thyroid.errors import UserError

DATABASE = "metadata.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT, state TEXT NOT NULL, message TEXT);
CREATE TABLE IF NOT EXISTS executions (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, component TEXT NOT NULL,
    fingerprint TEXT NOT NULL, state TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, message TEXT,
    cached_from INTEGER REFERENCES executions);
CREATE TABLE IF NOT EXISTS artifacts (
    name TEXT PRIMARY KEY, execution INTEGER NOT NULL REFERENCES executions, output TEXT NOT NULL,
    type TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS inputs (
    execution INTEGER NOT NULL REFERENCES executions, input TEXT NOT NULL,
    artifact TEXT NOT NULL REFERENCES artifacts, PRIMARY KEY (execution, input));
"""


class Execution(NamedTuple):
    """A row of `executions`: state is `running`, `complete`, `failed` or `cached`."""

    id: int
    run: int
    component: str
    fingerprint: str
    state: str
    started: str
    ended: str | None
    message: str | None
    cached_from: int | None

    @property
    def seconds(self) -> float | None:
        """That it took, None where it has no end."""
        if self.ended is None:
            return None
        return (datetime.fromisoformat(self.ended) - datetime.fromisoformat(self.started)).total_seconds()


class Run(NamedTuple):
    """A row of `runs`: state is `running`, `complete`, `stopped` or `failed`."""

    id: int
    started: str
    ended: str | None
    state: str
    message: str | None


class MetadataStore:
    """Executions and artifacts of a pipeline's root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._connection = sqlite3.connect(root / DATABASE)
        self._connection.executescript(_SCHEMA)

    @classmethod
    def open(cls, root: Path) -> "MetadataStore":
        """The store of a root where a pipeline ran."""
        if not (root / DATABASE).is_file():
            raise UserError(f"{root} is no pipeline root (no {DATABASE}): make one with python -m pipeline.run")
        return cls(root)

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def start_run(self, started: str) -> int:
        """A new run's number; runs and executions that a killed process left as running are marked as failed."""
        with self._connection as database:
            for table in ("runs", "executions"):
                database.execute(f"UPDATE {table} SET state = 'failed', message = 'killed' WHERE state = 'running'")
            return database.execute("INSERT INTO runs (started, state) VALUES (?, 'running')", [started]).lastrowid or 0

    def end_run(self, run: int, ended: str, state: str, message: str | None) -> None:
        """Says how a run ended."""
        with self._connection as database:
            database.execute(
                "UPDATE runs SET ended = ?, state = ?, message = ? WHERE id = ?", [ended, state, message, run]
            )

    def start_execution(self, run: int, component: str, fingerprint: str, started: str) -> int:
        """A new execution's number."""
        words = "INSERT INTO executions (run, component, fingerprint, state, started) VALUES (?, ?, ?, 'running', ?)"
        with self._connection as database:
            return database.execute(words, [run, component, fingerprint, started]).lastrowid or 0

    def complete(self, execution: int, ended: str, inputs: Mapping[str, str], artifacts: Iterable[tuple]) -> None:
        """Marks an execution as complete, with its artifacts (name, output, type, digest), in one transaction."""
        with self._connection as database:
            self._add_inputs(execution, inputs)
            database.executemany(
                "INSERT INTO artifacts (execution, name, output, type, digest) VALUES (?, ?, ?, ?, ?)",
                [(execution, *artifact) for artifact in artifacts],
            )
            database.execute("UPDATE executions SET state = 'complete', ended = ? WHERE id = ?", [ended, execution])

    def fail(self, execution: int, ended: str, message: str) -> None:
        """Marks an execution as failed."""
        words = "UPDATE executions SET state = 'failed', ended = ?, message = ? WHERE id = ?"
        with self._connection as database:
            database.execute(words, [ended, message, execution])

    def reuse(self, run: int, source: Execution, now: str, inputs: Mapping[str, str]) -> None:
        """Notes that a run took an earlier execution's artifacts."""
        words = (
            "INSERT INTO executions (run, component, fingerprint, state, started, ended, cached_from) "
            "VALUES (?, ?, ?, 'cached', ?, ?, ?)"
        )
        with self._connection as database:
            row = [run, source.component, source.fingerprint, now, now, source.id]
            self._add_inputs(database.execute(words, row).lastrowid or 0, inputs)

    def _add_inputs(self, execution: int, inputs: Mapping[str, str]) -> None:
        rows = [(execution, name, artifact) for name, artifact in inputs.items()]
        self._connection.executemany("INSERT INTO inputs (execution, input, artifact) VALUES (?, ?, ?)", rows)

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        return [Run(*row) for row in self._connection.execute("SELECT * FROM runs ORDER BY id")]

    def executions(self, run: int | None = None) -> list[Execution]:
        """The executions of a run, or all, oldest first."""
        where, values = ("WHERE run = ?", [run]) if run is not None else ("", [])
        rows = self._connection.execute(f"SELECT * FROM executions {where} ORDER BY id", values)
        return [Execution(*row) for row in rows]

    def done_before(self, component: str, fingerprint: str) -> list[Execution]:
        """Complete executions of the very same work, newest first."""
        rows = self._connection.execute(
            "SELECT * FROM executions WHERE component = ? AND fingerprint = ? AND state = 'complete' ORDER BY id DESC",
            [component, fingerprint],
        )
        return [Execution(*row) for row in rows]

    def artifacts_of(self, execution: int) -> dict[str, str]:
        """The names of an execution's artifacts, by output."""
        rows = self._connection.execute("SELECT output, name FROM artifacts WHERE execution = ?", [execution])
        return dict(rows.fetchall())

    def artifact_names(self) -> list[str]:
        """The names of all artifacts, oldest first."""
        rows = self._connection.execute("SELECT name FROM artifacts ORDER BY execution, output")
        return [name for (name,) in rows]

    def artifacts(self) -> dict[str, Artifact]:
        """The artifacts that are there, by name, oldest first; one that was removed or damaged by hand is left out."""
        found = {}
        for name in self.artifact_names():
            with contextlib.suppress(UserError):
                found[name] = Artifact.read(self.root / name)
        return found

    def blessed(self, component: str, model: str, blessing: str) -> list[Artifact]:
        """The models that a component blessed, the newest first.

        Args:
            component: its name.
            model: its input that holds the model; another one may hold the model to compare with.
            blessing: its output that has the property `blessed`.
        """
        found = self.artifacts()
        rows = self._connection.execute(
            "SELECT inputs.artifact, artifacts.name FROM executions JOIN inputs ON inputs.execution = executions.id "
            "JOIN artifacts ON artifacts.execution = executions.id "
            "WHERE component = ? AND input = ? AND output = ? ORDER BY executions.id DESC",
            [component, model, blessing],
        )
        return [found[m] for m, b in rows if m in found and b in found and found[b].properties.get("blessed")]

    def seconds(self, component: str) -> float | None:
        """What a component took when it last ran to its end; None where it never did."""
        row = self._connection.execute(
            "SELECT * FROM executions WHERE component = ? AND state IN ('complete', 'removed') ORDER BY id DESC",
            [component],
        ).fetchone()
        return None if row is None else Execution(*row).seconds

    def forget(self, names: Iterable[str]) -> None:
        """Drops artifacts that were removed, so that their executions are not reused."""
        with self._connection as database:
            for name in names:
                database.execute(
                    "UPDATE executions SET state = 'removed' WHERE id IN "
                    "(SELECT execution FROM artifacts WHERE name = ?)",
                    [name],
                )
                database.execute("DELETE FROM inputs WHERE artifact = ?", [name])
                database.execute("DELETE FROM artifacts WHERE name = ?", [name])
