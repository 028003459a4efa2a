"""Runs components in order: what was done before is taken from where it lies, what was killed is continued."""

import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.components.component import Component
from pipeline.components.last_blessed import LastBlessed
from pipeline.orchestration.artifact import Artifact, directory_digest
from pipeline.orchestration.execution import execute, now, remove_leftovers
from pipeline.orchestration.root_lock import only_process
from pipeline.orchestration.run_progress import PlanProgress, Step
from pipeline.orchestration.store import DATABASE, Execution, MetadataStore
from tfgan_thyroid.errors import UserError

LOG = logging.getLogger("tfgan_thyroid.pipeline")

Outputs = dict[str, Artifact]


@dataclass(frozen=True)
class PipelineResult:
    """How a run of the pipeline ended."""

    run: int  # its number
    artifacts: Mapping[str, str]  # names of those that every component made or reused, by `Component.output`
    # The component whose outputs forbid to go on, and why; None where all ran.
    stopped_by: tuple[str, str] | None = None


@dataclass
class Orchestrator:
    """Runs components over a pipeline's root."""

    root: Path  # where artifacts, logs and the store lie
    no_cache: bool = False  # whether to run everything again
    # Name of the component from which on everything is run again, None to reuse what can be.
    start_from: str | None = None
    _whole: dict[int, Outputs | None] = field(default_factory=dict, init=False)

    def run(self, components: Sequence[Component]) -> PipelineResult:
        """Runs or reuses each component, in the order given.

        Raises:
            UserError: a component failed; it names the component, the cause and how to go on.
        """
        self._check_start(components)
        self.root.mkdir(parents=True, exist_ok=True)
        with only_process(self.root), contextlib.closing(MetadataStore(self.root)) as store:
            return self._run(components, store)

    def plan(self, components: Sequence[Component]) -> list[Step]:
        """What `run` would do, as far as it is known beforehand: nothing is written.

        Raises:
            UserError: there is no component to start from of that name.
        """
        self._check_start(components)
        if not (self.root / DATABASE).is_file():
            return [Step(component.name, None, None) for component in components]
        with contextlib.closing(MetadataStore(self.root)) as store:
            return self._plan(components, store)

    def _check_start(self, components: Sequence[Component]) -> None:
        names = [component.name for component in components]
        if self.start_from is not None and self.start_from not in names:
            raise UserError(f"there is no component {self.start_from!r}: choose from {', '.join(names)}")

    def _plan(self, components: Sequence[Component], store: MetadataStore) -> list[Step]:
        done: dict[str, Artifact] = {}
        steps, fresh = [], False
        for component in components:
            fresh = fresh or self._starts_afresh(component)
            inputs = self._inputs(component, done, store)
            found = None if fresh or inputs is None else self._reusable(component, inputs, store)
            if found is not None:
                done.update(_by_source(component, found[1]))
            steps.append(Step(component.name, found[0].id if found else None, store.seconds(component.name)))
        return steps

    def _run(self, components: Sequence[Component], store: MetadataStore) -> PipelineResult:
        run = store.start_run(now())
        state, message = "failed", None
        try:
            remove_leftovers(store)
            result = self._run_all(run, components, store)
            state = "complete"
            if result.stopped_by is not None:
                state, message = "stopped", ": ".join(result.stopped_by)
            return result
        except UserError as error:
            message = str(error)
            raise
        except BaseException as error:
            message = type(error).__name__
            raise
        finally:
            store.end_run(run, now(), state, message)

    def _run_all(self, run: int, components: Sequence[Component], store: MetadataStore) -> PipelineResult:
        progress = PlanProgress(self._plan(components, store), LOG)
        progress.tell_plan()
        done: dict[str, Artifact] = {}
        fresh = False
        for place, component in enumerate(components):
            fresh = fresh or self._starts_afresh(component)
            inputs = self._inputs(component, done, store)
            if inputs is None:
                source = next(s for s in component.inputs.values() if isinstance(s, str) and s not in done)
                raise UserError(f"{component.name} needs {source}, which no component before it makes")
            found = None if fresh else self._reusable(component, inputs, store)
            if found is not None:
                execution, outputs = found
                store.reuse(run, execution, now(), {name: artifact.name for name, artifact in inputs.items()})
                progress.tell_reused(place, execution.id)
            else:
                with progress.working(place):
                    outputs = execute(component, inputs, _fingerprint(component, inputs), run, store)
            done.update(_by_source(component, outputs))
            reason = component.stop_reason({name: artifact.path(self.root) for name, artifact in outputs.items()})
            if reason is not None:
                return PipelineResult(run, _names(done), (component.name, reason))
        return PipelineResult(run, _names(done))

    def _starts_afresh(self, component: Component) -> bool:
        return self.no_cache or component.name == self.start_from

    def _inputs(self, component: Component, done: Mapping[str, Artifact], store: MetadataStore) -> Outputs | None:
        """What a component reads, by input; None where some of it is not there yet."""
        sources = component.inputs.items()
        inputs = {name: done[source] for name, source in sources if isinstance(source, str) and source in done}
        if any(isinstance(source, str) and name not in inputs for name, source in sources):
            return None
        for name, source in sources:
            if isinstance(source, LastBlessed):
                blessed = store.blessed(component.name, source.new, source.blessing)
                model = source.choose(inputs[source.new].digest, ((model.digest, model) for model in blessed))
                inputs |= {} if model is None else {name: model}
        return inputs

    def _reusable(
        self, component: Component, inputs: Mapping[str, Artifact], store: MetadataStore
    ) -> tuple[Execution, Outputs] | None:
        """The newest execution of the same work whose artifacts are still whole, and these."""
        if not component.reusable:
            return None
        for execution in store.done_before(component.name, _fingerprint(component, inputs)):
            if execution.id not in self._whole:
                self._whole[execution.id] = self._whole_outputs(execution, component, store)
            outputs = self._whole[execution.id]
            if outputs is not None:
                return execution, outputs
        return None

    def _whole_outputs(self, execution: Execution, component: Component, store: MetadataStore) -> Outputs | None:
        there = store.artifacts()
        outputs = {}
        for output, name in store.artifacts_of(execution.id).items():
            if name not in there or directory_digest(self.root / name) != there[name].digest:
                LOG.warning("%s was removed or changed by hand: %s runs again", self.root / name, component.name)
                return None
            outputs[output] = there[name]
        return outputs if outputs.keys() == component.outputs.keys() else None


def _fingerprint(component: Component, inputs: Mapping[str, Artifact]) -> str:
    return component.fingerprint({name: artifact.digest for name, artifact in inputs.items()})


def _names(artifacts: Mapping[str, Artifact]) -> dict[str, str]:
    return {source: artifact.name for source, artifact in artifacts.items()}


def _by_source(component: Component, outputs: Mapping[str, Artifact]) -> dict[str, Artifact]:
    return {f"{component.name}.{output}": artifact for output, artifact in outputs.items()}
