"""A generative model trained for a table, by the command that a user would type."""

import dataclasses
import logging
import signal
import subprocess
import sys
from pathlib import Path

from tfgan_thyroid import command
from tfgan_thyroid.config import Config
from tfgan_thyroid.data.records.schema import DatasetInfo
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory, read_lines
from tfgan_thyroid.training.new_run import RESUMABLE, new_record

LOG = logging.getLogger(__name__)

STANDARD_ERROR = 2
QUIET = {"metric_samples": 0, "image_every": 10**6, "checkpoint_every": 500}
"""Fields of a training that is one of many: nothing to look at, and checkpoints to go on from."""


def train_by_command(
    data: Path, split: str, preset: str, config: Config, outdir: Path, scans: Path | None = None
) -> RunDirectory:
    """Trains in a process of its own, or goes on with a stopped training; returns the finished run."""
    started = _latest_run(outdir)
    if started is not None:
        _refuse_another(started, data, config)
        if _is_finished(started, config.iterations):
            return started
        arguments = ["--resume", "latest"]
    else:
        plain = dataclasses.asdict(new_record(data, split, preset, {}).config)
        differing = {name: value for name, value in dataclasses.asdict(config).items() if value != plain[name]}
        arguments = ["--data", str(data), "--split", split, "--preset", preset]
        arguments += ["--scans", str(scans)] if scans else []
        arguments += [f"--set={name}={value}" for name, value in differing.items() if name != "channels"]
    words = ["-m", "tfgan_thyroid.train", *arguments, "--outdir", str(outdir)]
    LOG.info("$ %s %s", command.interpreter(), " ".join(words))
    with subprocess.Popen([sys.executable, *words], stdout=STANDARD_ERROR) as process:
        try:
            code = process.wait()
        except BaseException:
            process.send_signal(signal.SIGTERM)  # it saves a checkpoint and stops
            raise
    run = _latest_run(outdir)
    if code or run is None or not _is_finished(run, config.iterations):
        raise UserError(f"training in {outdir} stopped early (exit code {code}); the same command goes on from there")
    return run


def training_seconds(run: RunDirectory, batch_size: int) -> float:
    """Seconds that a run's logged iterations took, over all its parts."""
    seconds, before = 0.0, 0
    for line in read_lines(run.stats_file):
        seconds += (line["iteration"] - before) * batch_size / line["images_per_second"]
        before = line["iteration"]
    return seconds


def _refuse_another(run: RunDirectory, data: Path, config: Config) -> None:
    """A plan that was stopped before it kept a result leaves a training that a plan with other flags must not take."""
    record = run.read()
    there = {"dataset_digest": record.dataset_digest, **dataclasses.asdict(record.config)}
    here = {"dataset_digest": DatasetInfo.load(data).digest, **dataclasses.asdict(config)}
    for name in sorted(here.keys() - {*RESUMABLE, "preset"} | {"iterations"}):
        if there[name] != here[name]:
            raise UserError(
                f"{run.path} is a training of another plan ({name} is {there[name]!r}, here {here[name]!r}): give "
                "another --output, or remove it"
            )


def _latest_run(outdir: Path) -> RunDirectory | None:
    return RunDirectory.latest(outdir) if outdir.is_dir() and any(outdir.iterdir()) else None


def _is_finished(run: RunDirectory, iterations: int) -> bool:
    kept = checkpoints.list_checkpoints(run)
    return bool(kept) and int(kept[-1].name) == iterations
