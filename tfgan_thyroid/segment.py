"""Trains and scores a U-Net: `python -m tfgan_thyroid.segment --data DATASET`."""

import argparse
import dataclasses
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfgan_thyroid import atomic, command
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.run_directory import RunDirectory
from tfgan_thyroid.segmentation.config import CHOICES, PRESETS, SegmentationConfig
from tfgan_thyroid.segmentation.record import SegmentationRecord, open_run, read_record

if TYPE_CHECKING:
    from tfgan_thyroid.experiments.baseline import Gain
    from tfgan_thyroid.segmentation.new_run import SegmentationData
    from tfgan_thyroid.segmentation.scores import SegmentationScores

LOG = logging.getLogger("tfgan_thyroid.segment")
FLAGS = {
    "epochs": "epochs",
    "batch_size": "batch_size",
    "width": "width",
    "loss": "loss",
    "augment": "augmentation",
    "limit": "labelled_limit",
    "synthetic_count": "synthetic_limit",
    "synthetic_weight": "synthetic_weight",
    "synthetic_share": "synthetic_share",
    "soft": "soft",
    "precision": "precision",
    "seed": "seed",
}
"""Flags by the fields of `SegmentationConfig` that they set."""


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "tfgan_thyroid.segment",
        "Train a U-Net on the train split of a data set with masks, with or without generated pairs, and score it on "
        "the test split: scores.csv, summary.json and overlays.png in the run directory.",
        "python -m tfgan_thyroid.segment --data DATASET --synthetic generated",
    )
    add = parser.add_argument_group("data").add_argument
    add("--data", type=Path, metavar="DATASET", help="dataset directory of pipeline.preprocess --masks (required)")
    add(
        "--synthetic",
        type=Path,
        metavar="DATASET|DIR",
        help="generated pairs to learn from as well: a data set with masks, or DIR/images/*.png with DIR/masks/*.png",
    )
    count, defaults = command.positive_int, SegmentationConfig()
    add("--synthetic-count", type=count, metavar="N", help="use the first N generated pairs (default: all)")
    add("--synthetic-weight", type=float, metavar="W", help="of a generated pair in the loss (1.0)")
    add(
        "--synthetic-share",
        type=float,
        metavar="S",
        help="of each batch that is generated pairs, as 0.5 (default: as many as there are)",
    )
    add(
        "--soft",
        action="store_true",
        default=None,
        help="learn from DIR/soft_masks, the probabilities that tfgan_thyroid.label wrote, not from DIR/masks",
    )
    add("--limit", type=count, metavar="N", help="use N labelled train scans, drawn by the seed (default: all)")
    add = parser.add_argument_group("run").add_argument
    add("--outdir", type=Path, default=Path("runs"), help="where run directories are numbered")
    add("--resume", metavar="latest|RUN", help="go on with a stopped run, exactly as if it had not stopped")
    add("--export-to", type=Path, metavar="DIR", help="export the trained U-Net there, as saved_models/NAME")
    add("--no-baseline", action="store_true", help="with --synthetic: do not train on the real scans alone as well")
    add("--dry-run", action="store_true", help="print configuration, parameters and cost; train nothing")
    add("--json", action="store_true", help="print the result as one JSON document on standard output")
    add = parser.add_argument_group("configuration (defaults: the preset's; the paper's in brackets)").add_argument
    add("--preset", choices=tuple(PRESETS), help="cpu, in minutes on two cores (default), or the paper's setting")
    add("--epochs", type=count, metavar="N", help=f"passes over the examples ({defaults.epochs})")
    add("--batch-size", type=count, metavar="N", help=f"images in a step ({defaults.batch_size})")
    add("--width", type=count, metavar="N", help=f"channels at full size ({defaults.width})")
    add("--loss", choices=CHOICES["loss"], help="cross-entropy, Dice or their sum (bce)")
    add("--augment", choices=CHOICES["augmentation"], help="conventional augmentation (none)")
    add("--precision", choices=CHOICES["precision"], help="of the convolutions (float32)")
    add("--seed", type=command.seed, metavar="N", help="of initial values and random draws (0)")
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="any other field, as --set early_stopping=10")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Parses, resolves the run, trains and scores it."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.data is None and args.resume is None:
        parser.error("give --data DATASET, or --resume RUN")
    command.start_log()
    overrides: dict[str, object] = {
        field: getattr(args, flag) for flag, field in FLAGS.items() if getattr(args, flag) is not None
    }
    overrides.update(SegmentationConfig.parse_assignment(text) for text in args.set)
    if args.resume is not None and args.preset is not None:
        raise UserError("a resumed run keeps its configuration: drop --preset or start a new run")
    if args.resume is None:
        overrides = {**PRESETS[args.preset or "cpu"], **overrides}
    resumed = open_run(args.outdir, args.resume) if args.resume is not None else None
    from tfgan_thyroid.segmentation import new_run
    from tfgan_thyroid.training import runtime

    runtime.prepare()
    if resumed is None:
        record, data = new_run.new_record(args.data, args.synthetic, overrides)
    else:
        stored = read_record(resumed)
        record, data = new_run.resumed_record(stored, args.data, args.synthetic, overrides)
    if args.dry_run:
        return _print_estimate(record, data, args.json)
    if resumed is None:
        run = RunDirectory.create(args.outdir, record)
    else:
        run = resumed
        run.write(record)
    return _train(run, record, data, args)


