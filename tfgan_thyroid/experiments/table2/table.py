"""Table II: a U-Net's scores with and without generated pairs, by few and by many labelled scans."""

import dataclasses
import functools
import hashlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfgan_thyroid import atomic
from tfgan_thyroid.config import Config
from tfgan_thyroid.data.records.labelled_subsets import nested_subset
from tfgan_thyroid.data.records.schema import DatasetInfo
from tfgan_thyroid.data.records.used_scans import UsedScan, read_used_scans, refuse_seen, used_scans
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.experiments.generator_training import QUIET, train_by_command, training_seconds
from tfgan_thyroid.experiments.plan import Cell, choose, config_key
from tfgan_thyroid.experiments.table2 import work as table2_work
from tfgan_thyroid.experiments.table2.rows import FULL_GENERATED, Table2Row, table2_rows
from tfgan_thyroid.experiments.worker import Worker
from tfgan_thyroid.runs.run_directory import RunDirectory, current_stack
from tfgan_thyroid.segmentation.config import SegmentationConfig, steps_per_epoch
from tfgan_thyroid.training.new_run import RESUMABLE, new_record

LOG = logging.getLogger(__name__)

PRESET = "paper-tuned"
# Pairs in a few minutes of one core at 128 pixels: what the flags of `reproduce table2` change.
GAN = {"paired": True, "width": 8, "batch_size": 8, "iterations": 800, "latent_scale": 1.0}
UNET = {"width": 8, "batch_size": 8, "loss": "both"}
GAN_NAMED = {"model", "paired", "iterations", "batch_size", "width", "image_size", "channels"}
UNET_NAMED = {"image_size", "width", "batch_size", "epochs", "decay_every", "loss", "augmentation"}


@dataclasses.dataclass(frozen=True)
class Table2Protocol:
    """How Table II is made."""

    data: Path  # dataset directory with masks
    gan: dict[str, Any]  # fields of `Config` that differ from the preset `paper-tuned`, in every generator
    unet: dict[str, Any]  # fields of `SegmentationConfig` that differ from the paper's setting, in every row
    # Updates of every U-Net, whatever it learns from, so that more examples do not mean longer training; 0 takes
    # `epochs` of `unet`, as the paper does.
    steps: int
    sizes: tuple[int, ...]  # labelled scans of the low-data rows
    generated: tuple[int, ...]  # pairs of the low-data rows; empty takes as many as there are labelled scans
    seeds: int  # trainings of a row with all labelled scans
    low_data_seeds: int  # trainings of a row with few

    def seeds_of(self, row: Table2Row) -> int:
        """Trainings of a row."""
        return self.low_data_seeds if row.real else self.seeds


