"""InfraValidator: whether a server can load a model and what it then answers, tried in a fresh process."""

import json
import subprocess
import sys

from pipeline.orchestration.component import Component, Workplace
from tfgan_thyroid.errors import UserError

INFRA_BLESSED = "INFRA_BLESSED"
INFRA_NOT_BLESSED = "INFRA_NOT_BLESSED"


class InfraValidator(Component):
    """Blesses a model that loads, answers its warm-up requests, repeats itself by seed and keeps to time and range.

    Args:
        load_seconds: longest time to load.
        seconds_per_image: longest time for an image, at batch 8.
    """

    inputs = {"model": "Trainer.model"}
    outputs = {"blessing": "InfraBlessing"}
    code = ("pipeline/components/infra_check.py", "pipeline/components/infra_validator.py", "tfgan_thyroid/serving")

    def __init__(self, load_seconds: float = 60.0, seconds_per_image: float = 5.0) -> None:
        super().__init__(load_seconds=load_seconds, seconds_per_image=seconds_per_image)

    def run(self, workplace: Workplace) -> None:
        """Starts the check and judges what it found.

        Raises:
            UserError: the check itself could not be made.
        """
        version = workplace.inputs["model"] / "Format-Serving"
        words = [sys.executable, "-m", "pipeline.components.infra_check", str(version)]
        process = subprocess.run(words, capture_output=True, text=True, check=False)
        output = workplace.outputs["blessing"]
        if process.returncode:
            last = (process.stderr.strip() or "no message").splitlines()[-1]
            found = {"problems": [f"a fresh process could not load it: {last}"]}
        else:
            try:
                found = json.loads(process.stdout.splitlines()[-1])
            except (ValueError, IndexError):
                raise UserError(f"the check of {version} printed no result: {process.stdout[-200:]!r}") from None
        for name in ("load_seconds", "seconds_per_image"):
            if found.get(name, 0.0) > self.parameters[name]:
                found["problems"].append(f"{name} is {found[name]:.2f} (at most {self.parameters[name]:g})")
        blessed = not found["problems"]
        (output / "infra_check.json").write_text(json.dumps(found, indent=2) + "\n")
        (output / (INFRA_BLESSED if blessed else INFRA_NOT_BLESSED)).touch()
        workplace.log.info("%s", "the server can serve it" if blessed else "; ".join(found["problems"]))
