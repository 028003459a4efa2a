"""The whole pipeline: `python -m pipeline.run --input SCANS --pipeline-root ROOT --serving-dir saved_models/NAME`."""

import argparse
import importlib.util
import json
import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfgan_thyroid import command
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.presets import PRESETS

if TYPE_CHECKING:
    from pipeline.components.component import Component
    from pipeline.orchestration.orchestrator import PipelineResult

LOG = logging.getLogger("tfgan_thyroid.pipeline")
NOT_BLESSED = 3
FEWEST_TO_TRAIN_ON = 20
FEWEST_TO_COMPARE = 10
DATABASES = {"light": "metadata.sqlite", "tfx": "mlmd.sqlite"}  # by orchestrator, in the root


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "pipeline.run",
        "From a folder of scans to a blessed generator in saved_models: ExampleGen, StatisticsGen, SchemaGen, "
        "ExampleValidator, Trainer, Evaluator, InfraValidator, Pusher. What did not change is not run again; stopped "
        "or killed, the same command goes on. Exit codes: 0 pushed, 3 made and not blessed, 1 failed. Flags that are "
        "not known here go to pipeline.preprocess and to Beam.",
        "python -m pipeline.run --input SCANS --pipeline-root ROOT --serving-dir saved_models/thyroid --preset cpu",
    )
    parser.allow_abbrev = False
    add = parser.add_argument
    add("--input", required=True, metavar="SCANS", help="folder, archive or pattern of the raw scans")
    add("--masks", type=Path, metavar="DIR", help="masks of the scans")
    add("--pipeline-root", type=Path, required=True, metavar="ROOT", help="artifacts, logs, lineage")
    add("--serving-dir", type=Path, required=True, metavar="DIR", help="versions go to DIR/INTEGER")
    add = parser.add_argument_group("data").add_argument
    add("--image-size", type=command.positive_int, metavar="PIXELS", help="(default: the preset's)")
    add("--splits", default="train=0.8,eval=0.1,test=0.1", help="fractions of the groups")
    add("--split-seed", type=command.seed, default=0, metavar="N", help="draws the splits")
    add("--schema", type=Path, metavar="PATH", help="a schema.pbtxt that the data must keep to")
    add = parser.add_argument_group("training").add_argument
    add("--preset", default="cpu", metavar="NAME", help=", ".join(PRESETS))
    add("--iterations", type=command.positive_int, metavar="N", help="(default: the preset's)")
    add("--seed", type=command.seed, metavar="N", help="of training (default: the preset's)")
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="any other field of a run")
    add(
        "--strategy",
        default="none",
        choices=("none", "mirrored"),
        help="share each batch among the GPUs of this machine, with the same losses (mirrored)",
    )
    add("--replicas", type=command.positive_int, metavar="N", help="of mirrored (default: all GPUs)")
    add = parser.add_argument_group("judging").add_argument
    add("--thresholds", type=Path, metavar="FILE", help="TOML; pipeline/components/thresholds.py")
    add("--eval-split", choices=("train", "eval", "test"), default="train", help="scans that the metrics compare with")
    add(
        "--samples",
        type=command.positive_int,
        default=100,
        metavar="N",
        help="images in a draw, at most half of the split's scans",
    )
    add("--draws", type=command.positive_int, default=10, metavar="N", help="draws of each metric")
    add("--keep-versions", type=command.positive_int, default=3, metavar="K", help="versions that stay")
    add = parser.add_argument_group("running").add_argument
    add(
        "--orchestrator",
        choices=tuple(DATABASES),
        default="light",
        help="what runs the components: this package's own, or TFX's LocalDagRunner (extra tfx, Python 3.10)",
    )
    add("--from", dest="start_from", metavar="COMPONENT", help="run from there on again")
    add("--no-cache", action="store_true", help="run everything again")
    add("--dry-run", action="store_true", help="print the plan; run nothing")
    add("--json", action="store_true", help="print the result as one JSON document")
    return parser


