"""The cells of the sharing experiment: generators and U-Nets of the houses, then every arm with every draw."""

import dataclasses
import functools
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tfgan_thyroid.config import Config
from tfgan_thyroid.data.records.schema import DatasetInfo
from tfgan_thyroid.experiments.generator_training import QUIET, train_by_command, training_seconds
from tfgan_thyroid.experiments.plan import Cell, config_key
from tfgan_thyroid.experiments.sharing import work
from tfgan_thyroid.experiments.sharing.arms import ARMS
from tfgan_thyroid.experiments.sharing.case import TEACHERS, Case
from tfgan_thyroid.experiments.sharing.houses import House
from tfgan_thyroid.experiments.worker import Worker
from tfgan_thyroid.presets import preset
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.training.new_run import RESUMABLE, new_record

UNET = {"batch_size": 8, "loss": "both", "augmentation": "conventional"}
CURVE_STEPS = (200, 400, 800)
CURVE_LABELS = 4
FLAT = 0.005
"""A U-Net is done where more steps gain no more Dice than this."""


@dataclasses.dataclass(frozen=True)
class SharingProtocol:
    """How the experiment is made."""

    senders: tuple[House, ...]  # data sets of the senders
    recipient: House  # data set of the recipient
    preset: str  # of every generator
    gan: dict[str, Any]  # fields of `Config` that differ from it
    unet_width: int  # channels of every U-Net at full size
    steps: int  # of every U-Net; 0 takes them from the curves
    generated: int  # images of each generator
    labels: tuple[int, ...]  # own labels
    draws: int  # of the smallest number of labels
    other_draws: int  # of the others, without labels among them
    arms: tuple[str, ...]  # names

    def places(self) -> Iterator[tuple[str, int, int]]:
        """Arm, own labels and draw of every score; labels are 0 where an arm needs none."""
        for draw in range(max(self.draws, self.other_draws)):
            for labels in (*self.labels, 0):
                if draw < (self.draws if labels == min(self.labels) else self.other_draws):
                    for name in self.arms:
                        alone = ARMS[name].alone
                        if alone == "also" or (alone == "only") == (labels == 0):
                            yield name, labels, draw


