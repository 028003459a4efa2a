"""Evaluator: metrics and the memorisation audit of a new model, and whether it is blessed."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.components.thresholds import broken_changes, broken_values
from pipeline.orchestration.artifact import Artifact
from pipeline.orchestration.component import Component, Workplace

if TYPE_CHECKING:
    from tfgan_thyroid.evaluation.comparison import Evaluation

BLESSED = "BLESSED"
NOT_BLESSED = "NOT_BLESSED"
METRICS = ("mmd", "1nn", "ms-ssim")
SPLIT = "train"  # as in the paper, a generator is compared with the scans that it was trained on


class Evaluator(Component):
    """Blesses a model that keeps to the thresholds; the reasons stand in the evaluation and in its report.

    Args:
        thresholds: of `read_thresholds`.
        samples: images of each kind in a draw.
        draws: number of draws.
    """

    inputs = {"examples": "ExampleGen.examples", "model": "Trainer.model", "baseline": "LatestBlessed.model"}
    optional = frozenset({"baseline"})
    outputs = {"evaluation": "ModelEvaluation", "blessing": "ModelBlessing"}
    code = ("pipeline/components", "tfgan_thyroid/evaluation", "tfgan_thyroid/metrics")

    def __init__(self, thresholds: Mapping[str, Any], samples: int, draws: int) -> None:
        super().__init__(thresholds=dict(thresholds), samples=samples, draws=draws)

    def resolve(self, done: Mapping[str, Artifact], history: Sequence[Artifact], root: Path) -> dict[str, Artifact]:
        """The last blessed model other than the new one, if there is any."""
        new = done["Trainer.model"]
        models = {artifact.name: artifact for artifact in history if artifact.type == "Model"}
        for blessing in sorted(history, key=lambda artifact: artifact.execution, reverse=True):
            if blessing.type == "ModelBlessing" and (blessing.path(root) / BLESSED).is_file():
                model = next((models[name] for name in blessing.parents if name in models), None)
                if model is not None and model.digest != new.digest:
                    return {"baseline": model}
        return {}

    def run(self, workplace: Workplace) -> None:
        """Generates, compares, judges, and writes the report.

        Raises:
            UserError: the images do not fit together, or are too few.
        """
        from tfgan_thyroid.evaluation.comparison import Protocol, compare
        from tfgan_thyroid.evaluation.evaluation_files import write_evaluation
        from tfgan_thyroid.evaluation.image_sources import generated_source, held_out_source, real_source
        from tfgan_thyroid.training import runtime

        runtime.prepare()
        p = self.parameters
        protocol = Protocol(METRICS, p["samples"], p["draws"], seed=0)
        real = real_source(workplace.inputs["examples"], SPLIT)
        held_out = held_out_source(workplace.inputs["examples"], SPLIT)

        def evaluate(model: Path, audited: bool) -> "Evaluation":
            generated = generated_source(model / "Format-Serving", p["samples"] * p["draws"], seed=0)
            return compare(real, generated, protocol, None, audited, held_out if audited else None)

        evaluation = evaluate(workplace.inputs["model"], audited=True)
        assert evaluation.audit is not None
        reasons = broken_values(p["thresholds"]["value"], evaluation.estimates, evaluation.audit.passed)
        if not evaluation.audit.passed:
            reasons += evaluation.audit.reasons
        baseline = None
        if "baseline" in workplace.inputs:
            baseline = evaluate(workplace.inputs["baseline"], audited=False).estimates
            reasons += broken_changes(p["thresholds"]["change"], evaluation.estimates, baseline)
        write_evaluation(evaluation, workplace.outputs["evaluation"])
        self._bless(workplace, reasons, baseline is not None)

    def _bless(self, workplace: Workplace, reasons: list[str], compared: bool) -> None:
        blessed = not reasons
        verdict = {
            "blessed": blessed,
            "reasons": reasons or ["it keeps to every threshold"],
            "compared_with_last_blessed": compared,
            "thresholds": self.parameters["thresholds"],
        }
        for output in workplace.outputs.values():
            (output / "verdict.json").write_text(json.dumps(verdict, indent=2) + "\n")
        (workplace.outputs["blessing"] / (BLESSED if blessed else NOT_BLESSED)).touch()
        workplace.log.info("%s: %s", "blessed" if blessed else "not blessed", "; ".join(verdict["reasons"]))