class Table2Plan:
    """The cells of Table II.

    Attributes:
        all_real: labelled scans of the train split.
        rows: of the table, those that the data can fill.
        left_out: why other rows are not there, a sentence each.

    Raises:
        UserError: no data set, no masks, an empty split, or a train and a test split that share a group or a scan.
    """

    def __init__(self, protocol: Table2Protocol, output: Path, worker: Worker | None = None) -> None:
        self.protocol, self.output, self.worker = protocol, output, worker
        info = DatasetInfo.load(protocol.data)
        if not info.masks:
            raise UserError(f"{protocol.data} has no masks: give --masks to python -m pipeline.preprocess")
        self._digest, self._image_size = info.digest, info.image_size
        self._train, self._test = (used_scans(protocol.data, split) for split in ("train", "test"))
        refuse_seen(self._train, self._test, "the train split")
        self.all_real = len(self._train)
        # Of every generator alike, so that other rows find them; a row takes the first ones.
        self._pairs_count = max(*FULL_GENERATED, *protocol.generated, *protocol.sizes)
        rows = table2_rows(protocol.sizes, protocol.generated)
        self.rows = [row for row in rows if row.real < self.all_real]
        sizes = sorted({row.real for row in rows} - {row.real for row in self.rows})
        self.left_out = [
            f"rows with {size} real scans are left out: the train split has {self.all_real}" for size in sizes
        ]

    def choose(self, names: str) -> None:
        """Keeps the rows of the given names, and the real-only rows that they are compared with.

        Raises:
            UserError: an unknown name.
        """
        chosen = choose(names, {row.name: row for row in self.rows}, "row")
        wanted = {row for one in chosen for row in (one, one.baseline)}
        self.rows = [row for row in self.rows if row in wanted]

    def cells(self) -> list[Cell]:
        """Seed by seed, few scans first; a generator comes before the rows that learn from it."""
        most = max((self.protocol.seeds_of(row) for row in self.rows), default=0)
        cells: dict[str, Cell] = {}
        for seed in range(most):
            for row in self.rows:
                if seed < self.protocol.seeds_of(row):
                    if row.generated:
                        gan = self._gan_cell(row, seed)
                        cells.setdefault(gan.name, gan)
                    unet = self._unet_cell(row, seed)
                    cells[unet.name] = unet
        return list(cells.values())

    def facts(self) -> dict[str, Any]:
        """How the table is made, for its heading."""
        gan, unet, steps = self._gan_config(0), self.unet_config(Table2Row(0), 0), self.protocol.steps
        return {
            "image size": self._image_size,
            "labelled scans": f"{self.all_real} of {len({scan.group_id for scan in self._train})} groups",
            "test scans": f"{len(self._test)} of {len({scan.group_id for scan in self._test})} groups",
            "generators": f"{gan.model}, recipe {PRESET}, width {gan.width}, {gan.iterations} iterations of "
            f"{gan.batch_size} pairs, data augmentation {gan.data_augmentation}",
            "U-Nets": f"width {unet.width}, {f'{steps} steps' if steps else f'{unet.epochs} epochs'} of "
            f"{unet.batch_size} images, loss {unet.loss}",
        }

    def unet_config(self, row: Table2Row, seed: int) -> SegmentationConfig:
        """The U-Net of a row: as many updates as every other, to half an epoch, its staircase in thirds of them."""
        config = SegmentationConfig().replace(**{**self.protocol.unet, "image_size": self._image_size})
        if self.protocol.steps:
            steps = steps_per_epoch((row.real or self.all_real) + row.generated, config.batch_size)
            epochs = max(1, round(self.protocol.steps / steps))
            config = config.replace(epochs=epochs, decay_every=-(-epochs // 3))
        return config.replace(augmentation=row.augmentation, seed=seed)

    def _subset(self, row: Table2Row, seed: int) -> list[UsedScan]:
        return nested_subset(self._train, row.real, seed) if row.real else self._train

    def _gan_config(self, seed: int) -> Config:
        overrides = {**GAN, **QUIET, **self.protocol.gan, "seed": seed}
        return new_record(self.protocol.data, "train", PRESET, overrides).config

    def _gan_key(self, row: Table2Row, seed: int) -> dict[str, Any]:
        return {
            "gan": config_key(self._gan_config(seed), GAN_NAMED, {*RESUMABLE, "preset"} - {"iterations"}),
            "dataset_digest": self._digest,
            "scans": _ids_digest(self._subset(row, seed)),
            "pairs": self._pairs_count,
        }

    def _gan_cell(self, row: Table2Row, seed: int) -> Cell:
        config = self._gan_config(seed)
        compute = functools.partial(self._train_gan, row, seed)
        return Cell(gan_name(row, seed), self._gan_key(row, seed), 1.3 * config.iterations * config.batch_size, compute)

    def _unet_cell(self, row: Table2Row, seed: int) -> Cell:
        config = self.unet_config(row, seed)
        key = {
            "unet": config_key(config, UNET_NAMED, {"checkpoint_every", "overlay_every"}),
            "dataset_digest": self._digest,
            "scans": _ids_digest(self._subset(row, seed)),
            "generated": row.generated,
            "generator": self._gan_key(row, seed)["gan"] if row.generated else None,
        }
        steps = config.epochs * steps_per_epoch((row.real or self.all_real) + row.generated, config.batch_size)
        compute = functools.partial(self._train_unet, row, seed)
        return Cell(unet_name(row, seed), key, float(steps * config.batch_size), compute)

    def _train_gan(self, row: Table2Row, seed: int) -> dict[str, Any]:
        """Trains on the labelled subset, writes the pairs, and proves by the run's own record what it has seen."""
        run = self._run(row, seed)
        seen = read_used_scans(run.scans_file)
        subset = self._subset(row, seed)
        if seen != subset:
            raise UserError(f"{run.scans_file} names other scans than the plan: remove {run.path.parent}")
        refuse_seen(seen, self._test, f"the generator in {run.path}")
        pairs = self._pairs(row, seed)
        record = run.read()
        quality = self._call(table2_work.quality, self.protocol.data, [s.source_id for s in subset], pairs)
        return {
            "seconds": training_seconds(run, record.config.batch_size),
            "scans_seen": len(seen),
            "groups_seen": sorted({scan.group_id for scan in seen}),
            "pairs": self._pairs_count,
            "quality": quality,
            "stack": record.stack,
            "package_version": record.package_version,
        }

    def _train_unet(self, row: Table2Row, seed: int) -> dict[str, Any]:
        pairs = self._pairs(row, seed) if row.generated else None
        ids = [scan.source_id for scan in self._subset(row, seed)]
        config = self.unet_config(row, seed).replace(synthetic_limit=row.generated)
        started = time.perf_counter()
        scores = self._call(table2_work.score, config, self.protocol.data, ids, pairs)
        return {"seconds": time.perf_counter() - started, **scores, "labelled": len(ids), "stack": current_stack()}

    def _run(self, row: Table2Row, seed: int) -> RunDirectory:
        name = gan_name(row, seed)
        scans = self.output / "scans" / f"{name}.txt"
        scans.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_text(scans, "".join(f"{scan.source_id}\n" for scan in self._subset(row, seed)))
        outdir = self.output / "runs" / name
        return train_by_command(self.protocol.data, "train", PRESET, self._gan_config(seed), outdir, scans)

    def _pairs(self, row: Table2Row, seed: int) -> Path:
        """The folder of generated pairs, made again where a kept result has lost it."""
        folder = self.output / "pairs" / gan_name(row, seed)
        if not folder.is_dir():
            run = self._run(row, seed)
            self._call(table2_work.generate, run.path, folder, self._pairs_count)
        return folder

    def _call(self, work: Any, *arguments: Any) -> Any:
        if self.worker is None:
            raise ValueError("this plan was made without a worker: it can be looked at, not computed")
        return self.worker.call(work, *arguments)


def gan_name(row: Table2Row, seed: int) -> str:
    """The name of the generator of a row's labelled scans."""
    return f"gan-{row.subset}-seed{seed}"


def unet_name(row: Table2Row, seed: int) -> str:
    """The name of a row's U-Net with a seed."""
    return f"{row.name}-seed{seed}"


def _ids_digest(scans: Sequence[UsedScan]) -> str:
    return hashlib.sha256("\n".join(sorted(scan.source_id for scan in scans)).encode()).hexdigest()