class SharingPlan:
    """The cells, in an order in which each finds what it needs."""

    def __init__(self, protocol: SharingProtocol, output: Path, worker: Worker) -> None:
        self.protocol, self.output, self.worker = protocol, output, worker

    def curve_cells(self) -> list[Cell]:
        """U-Nets of few and of many scans after more and more steps, on patients that are used nowhere else."""
        return [
            Cell(
                f"curve-{kind}-{steps}",
                self._key(kind=kind, steps=steps, sender=self.protocol.senders[0].key),
                steps,
                functools.partial(self._curve, kind, steps),
            )
            for kind in ("few", "all", "sender")
            for steps in CURVE_STEPS
        ]

    def cells(self, steps: int) -> list[Cell]:
        """All but the curves."""
        p, cells = self.protocol, []
        names = set(p.arms)
        for number, sender in enumerate(p.senders):
            if names & {"S", "M", "M-tuned", "M-labels"}:
                unets = functools.partial(self._sender_unets, number, steps)
                key = self._key(sender=sender.key, steps=steps)
                cells.append(Cell(f"unets-sender{number}", key, TEACHERS * steps, unets))
            cells += [self._generator(f"images-{number}", sender, False)] if "S" in names else []
            cells += [self._generator(f"pairs-{number}", sender, True)] if "S-pairs" in names else []
        cells += [self._generator("images-own", p.recipient, False)] if "C" in names else []
        return cells + [cell for place in p.places() for cell in self._arm_cells(*place, steps)]

    def config(self) -> SegmentationConfig:
        """Of every U-Net."""
        return SegmentationConfig().replace(**UNET, width=self.protocol.unet_width, image_size=self.image_size)

    @property
    def image_size(self) -> int:
        """Pixels."""
        recipient = self.protocol.recipient
        return recipient.recipe["image_size"] if recipient.recipe else DatasetInfo.load(recipient.path).image_size

    def _arm_cells(self, name: str, labels: int, draw: int, steps: int) -> list[Cell]:
        senders = range(len(self.protocol.senders)) if ARMS[name].sent else range(1)
        trained = {"A": TEACHERS, "M": 0, "mean-teacher": 2}.get(name, 1)
        cells = []
        for sender in senders:
            key = self._key(arm=name, labels=labels, draw=draw, steps=steps, generated=self.protocol.generated)
            if ARMS[name].sent:
                key["sender"] = self.protocol.senders[sender].key
            if name in ("S", "S-pairs", "C"):
                key["gan"] = self._gan_key()
            compute = functools.partial(self._score, name, labels, draw, sender, steps)
            cells.append(Cell(score_name(name, labels, draw, sender), key, trained * steps + 20, compute))
        return cells

    def _key(self, **parts: Any) -> dict[str, Any]:
        unet = config_key(self.config(), {"image_size", "width", "batch_size"}, {"checkpoint_every", "overlay_every"})
        return {"recipient": self.protocol.recipient.key, "unet": unet, **parts}

    def _gan_key(self) -> dict[str, Any]:
        return {"preset": self.protocol.preset, **self.protocol.gan, "generated": self.protocol.generated}

    @property
    def _iterations(self) -> int:
        return self.protocol.gan.get("iterations", preset(self.protocol.preset).iterations)

    def gan_config(self, data: Path, paired: bool, seed: int) -> Config:
        """Of a generator."""
        overrides = {**QUIET, **self.protocol.gan, "seed": seed, "paired": paired}
        return new_record(data, "train", self.protocol.preset, overrides).config

    def _generator(self, name: str, house: House, paired: bool) -> Cell:
        key = {"house": house.key, "paired": paired, **self._gan_key()}
        # An iteration costs about as much as three steps of a U-Net of width 8.
        return Cell(name, key, 3.0 * self._iterations, functools.partial(self._train, name, house, paired))

    def _train(self, name: str, house: House, paired: bool) -> dict[str, Any]:
        data = house.make()
        config = self.gan_config(data, paired, seed=0)
        run = train_by_command(data, "train", self.protocol.preset, config, self.output / "runs" / name)
        self.worker.call(work.generate, run.path, self.output / "sent" / f"{name}.npz", self.protocol.generated)
        kept = config_key(
            config, {"model", "width", "batch_size", "iterations"}, {*RESUMABLE, "preset"} - {"iterations"}
        )
        return {"seconds": training_seconds(run, config.batch_size), "config": kept}

    def _sender_unets(self, number: int, steps: int) -> dict[str, Any]:
        data, test = self.protocol.senders[number].make(), self.protocol.recipient.make()
        return self._timed(work.sender_unets, data, self.output, number, self.config(), steps, test)

    def _case(self, labels: int, draw: int, sender: int) -> Case:
        recipient = self.protocol.recipient.make()
        return Case(self.output, recipient, sender, labels, draw, self.config(), self.protocol.generated)

    def _score(self, name: str, labels: int, draw: int, sender: int, steps: int) -> dict[str, Any]:
        return self._timed(work.arm_score, name, self._case(labels, draw, sender), steps)

    def _curve(self, kind: str, steps: int) -> dict[str, Any]:
        data = self.protocol.senders[0].make()
        return self._timed(work.curve_score, kind, data, self._case(CURVE_LABELS, 0, 0), steps)

    def _timed(self, function: Any, *arguments: Any) -> dict[str, Any]:
        started = time.perf_counter()
        result = self.worker.call(function, *arguments)
        return {**result, "seconds": time.perf_counter() - started}


def score_name(arm: str, labels: int, draw: int, sender: int) -> str:
    """Of a cell, and of its result's file."""
    own = f"-{labels}labels" if labels else ""
    return f"{arm}{own}-draw{draw}" + (f"-sender{sender}" if ARMS[arm].sent else "")


def steps_of_curves(results: Mapping[str, Any]) -> int:
    """The fewest steps after which no curve gains more than `FLAT`."""
    curves = [[results[f"curve-{kind}-{steps}"]["dice"] for steps in CURVE_STEPS] for kind in ("few", "all", "sender")]
    for place, steps in enumerate(CURVE_STEPS):
        if all(max(curve) - curve[place] <= FLAT for curve in curves):
            return steps
    return CURVE_STEPS[-1]