def _print_estimate(record: SegmentationRecord, data: "SegmentationData", as_json: bool) -> int:
    from tfgan_thyroid.segmentation.cost import estimate_unet_cost

    LOG.info(record.config.to_json())
    cost = estimate_unet_cost(record.config, data.epoch_steps(record.config))
    counts = {"labelled": len(data.labelled), "generated": record.synthetic_count, "test": len(data.test)}
    if as_json:
        fields = {"config": dataclasses.asdict(record.config), "examples": counts, "estimate": cost._asdict()}
        print(json.dumps(fields))
        return 0
    print(f"{cost.parameters:,} parameters")
    print(", ".join(f"{count} {name}" for name, count in counts.items()) + " scans")
    print(
        f"{cost.steps_per_epoch} steps an epoch, about {cost.seconds_per_epoch:.1f} s an epoch, {cost.minutes:.1f} min "
        f"in all, {cost.memory_gib:.1f} GiB (nothing was written)"
    )
    return 0


def _train(run: RunDirectory, record: SegmentationRecord, data: "SegmentationData", args: argparse.Namespace) -> int:
    from tfgan_thyroid.segmentation.fit import fit_unet, is_finished
    from tfgan_thyroid.segmentation.report import summary, write_report
    from tfgan_thyroid.segmentation.scores import score

    command.start_log(run.log_file)
    LOG.info("%s\nrun directory %s", record.config.to_json(), run.path)
    LOG.info(
        "%d labelled scans and %d generated pairs: %d steps an epoch",
        len(data.labelled),
        record.synthetic_count,
        data.epoch_steps(record.config),
    )
    model = fit_unet(run, data)
    if not is_finished(run, model):
        command.say_next(None, command.line("tfgan_thyroid.segment", "--resume", run.path))
        if args.json:
            print(json.dumps({"run": str(run.path), "epoch": model.epoch, "finished": False}))
        return 0
    predicted = model.predict_masks(data.test.images)
    scores = score(data.test, predicted)
    write_report(run.path, data.test, predicted, scores)
    exported = None
    if args.export_to is not None:
        from tfgan_thyroid.segmentation.export import export_unet

        exported = str(export_unet(run, model, args.export_to))
        LOG.info("exported %s", exported)
    result = summary(scores)
    del result["metric_per_case"], result["definitions"]
    gain = _gain(record, data, scores, args.no_baseline)
    if gain is not None:
        atomic.write_json(run.path / "baseline.json", gain.to_dict(), 2)
        result |= {"gain": gain.to_dict()}
    if args.json:
        print(
            json.dumps(
                {"run": str(run.path), "epoch": model.epoch, "finished": True, "saved_model": exported, **result}
            )
        )
    _say(run, result)
    if gain is not None:
        LOG.info("%s", gain.verdict())
    command.say_next(run.path / "overlays.png")
    return 0


def _gain(
    record: SegmentationRecord, data: "SegmentationData", scores: "SegmentationScores", left_out: bool
) -> "Gain | None":
    """What the generated pairs changed, from a training without them; None where there are none, or it is left out."""
    if data.synthetic is None or left_out:
        return None
    if record.config.early_stopping:
        LOG.info("no baseline: early stopping ends each training at another step")
        return None
    from tfgan_thyroid.experiments.baseline import measure_gain

    return measure_gain(record.config, data.labelled, data.epoch_steps(record.config), data.test, scores)


def _say(run: RunDirectory, result: dict) -> None:
    LOG.info("%d test images of %d groups", result["images"], len(result["groups"]))
    for kind in ("image_mean", "pooled", "class_mean"):
        values = result[kind].items()
        LOG.info("%-11s %s", kind, "  ".join(f"{name} {'-' if v is None else f'{v:.4f}'}" for name, v in values))
    LOG.info("wrote scores.csv, summary.json and overlays.png in %s", run.path)


if __name__ == "__main__":
    command.run(main)
