"""The whole pipeline: `python -m pipeline.run --input SCANS --pipeline-root ROOT --serving-dir saved_models/NAME`."""

import argparse
import glob
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfgan_thyroid import command
from tfgan_thyroid.config import PRESETS
from tfgan_thyroid.errors import UserError

if TYPE_CHECKING:
    from pipeline.orchestration.component import Component
    from pipeline.orchestration.orchestrator import PipelineResult

LOG = logging.getLogger("tfgan_thyroid.pipeline")
NOT_BLESSED = 3


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "pipeline.run",
        "From a folder of scans to a blessed generator in saved_models: ExampleGen, StatisticsGen, SchemaGen, "
        "ExampleValidator, Trainer, Evaluator, InfraValidator, Pusher. What did not change is not run again; stopped "
        "or killed, the same command goes on. Exit codes: 0 pushed, 3 made and not blessed, 1 failed. Flags that are "
        "not known here go to pipeline.preprocess and to Beam.",
        "python -m pipeline.run --input SCANS --pipeline-root ROOT --serving-dir saved_models/thyroid --preset cpu",
    )
    parser.add_argument("--input", required=True, metavar="SCANS", help="folder or pattern of the raw scans")
    parser.add_argument("--masks", type=Path, metavar="DIR", help="masks of the scans")
    parser.add_argument("--pipeline-root", type=Path, required=True, metavar="ROOT", help="artifacts, logs, lineage")
    parser.add_argument("--serving-dir", type=Path, required=True, metavar="DIR", help="versions go to DIR/INTEGER")
    data = parser.add_argument_group("data")
    data.add_argument("--image-size", type=command.positive_int, metavar="PIXELS", help="(default: the preset's)")
    data.add_argument("--splits", default="train=0.8,eval=0.1,test=0.1", help="fractions of the groups")
    data.add_argument("--schema", type=Path, metavar="PATH", help="a schema.pbtxt that the data must keep to")
    training = parser.add_argument_group("training")
    training.add_argument("--preset", default="cpu", metavar="NAME", help=", ".join(PRESETS))
    training.add_argument("--iterations", type=command.positive_int, metavar="N", help="(default: the preset's)")
    training.add_argument("--seed", type=command.seed, metavar="N", help="of training (default: the preset's)")
    training.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="any other field of a run")
    judging = parser.add_argument_group("judging")
    judging.add_argument("--thresholds", type=Path, metavar="FILE", help="TOML; pipeline/components/thresholds.py")
    judging.add_argument("--samples", type=command.positive_int, default=100, metavar="N", help="images in a draw")
    judging.add_argument("--draws", type=command.positive_int, default=10, metavar="N", help="draws of each metric")
    judging.add_argument(
        "--keep-versions", type=command.positive_int, default=3, metavar="K", help="versions that stay"
    )
    running = parser.add_argument_group("running")
    running.add_argument("--from", dest="start_from", metavar="COMPONENT", help="run from there on again")
    running.add_argument("--no-cache", action="store_true", help="run everything again")
    running.add_argument("--dry-run", action="store_true", help="print the plan; run nothing")
    running.add_argument("--json", action="store_true", help="print the result as one JSON document")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Builds the components and runs them."""
    args, beam_flags = _parser().parse_known_args(argv)
    command.start_log()
    from pipeline.orchestration.orchestrator import Orchestrator

    components = build_components(args, beam_flags)
    if args.dry_run:
        for component in components:
            print(f"{component.name:18} {json.dumps(component.parameters)}")
        print("nothing was run")
        return 0
    result = Orchestrator(args.pipeline_root, args.no_cache, args.start_from).run(components)
    return _tell(result, args)


def build_components(args: argparse.Namespace, beam_flags: Sequence[str]) -> list["Component"]:
    """The eight components, in order.

    Raises:
        UserError: no scans, an unknown preset, field or threshold.
    """
    from pipeline.components.evaluator import Evaluator
    from pipeline.components.example_gen import ExampleGen
    from pipeline.components.example_validator import ExampleValidator
    from pipeline.components.infra_validator import InfraValidator
    from pipeline.components.pusher import Pusher
    from pipeline.components.schema_gen import SchemaGen
    from pipeline.components.statistics_gen import StatisticsGen
    from pipeline.components.thresholds import read_thresholds
    from pipeline.components.trainer import Trainer
    from tfgan_thyroid.config import preset
    from tfgan_thyroid.training.settings import parse_assignment

    overrides: dict[str, Any] = dict(parse_assignment(text) for text in args.set)
    overrides.update({n: getattr(args, n) for n in ("iterations", "seed") if getattr(args, n) is not None})
    if args.masks is not None:
        overrides["paired"] = True
    config = preset(args.preset).replace(**overrides)
    if not Path(args.input).exists() and not glob.glob(args.input, recursive=True):
        raise UserError(f"{args.input} does not exist: give a folder of scans, or a pattern that matches some")
    flags = ["--image-size", str(args.image_size or config.image_size), "--splits", args.splits, *beam_flags]
    thresholds = read_thresholds(args.thresholds)
    return [
        ExampleGen(args.input, args.masks, flags),
        StatisticsGen(),
        SchemaGen(args.schema),
        ExampleValidator(),
        Trainer(args.preset, overrides),
        Evaluator(thresholds, args.samples, args.draws),
        InfraValidator(),
        Pusher(args.serving_dir, args.keep_versions),
    ]


def _tell(result: "PipelineResult", args: argparse.Namespace) -> int:
    code = 0
    if result.stopped_by is not None:
        component, reason = result.stopped_by
        code = NOT_BLESSED if component == "Pusher" else 1
        LOG.info("%s: %s", component, reason)
    verdict = None
    if "Evaluator.blessing" in result.artifacts:
        blessing = result.artifacts["Evaluator.blessing"].path(args.pipeline_root)
        verdict = json.loads((blessing / "verdict.json").read_text())
        evaluation = result.artifacts["Evaluator.evaluation"].path(args.pipeline_root)
        LOG.info("%s; report: %s", "; ".join(verdict["reasons"]), evaluation / "report.html")
    if args.json:
        artifacts = {source: artifact.name for source, artifact in result.artifacts.items()}
        print(json.dumps({"run": result.run, "exit_code": code, "verdict": verdict, "artifacts": artifacts}))
    return code


if __name__ == "__main__":
    command.run(main)
