"""Evaluator: metrics and the memorisation audit of a new model, and whether it is blessed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.components.component import Component
from pipeline.components.last_blessed import LastBlessed
from pipeline.components.thresholds import check_changes, check_two_sample, check_values
from pipeline.components.workplace import Workplace

if TYPE_CHECKING:
    from tfgan_thyroid.evaluation.judgement import Judgement

BLESSED = "BLESSED"
NOT_BLESSED = "NOT_BLESSED"
VERDICT = "verdict.json"
METRICS = ("mmd", "1nn", "ms-ssim")  # of the last blessed model, too
TWO_SAMPLE = "two-sample"
TRAINED_ON = "train"


@dataclass(frozen=True)
class Evaluator(Component):
    """Blesses a model that keeps to the thresholds; the reasons stand in the evaluation and in its report.

    The last blessed model, if there is one, is measured again on the same scans, with the same draws.
    """

    inputs = {
        "examples": "ExampleGen.examples",
        "model": "Trainer.model",
        "baseline": LastBlessed(new="model", blessing="blessing"),
    }
    outputs = {"evaluation": "ModelEvaluation", "blessing": "ModelBlessing"}
    packages = ("tensorflow", "keras", "numpy")

    thresholds: dict[str, dict[str, Any]]  # of `read_thresholds`
    # Images of each kind in a draw; at most half of the split's scans, so that the other half is the floor.
    samples: int
    draws: int  # number of draws
    # Whose scans the metrics compare with; the audit looks for copies of those of `train` in any case.
    split: str = TRAINED_ON

    def run(self, workplace: Workplace) -> None:
        """Generates, compares, judges, and writes the report.

        Raises:
            UserError: the images do not fit together, or are too few.
        """
        from tfgan_thyroid.evaluation.comparison import MetricsProtocol, compare
        from tfgan_thyroid.evaluation.generated_images import generated_source
        from tfgan_thyroid.evaluation.image_sources import held_out_source, real_source
        from tfgan_thyroid.evaluation.judgement import Judgement
        from tfgan_thyroid.evaluation.report.files import write_evaluation
        from tfgan_thyroid.evaluation.result import Evaluation
        from tfgan_thyroid.serving.export.model_card import audited
        from tfgan_thyroid.training import runtime

        runtime.prepare()
        p, examples = self.parameters, workplace.inputs["examples"]
        real = real_source(examples, p["split"])
        trained_on = real if p["split"] == TRAINED_ON else real_source(examples, TRAINED_ON)
        held_out = held_out_source(examples, TRAINED_ON)
        samples = min(p["samples"], max(2, len(real.images) // 2))
        if samples < p["samples"]:
            workplace.log.info("draws of %d images: half of the %d scans of the split", samples, len(real.images))

        def evaluate(model: Path, audited: bool) -> Evaluation:
            protocol = MetricsProtocol((TWO_SAMPLE, *METRICS) if audited else METRICS, samples, p["draws"], seed=0)
            generated = generated_source(model / "Format-Serving", samples * p["draws"], seed=0)
            return compare(real, generated, protocol, None, audited, held_out if audited else None, trained_on)

        evaluation = evaluate(workplace.inputs["model"], audited=True)
        assert evaluation.audit is not None
        checks = check_values(p["thresholds"]["value"], evaluation.estimates, evaluation.audit.passed)
        size, said = real.images.shape[1], evaluation.verdict
        checks += check_two_sample(p["thresholds"]["value"], evaluation.two_sample, size, said.headline)
        if "baseline" in workplace.inputs:
            baseline = evaluate(workplace.inputs["baseline"], audited=False)
            checks += check_changes(p["thresholds"]["change"], evaluation.estimates, baseline.estimates)
        copies = p["thresholds"]["value"].get("memorization_audit") and not evaluation.audit.passed
        judgement = Judgement(checks, evaluation.audit.reasons if copies else [])
        write_evaluation(evaluation, workplace.outputs["evaluation"], judgement)
        workplace.log.info("%s", "\n".join(said.lines))
        self._bless(workplace, judgement, {"verdict": said.lines, "audit": audited(evaluation.audit.to_dict())})

    def _bless(self, workplace: Workplace, judgement: "Judgement", findings: Mapping[str, Any]) -> None:
        verdict = {
            **findings,
            **judgement.to_dict(),
            "split": self.parameters["split"],
            "compared_with_last_blessed": "baseline" in workplace.inputs,
            "thresholds": self.parameters["thresholds"],
        }
        for output in workplace.outputs.values():
            (output / VERDICT).write_text(json.dumps(verdict, indent=2) + "\n")
        (workplace.outputs["blessing"] / (BLESSED if judgement.blessed else NOT_BLESSED)).touch()
        words = "blessed" if judgement.blessed else "not blessed"
        workplace.log.info("%s: %s", words, "; ".join(judgement.reasons))

    def properties(self, outputs: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
        """Whether the model is blessed, and its metrics."""
        metrics = json.loads((outputs["evaluation"] / "evaluation.json").read_text())["metrics"]
        return {
            "blessing": {"blessed": int((outputs["blessing"] / BLESSED).is_file())},
            "evaluation": {name: estimate["mean"] for name, estimate in metrics.items()},
        }
