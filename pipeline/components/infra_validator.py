"""InfraValidator: whether a server can load a model and what it then answers, tried in a fresh process."""

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.components.child import run_module
from pipeline.components.component import Component
from pipeline.components.workplace import Workplace
from tfgan_thyroid.errors import UserError

CHECK = "pipeline.components.infra_check"
INFRA_CHECK = "infra_check.json"
INFRA_BLESSED = "INFRA_BLESSED"
INFRA_NOT_BLESSED = "INFRA_NOT_BLESSED"
START_SECONDS = 120.0  # for Python and TensorFlow on a busy machine
IMAGES = 100  # more than warm-up and check ask for


@dataclass(frozen=True)
class InfraValidator(Component):
    """Blesses a model that loads, answers its warm-up requests, repeats itself by seed and keeps to time and range."""

    inputs = {"model": "Trainer.model"}
    outputs = {"blessing": "InfraBlessing"}
    runs = (CHECK,)
    packages = ("tensorflow", "keras")

    load_seconds: float = 60.0  # longest time to load
    seconds_per_image: float = 5.0  # longest time for an image, at batch 8

    def run(self, workplace: Workplace) -> None:
        """Starts the check and judges what it found."""
        version = workplace.inputs["model"] / "Format-Serving"
        longest = START_SECONDS + self.load_seconds + IMAGES * self.seconds_per_image
        finished = run_module(CHECK, [str(version)], workplace.log, longest)
        output = workplace.outputs["blessing"]
        if finished.code == -signal.SIGKILL:
            found = {"problems": [f"it was killed: no answer within {longest:g} s, or too little memory"]}
        elif finished.code:
            found = {"problems": [f"a fresh process could not load it: {finished.last_line}"]}
        else:
            try:
                found = json.loads(finished.output.splitlines()[-1])
            except (ValueError, IndexError):
                raise UserError(f"the check of {version} printed no result: {finished.output[-200:]!r}") from None
        for name in ("load_seconds", "seconds_per_image"):
            if found.get(name, 0.0) > self.parameters[name]:
                found["problems"].append(f"{name} is {found[name]:.2f} (at most {self.parameters[name]:g})")
        blessed = not found["problems"]
        (output / INFRA_CHECK).write_text(json.dumps(found, indent=2) + "\n")
        (output / (INFRA_BLESSED if blessed else INFRA_NOT_BLESSED)).touch()
        workplace.log.info("%s", "the server can serve it" if blessed else "; ".join(found["problems"]))

    def properties(self, outputs: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
        """Whether it is blessed."""
        return {"blessing": {"blessed": int((outputs["blessing"] / INFRA_BLESSED).is_file())}}