def read_flags(argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """The flags of this command, and those that go to `pipeline.preprocess` and to Beam.

    Raises:
        SystemExit: flags that do not go together.
    """
    parser = _parser()
    args, flags = parser.parse_known_args(argv)
    owned = next((flag for flag in flags if flag.split("=")[0] in ("--output", "--overwrite")), None)
    if owned is not None:
        parser.error(f"{owned} is not for pipeline.run: data sets go to --pipeline-root")
    if args.orchestrator == "tfx" and (args.dry_run or args.start_from):
        parser.error("--dry-run and --from are not for --orchestrator tfx")
    return args, flags


def main(argv: Sequence[str] | None = None) -> int:
    """Builds the components and runs them."""
    args, flags = read_flags(argv)
    command.start_log()
    _check_places(args)
    components = build_components(args, flags)
    if args.orchestrator == "tfx":
        return _tell(_run_in_tfx(components, args), args)
    from pipeline.orchestration.orchestrator import Orchestrator

    orchestrator = Orchestrator(args.pipeline_root, args.no_cache, args.start_from)
    if args.dry_run:
        for component, step in zip(components, orchestrator.plan(components), strict=True):
            print(f"{step.name:18} {step}\n{'':18} {json.dumps(component.parameters)}")
        print("nothing was run")
        return 0
    return _tell(orchestrator.run(components), args)


def _run_in_tfx(components: "Sequence[Component]", args: argparse.Namespace) -> "PipelineResult":
    warnings.filterwarnings("ignore", category=FutureWarning, module="google")  # the end of Python 3.10
    logging.getLogger("absl").setLevel(logging.CRITICAL)  # TFX prints tracebacks of what is told in one line here
    from pipeline.tfx.dag import run_in_tfx

    return run_in_tfx(components, args.pipeline_root, not args.no_cache)


def _check_places(args: argparse.Namespace) -> None:
    """Says now what would go wrong when the model is pushed.

    Raises:
        UserError: artifacts or versions would lie among the scans, or cannot be written; there is no TFX, or the root
            is another orchestrator's.
    """
    if args.orchestrator == "tfx" and importlib.util.find_spec("tfx") is None:
        raise UserError("--orchestrator tfx needs Python 3.10 and TFX: pip install 'tfgan-thyroid[tfx]'")
    for orchestrator, database in DATABASES.items():
        if orchestrator != args.orchestrator and (args.pipeline_root / database).exists():
            raise UserError(
                f"--pipeline-root {args.pipeline_root} is one of --orchestrator {orchestrator}: give another"
            )
    for flag, place in (("--pipeline-root", args.pipeline_root), ("--serving-dir", args.serving_dir)):
        there = next(path for path in (place, *place.absolute().parents) if path.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            raise UserError(f"{flag} {place} cannot be written: {there} is a file or not yours; give another place")
        for scans in (Path(args.input), args.masks):
            if scans is not None and scans.is_dir() and scans.resolve() in (place.resolve(), *place.resolve().parents):
                raise UserError(f"{flag} {place} lies in {scans}, among the scans: give a place outside")


def build_components(args: argparse.Namespace, flags: Sequence[str]) -> list["Component"]:
    """The eight components, in order.

    Raises:
        UserError: no scans, an unknown preset, field or threshold, or options that do not go together.
        SystemExit: a wrong flag.
    """
    from pipeline.components.evaluator import Evaluator
    from pipeline.components.example_gen import ExampleGen
    from pipeline.components.example_validator import ExampleValidator
    from pipeline.components.infra_validator import InfraValidator
    from pipeline.components.pusher import Pusher
    from pipeline.components.schema_gen import SchemaGen, read_schema
    from pipeline.components.statistics_gen import StatisticsGen
    from pipeline.components.thresholds import read_thresholds
    from pipeline.components.trainer import Trainer

    overrides, image_size = _training_options(args)
    thresholds = read_thresholds(args.thresholds)
    data_flags = ["--image-size", str(image_size), "--splits", args.splits, "--seed", str(args.split_seed), *flags]
    example_gen = ExampleGen(str(args.pipeline_root), args.input, args.masks and str(args.masks), data_flags)
    for split in ("train", args.eval_split):
        if split not in example_gen.splits:
            raise UserError(f"split {split} would be empty: give it a share in --splits, or scans in --split-lists")
    return [
        example_gen,
        StatisticsGen(),
        SchemaGen(read_schema(args.schema)),
        ExampleValidator({args.eval_split: FEWEST_TO_COMPARE, "train": FEWEST_TO_TRAIN_ON}),
        Trainer(args.preset, overrides, args.strategy, args.replicas),
        Evaluator(thresholds, args.samples, args.draws, args.eval_split),
        InfraValidator(),
        Pusher(str(args.serving_dir), args.keep_versions),
    ]


def _training_options(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """What differs from the preset, and the image size."""
    from tfgan_thyroid.presets import preset
    from tfgan_thyroid.training.new_run import parse_assignment

    overrides: dict[str, Any] = dict(parse_assignment(text) for text in args.set)
    overrides.update({n: getattr(args, n) for n in ("iterations", "seed") if getattr(args, n) is not None})
    if args.masks is not None:
        overrides.setdefault("paired", True)
    config = preset(args.preset).replace(**overrides)
    if config.paired and args.masks is None:
        raise UserError("paired training needs masks: give --masks DIR, or leave --set paired out")
    if overrides.get("channels", 1 + config.paired) != 1 + config.paired:
        raise UserError(f"channels is {1 + config.paired} in this data: leave --set channels out")
    if args.image_size is not None and overrides.get("image_size", args.image_size) != args.image_size:
        raise UserError(f"--image-size {args.image_size} and --set image_size={config.image_size} differ: give one")
    if args.strategy != "none" or args.replicas is not None:
        from tfgan_thyroid.training.distribution import count_replicas

        count_replicas(args.strategy, config.batch_size, args.replicas)
    return overrides, args.image_size or config.image_size


def _tell(result: "PipelineResult", args: argparse.Namespace) -> int:
    code = 0
    if result.stopped_by is not None:
        component, reason = result.stopped_by
        code = NOT_BLESSED if component == "Pusher" else 1
        LOG.info("%s: %s", component, reason)
        if component == "ExampleValidator":
            anomalies = args.pipeline_root / result.artifacts["ExampleValidator.anomalies"]
            LOG.info("all anomalies: %s; with the data put right, the same command goes on", anomalies)
    verdict = None
    if "Evaluator.blessing" in result.artifacts:
        evaluation = args.pipeline_root / result.artifacts["Evaluator.evaluation"]
        verdict = json.loads((evaluation / "verdict.json").read_text())
        LOG.info("%s", "\n".join(verdict.get("verdict", [])))
        LOG.info("blessed" if verdict["blessed"] else "not blessed")
        serve = [command.line("tfgan_thyroid.serve", args.serving_dir)] if code == 0 else []
        command.say_next(evaluation / "report.html", *serve)
    if args.json:
        document = {"run": result.run, "exit_code": code, "verdict": verdict, "artifacts": dict(result.artifacts)}
        print(json.dumps(document))
    return code


if __name__ == "__main__":
    command.run(main)
