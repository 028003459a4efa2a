"""The components as a TFX pipeline, and a run of it by TFX's LocalDagRunner."""

import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from ml_metadata import MetadataStore
from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from pipeline.components.component import Component
from pipeline.components.last_blessed import LastBlessed
from pipeline.orchestration.orchestrator import PipelineResult
from pipeline.orchestration.root_lock import only_process
from pipeline.tfx.executors import Gate, LastBlessedModel, RunComponent, StoppedError
from tfgan_thyroid import atomic

DATABASE = "mlmd.sqlite"


def run_in_tfx(components: Sequence[Component], root: Path, enable_cache: bool = True) -> PipelineResult:
    """Runs the components in a root, one after the other; with `enable_cache`, TFX may take earlier outputs.

    Raises:
        UserError: a component failed, or another process runs in this root.
    """
    root = root.resolve()
    root.mkdir(parents=True, exist_ok=True)
    stopped_by = None
    with only_process(root):
        try:
            LocalDagRunner().run(build_pipeline(components, root, enable_cache))
        except StoppedError as stop:
            stopped_by = stop.args
        return PipelineResult(*_last_run(root), stopped_by)


def build_pipeline(components: Sequence[Component], root: Path, enable_cache: bool = True) -> Pipeline:
    """A pipeline for any of TFX's runners whose workers see the root, the absolute path of a folder that is there.

    Each component comes after those that it reads from. Its arguments are written to the root.
    """
    nodes: list[types.BaseNode] = []
    gates: list[types.BaseNode] = []
    made: dict[str, BaseChannel] = {}
    for component in components:
        inputs = {name: made[source] for name, source in component.inputs.items() if isinstance(source, str)}
        for name, source in component.inputs.items():
            if isinstance(source, LastBlessed):
                new, blessing = inputs[source.new], artifact_type(component.outputs[source.blessing])
                channels = {"new": new, "model": Channel(type=new.type), "blessing": Channel(type=blessing)}
                nodes.append(Resolver(LastBlessedModel, **channels).with_id(f"{component.name}-{name}"))
                inputs[name] = nodes[-1].outputs["model"]
        # Not the text itself as a parameter: arguments that decide nothing would be part of the key of TFX's cache.
        description = root / f".{component.name}.json"
        atomic.write_text(description, component.to_json())
        described_in = {"described_in": str(description)}
        # TFX's cache knows inputs and parameters, not the code, the packages and the files that ExampleGen reads.
        fingerprint = component.fingerprint({}) if component.reusable else uuid.uuid4().hex
        told = {**described_in, "fingerprint": fingerprint, "parameters": json.dumps(component.parameters)}
        node = _node(component.name, RunComponent, told, inputs, component.outputs)
        node.add_upstream_nodes(gates)
        nodes.append(node)
        made |= {f"{component.name}.{name}": channel for name, channel in node.outputs.items()}
        if type(component).stop_reason is not Component.stop_reason:
            gates.append(_node(f"{component.name}Gate", Gate, described_in, node.outputs, {}))
            nodes.append(gates[-1])
    return Pipeline("thyroid", str(root), sqlite_metadata_connection_config(str(root / DATABASE)), nodes, enable_cache)


def artifact_type(name: str) -> type[types.Artifact]:
    """TFX's type of that name, or one for what TFX does not know."""
    return getattr(standard_artifacts, name, None) or type(name, (types.Artifact,), {"TYPE_NAME": name})


def _node(name: str, executor: type, told: Mapping, inputs: Mapping, outputs: Mapping[str, str]) -> BaseComponent:
    channels = {key: Channel(type=artifact_type(kind)) for key, kind in outputs.items()}
    specification = {
        "PARAMETERS": {key: ExecutionParameter(type=str) for key in told},
        "INPUTS": {key: ChannelParameter(type=channel.type, optional=True) for key, channel in inputs.items()},
        "OUTPUTS": {key: ChannelParameter(type=channel.type) for key, channel in channels.items()},
    }
    spec = type(f"{name}Spec", (types.ComponentSpec,), specification)
    body = {"SPEC_CLASS": spec, "EXECUTOR_SPEC": ExecutorClassSpec(executor), "__module__": __name__}
    return type(name, (BaseComponent,), body)(spec(**told, **inputs, **channels))


def _last_run(root: Path) -> tuple[int, dict[str, str]]:
    """How many runs there were, and the artifacts of the last one, by `Component.output`."""
    store = MetadataStore(sqlite_metadata_connection_config(str(root / DATABASE)))
    runs = store.get_contexts_by_type("pipeline_run")
    executions = store.get_executions_by_context(max(run.id for run in runs))
    ids = [execution.id for execution in executions if not execution.type.endswith(".Resolver")]
    found = [event.artifact_id for event in store.get_events_by_execution_ids(ids) if event.type == event.OUTPUT]
    names = [Path(artifact.uri).relative_to(root) for artifact in store.get_artifacts_by_id(found)]
    return len(runs), {".".join(name.parts[:2]): name.as_posix() for name in names}
