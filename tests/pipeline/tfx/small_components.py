"""Small components in TFX, several runs in one root; prints what each run did as one JSON document."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from ml_metadata import MetadataStore
from tfx.orchestration.metadata import sqlite_metadata_connection_config

from pipeline.components.component import NOT_IN_FINGERPRINT, Component
from pipeline.components.last_blessed import LastBlessed
from pipeline.tfx.dag import DATABASE, run_in_tfx
from tfgan_thyroid.errors import UserError

BEGUN = []


@dataclass(frozen=True)
class Train(Component):
    outputs = {"model": "Model", "notes": "Notes"}
    weights: str
    interrupted: bool = field(default=False, metadata=NOT_IN_FINGERPRINT)

    def run(self, workplace):
        with (workplace.scratch / "steps").open("a") as steps:
            steps.write("x")
        BEGUN.append(f"Train {(workplace.scratch / 'steps').read_text()}")
        (workplace.outputs["model"] / "weights").write_text(self.weights)
        if self.interrupted:
            raise UserError("stopped")


@dataclass(frozen=True)
class Judge(Component):
    inputs = {"model": "Train.model", "baseline": LastBlessed(new="model", blessing="blessing")}
    outputs = {"blessing": "ModelBlessing"}
    good: bool

    def run(self, workplace):
        read = {name: (path / "weights").read_text() for name, path in workplace.inputs.items()}
        BEGUN.append(f"Judge {read['model']} against {read.get('baseline')}")
        (workplace.outputs["blessing"] / "mark").write_text(str(self.good))

    def properties(self, outputs):
        return {"blessing": {"blessed": int(self.good), "mmd": 0.5, "words": "some"}}


@dataclass(frozen=True)
class Push(Component):
    inputs = {"model": "Train.model", "blessing": "Judge.blessing"}
    outputs = {"pushed_model": "PushedModel"}
    reusable = False

    def run(self, workplace):
        BEGUN.append("Push")
        (workplace.outputs["pushed_model"] / "mark").write_text((workplace.inputs["blessing"] / "mark").read_text())

    def stop_reason(self, outputs):
        return None if (outputs["pushed_model"] / "mark").read_text() == "True" else "not good enough"


@dataclass(frozen=True)
class After(Component):
    inputs = {"pushed": "Push.pushed_model"}
    outputs = {"done": "Done"}

    def run(self, workplace):
        BEGUN.append("After")


def main(root: Path) -> None:
    runs = []
    for weights, good, *interrupted in (
        ("first", True, True),
        ("first", True),
        ("first", True),
        ("second", True),
        ("third", False),
        ("second", True),
    ):
        BEGUN.clear()
        try:
            result = run_in_tfx([Train(weights, *interrupted), Judge(good), Push(), After()], root)
            document = {"run": result.run, "artifacts": dict(result.artifacts), "stopped_by": result.stopped_by}
        except UserError as error:
            document = {"error": str(error)}
        runs.append({**document, "begun": list(BEGUN)})
    store = MetadataStore(sqlite_metadata_connection_config(str(root / DATABASE)))
    (blessing, *_) = store.get_artifacts_by_type("ModelBlessing")
    properties = {key: getattr(value, value.WhichOneof("value")) for key, value in blessing.custom_properties.items()}
    print(json.dumps({"runs": runs, "properties": properties}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
