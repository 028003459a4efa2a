"""Trains a generative model: `python -m tfgan_thyroid.train --data DATASET`."""

import argparse
import json
import logging
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfgan_thyroid import command
from tfgan_thyroid.config import CHOICES
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.presets import PRESETS
from tfgan_thyroid.runs.run_directory import RunDirectory, RunRecord, read_lines

if TYPE_CHECKING:
    from tfgan_thyroid.training.distribution import Distribution

LOG = logging.getLogger("tfgan_thyroid.train")
SHARE_OF_VERDICT = 0.1  # of the training time
FIELDS = ("model", "paired", "iterations", "batch_size", "width", "precision", "seed")


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "tfgan_thyroid.train",
        "Train a generative model on a data set of python -m pipeline.preprocess. Without --data: simulate phantom "
        "scans, preprocess them, train the demo preset and export its generator, in five to ten minutes on two cores.",
        "python -m tfgan_thyroid.train --data DATASET --preset cpu --iterations 3000",
    )
    count: dict[str, Any] = {"type": command.positive_int, "metavar": "N"}
    add = parser.add_argument_group("data").add_argument
    add("--data", type=Path, metavar="DATASET", help="dataset directory (default: the demo's phantoms)")
    add("--split", choices=("train", "eval", "test"), help="split to train on (default: train)")
    add("--scans", type=Path, metavar="FILE", help="train on these scans of the split: a text file of source ids")
    add("--demo-scans", **count, default=240, help="phantom scans of the demo")
    add = parser.add_argument_group("run").add_argument
    add("--outdir", type=Path, default=Path("runs"), help="where run directories are numbered")
    add("--resume", metavar="latest|RUN", help="go on with a stopped run, exactly as if it had not stopped")
    add("--init-from", type=Path, metavar="RUN|latest", help="start from the networks of another run")
    exported = "export the trained generator there (default: the demo only, saved_models/demo)"
    add("--export-to", type=Path, metavar="DIR", help=exported)
    add(
        "--strategy",
        default="none",
        choices=("none", "mirrored", "multiworker"),
        help="share each batch among the GPUs of this machine (mirrored) or the workers of TF_CONFIG (multiworker); "
        "the same losses as with none",
    )
    devices = "devices of mirrored (default: every GPU); without GPUs, virtual CPU devices to try it on"
    add("--replicas", **count, help=devices)
    add("--dry-run", action="store_true", help="print configuration, parameters and cost; train nothing")
    add("--json", action="store_true", help="print the result as one JSON document on standard output")
    add = parser.add_argument_group("configuration (defaults: the preset's)").add_argument
    add("--preset", metavar="NAME", help=f"{', '.join(PRESETS)} (default: paper with --data, else demo)")
    add("--model", metavar="NAME", help=", ".join(CHOICES["model"]))
    add("--iterations", **count, help="training iterations (paper: 100000)")
    add("--batch-size", **count, help="images in an update (paper: 32)")
    add("--width", **count, help="channels at half the image size (paper: 32)")
    add("--paired", action="store_true", default=None, help="generate image and mask together (labelled data)")
    add("--precision", metavar="NAME", help=" or ".join(CHOICES["precision"]))
    add("--seed", type=command.seed, metavar="N", help="of initial values and random draws (preset: 0)")
    other = "any other field, as --set ema_decay=0.999"
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help=other)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Parses, resolves the run, trains it, and says what to do next."""
    args = _parser().parse_args(argv)
    command.start_log()
    from tfgan_thyroid.training import new_run

    overrides = {name: getattr(args, name) for name in FIELDS if getattr(args, name) is not None}
    overrides.update(new_run.parse_assignment(text) for text in args.set)
    if args.resume is not None:
        if args.init_from is not None:
            raise UserError("--resume continues a run, --init-from starts one: give one of them")
        if args.scans is not None:
            raise UserError("a resumed run keeps its scans: drop --scans or start a new run")
        run = RunDirectory.latest(args.outdir) if args.resume == "latest" else RunDirectory.open(Path(args.resume))
        record = new_run.resumed_record(run.read(), args.data, args.split, args.preset, overrides)
    else:
        run = None
        record = _new_record(args, overrides)
    from tfgan_thyroid.training import distribution, runtime

    runtime.prepare()
    if args.data and run is None:
        from tfgan_thyroid.data.records.concerns import find_concerns

        for concern in find_concerns(args.data):
            LOG.info("%s", concern)
    if args.dry_run:
        replicas = distribution.count_replicas(args.strategy, record.config.batch_size, args.replicas)
        return _print_estimate(record, replicas, args.json)
    from tfgan_thyroid.runs import checkpoints

    init_from = checkpoints.find(RunDirectory.open(args.init_from), "latest") if args.init_from else None
    distributed = distribution.start(args.strategy, record.config.batch_size, args.replicas)
    if not distributed.is_chief:
        from tfgan_thyroid.training.fit import take_part

        model = take_part(run, record, init_from, distributed)
        LOG.info("took part until iteration %d of %d", int(model.iteration.numpy()), record.config.iterations)
        return 0
    if run is None:
        run = RunDirectory.create(args.outdir, record)
    else:
        run.write(record)
    return _train(run, record, init_from, args, distributed)


def _new_record(args: argparse.Namespace, overrides: dict[str, object]) -> RunRecord:
    from tfgan_thyroid.data.records.used_scans import read_scan_ids
    from tfgan_thyroid.presets import preset
    from tfgan_thyroid.training import demo, new_run

    name = args.preset or ("paper" if args.data else "demo")
    data = args.data
    if args.scans is not None and data is None:
        raise UserError("--scans names scans of a data set: give --data too")
    if data is None:
        if args.strategy == "multiworker":
            raise UserError("--strategy multiworker needs --data: a data set that every worker can read")
        config = preset(name).replace(**overrides)
        config = config.replace(channels=1 + config.paired)
        if args.dry_run:
            return RunRecord(config, "", "train", "", {}, "")
        scans = args.outdir / "demo-data", args.demo_scans
        data = demo.demo_dataset(*scans, config.image_size, config.seed, config.paired)
    scan_ids = read_scan_ids(args.scans) if args.scans else None
    return new_run.new_record(data, args.split or "train", name, overrides, scan_ids)


def _print_estimate(record: RunRecord, replicas: int, as_json: bool) -> int:
    from tfgan_thyroid.training.cost import estimate_cost

    LOG.info(record.config.to_json())
    cost = estimate_cost(record.config)
    if as_json:
        document = {"config": json.loads(record.config.to_json()), "replicas": replicas, "estimate": cost._asdict()}
        print(json.dumps(document))
        return 0
    for name, count in cost.parameters.items():
        print(f"{name:20} {count:>12,} parameters")
    print(f"{'all':20} {sum(cost.parameters.values()):>12,} parameters")
    print(
        f"about {cost.seconds_per_iteration:.2f} s an iteration, {cost.hours:.1f} h in all, {cost.memory_gib:.1f} GiB"
    )
    if replicas > 1:
        print(f"in one process; {replicas} replicas would share each batch of {record.config.batch_size}")
    print(f"(from iterations of batch {cost.trial_batch_size} on this machine; nothing was written)")
    return 0


def _train(
    run: RunDirectory, record: RunRecord, init_from: Path | None, args: argparse.Namespace, distributed: "Distribution"
) -> int:
    from tfgan_thyroid.training.fit import fit

    command.start_log(run.log_file)
    LOG.info("%s\nrun directory %s", record.config.to_json(), run.path)
    start = time.monotonic()
    model = fit(run, init_from, distributed)
    iteration = int(model.iteration.numpy())
    verdict = _verdict(run, time.monotonic() - start) if iteration == record.config.iterations else None
    exported = None
    export_to = args.export_to or (None if args.data or args.resume else Path("saved_models/demo"))
    if export_to is not None and iteration == record.config.iterations:
        from tfgan_thyroid.serving.export.saved_model import export_generator

        exported = export_generator(run, export_to)
        LOG.info("exported %s", exported)
    LOG.info("report: %s", _write_report(run))
    _say_what_next(run, record, iteration, export_to)
    if args.json:
        stats, metrics = read_lines(run.stats_file), read_lines(run.metrics_file)
        result = {"run": str(run.path), "iteration": iteration, "verdict": verdict}
        result["saved_model"] = exported and str(exported)
        print(json.dumps({**result, "stats": stats[-1], "metrics": metrics[-1] if metrics else None}))
    return 0


def _verdict(run: RunDirectory, trained_seconds: float) -> list[str]:
    from tfgan_thyroid.evaluation.run_verdict import judge_run

    lines = judge_run(run, SHARE_OF_VERDICT * trained_seconds).lines
    LOG.info("\n%s", "\n".join(lines))
    return lines


def _write_report(run: RunDirectory) -> Path:
    """The run at a glance, on one page."""
    from tfgan_thyroid.evaluation.overview.page import write_page
    from tfgan_thyroid.evaluation.overview.run_facts import read_facts

    report = run.path / "report.html"
    write_page([read_facts(run.path)], report, f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    return report


def _say_what_next(run: RunDirectory, record: RunRecord, iteration: int, export_to: Path | None) -> None:
    """The newest picture, and the commands for it."""
    line, path = command.line, run.path
    watch = line("tensorboard.main", "--logdir", path.parent, "--samples_per_plugin", "images=500")
    if iteration < record.config.iterations:
        command.say_next(run.curves, line("tfgan_thyroid.train", "--resume", path), watch)
        return
    steps = [line("tfgan_thyroid.evaluate", "--real", record.data, "--generated", path, "--audit")]
    steps.append(line("tfgan_thyroid.generate", "--run", path, "--output", "generated", "--count", 64))
    if export_to is None:
        steps.append(line("tfgan_thyroid.export", "--run", path, "--output", f"saved_models/{path.name[6:]}"))
    else:
        steps.append(line("tfgan_thyroid.serve", export_to))
        steps.append(line("pipeline.preprocess", "--input", "SCANS", "--output", "DATASET", "--image-size", 64))
    command.say_next(path / f"fakes{iteration:06d}.png", *steps, watch)


if __name__ == "__main__":
    command.run(main)
