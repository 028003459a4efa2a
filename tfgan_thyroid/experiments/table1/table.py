"""Table I: every generator of the paper, trained with several seeds and measured alike."""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_thyroid.config import Config
from tfgan_thyroid.data.records.input_pipeline import load_images
from tfgan_thyroid.data.records.schema import DatasetInfo
from tfgan_thyroid.evaluation.generated_images import run_images
from tfgan_thyroid.experiments.generator_training import train_by_command, training_seconds
from tfgan_thyroid.experiments.plan import Cell, config_key
from tfgan_thyroid.experiments.table1.rows import METRICS, Table1Row
from tfgan_thyroid.metrics.estimate import Estimate
from tfgan_thyroid.metrics.suite import evaluate_metrics
from tfgan_thyroid.runs.run_directory import RunDirectory
from tfgan_thyroid.training.new_run import RESUMABLE, new_record

SPLIT = "train"  # as in the paper, generators are compared with the scans that they were trained on
WEIGHTS = ("raw", "average")
REAL_IMAGES = 10_000
NAMED = {"model", "iterations", "batch_size", "width", "image_size"}  # in every result, whatever the defaults are
AVERAGE = {"ema_decay": 0.999}  # beside every training, which it does not change


@dataclasses.dataclass(frozen=True)
class Table1Protocol:
    """How Table I is made."""

    data: Path  # dataset directory
    preset: str  # where every row's configuration starts from
    overrides: dict[str, Any]  # fields of `Config` that differ from it, in every row
    seeds: int  # trainings of each row
    samples: int  # images of each kind in a draw
    draws: int  # number of draws


def table1_cells(protocol: Table1Protocol, rows: Sequence[Table1Row], output: Path) -> list[Cell]:
    """One cell for each training: rows that judge other weights of the same training share it.

    Raises:
        UserError: the data set is not there, or a configuration is not valid.
    """
    digest = DatasetInfo.load(protocol.data).digest
    trainings = {row.training: row for row in rows}
    return [_cell(protocol, row, seed, digest, output) for seed in range(protocol.seeds) for row in trainings.values()]


def _cell(protocol: Table1Protocol, row: Table1Row, seed: int, digest: str, output: Path) -> Cell:
    overrides = {**AVERAGE, **protocol.overrides, **row.overrides, "seed": seed}
    config = new_record(protocol.data, SPLIT, protocol.preset, overrides).config
    key = {
        "config": config_key(config, NAMED, {*RESUMABLE, "preset"}),
        "dataset_digest": digest,
        "samples": protocol.samples,
        "draws": protocol.draws,
    }
    name = cell_name(row, seed)
    compute = functools.partial(_train_and_measure, protocol, config, output / "runs" / name)
    return Cell(name, key, config.iterations * row.cost, compute)


def cell_name(row: Table1Row, seed: int) -> str:
    """The name of a row's training with a seed."""
    return f"{row.training}-seed{seed}"


def _train_and_measure(protocol: Table1Protocol, config: Config, outdir: Path) -> dict[str, Any]:
    """Trains by the command that a user would type, or goes on with a training that was stopped; then measures."""
    run = train_by_command(protocol.data, SPLIT, protocol.preset, config, outdir)
    record = run.read()
    real = load_images(protocol.data, SPLIT, REAL_IMAGES)
    measured = {weights: _measure(protocol, run, weights, real) for weights in WEIGHTS}
    seconds = training_seconds(run, config.batch_size)
    return {"seconds": seconds, "stack": record.stack, "package_version": record.package_version, **measured}


def _measure(protocol: Table1Protocol, run: RunDirectory, weights: str, real: np.ndarray) -> dict[str, dict[str, Any]]:
    generated = run_images(run, "latest", weights, protocol.samples * protocol.draws)
    estimates = evaluate_metrics(METRICS, real, generated, samples=protocol.samples, draws=protocol.draws, seed=0)
    return {name: estimate._asdict() for name, estimate in estimates.items()}


def estimates_of(result: dict[str, Any], row: Table1Row) -> dict[str, Estimate]:
    """The estimates of the weights that a row judges, by metric name."""
    return {name: Estimate(**fields) for name, fields in result[row.weights].items()}
