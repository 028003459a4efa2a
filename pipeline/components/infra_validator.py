"""InfraValidator: whether a server can load a model and what it then answers, tried in a fresh process."""

import json
import signal

from pipeline.orchestration.child import run_module
from pipeline.orchestration.component import Component, Workplace
from tfgan_thyroid.errors import UserError

CHECK = "pipeline.components.infra_check"
INFRA_CHECK = "infra_check.json"
INFRA_BLESSED = "INFRA_BLESSED"
INFRA_NOT_BLESSED = "INFRA_NOT_BLESSED"
START_SECONDS = 120.0  # for Python and TensorFlow on a busy machine
IMAGES = 100  # more than warm-up and check ask for


class InfraValidator(Component):
    """Blesses a model that loads, answers its warm-up requests, repeats itself by seed and keeps to time and range.

    Args:
        load_seconds: longest time to load.
        seconds_per_image: longest time for an image, at batch 8.
    """

    inputs = {"model": "Trainer.model"}
    outputs = {"blessing": "InfraBlessing"}
    runs = (CHECK,)
    packages = ("tensorflow", "keras")

    def __init__(self, load_seconds: float = 60.0, seconds_per_image: float = 5.0) -> None:
        super().__init__(load_seconds=load_seconds, seconds_per_image=seconds_per_image)

    def run(self, workplace: Workplace) -> None:
        """Starts the check and judges what it found.

        Raises:
            UserError: the check itself could not be made.
        """
        version = workplace.inputs["model"] / "Format-Serving"
        longest = START_SECONDS + self.parameters["load_seconds"] + IMAGES * self.parameters["seconds_per_image"]
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
