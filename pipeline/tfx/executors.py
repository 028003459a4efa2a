"""What TFX calls: a component's `run`, its gate, and the choice of the last blessed model."""

import logging
import shutil
from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.common.resolver import ResolverStrategy
from tfx.types import artifact_utils

from pipeline.components.component import Component
from pipeline.components.last_blessed import LastBlessed
from pipeline.components.workplace import Workplace
from pipeline.orchestration.artifact import directory_digest
from pipeline.orchestration.execution import SCRATCH, WORKING
from tfgan_thyroid.command import one_line
from tfgan_thyroid.errors import UserError

LOG = logging.getLogger("tfgan_thyroid.pipeline")
Artifacts = dict[str, list[types.Artifact]]


class StoppedError(UserError):
    """(component, reason): its outputs forbid to go on."""


class RunComponent(BaseExecutor):
    """Gives a component the folders that TFX made for it, and hands its properties to TFX."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:  # noqa: N802
        component = _component(exec_properties)
        inputs = {name: found[0] for name, found in input_dict.items() if found}
        outputs = _paths(output_dict)
        # TFX gives each execution a new working folder, where a training would not find its checkpoints.
        work = component.fingerprint({name: _digest(artifact) for name, artifact in inputs.items()})
        scratch = next(iter(outputs.values())).parents[1] / WORKING / f"{SCRATCH}{work[:16]}"
        scratch.mkdir(parents=True, exist_ok=True)
        LOG.info("%s: begins", component.name)
        try:
            component.run(Workplace(_paths(input_dict), outputs, scratch, LOG))
        except (UserError, OSError) as error:
            raise UserError(f"{component.name} failed: {one_line(error)}") from error
        for source in component.inputs.values():
            if isinstance(source, LastBlessed):
                output_dict[source.blessing][0].set_int_custom_property("current_model_id", inputs[source.new].id)
        properties = component.properties(outputs)
        for name, (artifact,) in output_dict.items():
            _set_properties(artifact, {"digest": directory_digest(outputs[name]), **properties.get(name, {})})
        shutil.rmtree(scratch.parent)


class Gate(BaseExecutor):
    """Stops the pipeline after a component whose outputs forbid to go on; TFX keeps these, since they are published."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:  # noqa: N802
        component = _component(exec_properties)
        if reason := component.stop_reason(_paths(input_dict)):
            raise StoppedError(component.name, reason)


class LastBlessedModel(ResolverStrategy):
    """Finds what `LastBlessed` declares. TFX's own strategy would take the new model when it is run again."""

    def resolve_artifacts(self, store: Any, input_dict: Artifacts) -> Artifacts:
        models = {model.id: model for model in input_dict["model"]}
        blessings = sorted(input_dict["blessing"], key=lambda artifact: artifact.id, reverse=True)
        ids = [b.get_int_custom_property("current_model_id") for b in blessings if b.get_int_custom_property("blessed")]
        blessed = ((_digest(models[model]), models[model]) for model in ids if model in models)
        chosen = LastBlessed.choose(_digest(input_dict["new"][0]), blessed)
        return {**input_dict, "model": [] if chosen is None else [chosen]}


def _component(exec_properties: dict[str, Any]) -> Component:
    return Component.from_json(Path(exec_properties["described_in"]).read_text(encoding="utf-8"))


def _paths(artifacts: Artifacts) -> dict[str, Path]:
    return {name: Path(found[0].uri) for name, found in artifacts.items() if found}


def _digest(artifact: types.Artifact) -> str:
    return artifact.get_string_custom_property("digest") or directory_digest(Path(artifact.uri))


def _set_properties(artifact: types.Artifact, properties: dict[str, Any]) -> None:
    for name, value in properties.items():
        if name == "splits":
            artifact.split_names = artifact_utils.encode_split_names(value)
        else:
            kind = {str: "string", int: "int", float: "float"}[type(value)]
            getattr(artifact, f"set_{kind}_custom_property")(name, value)
