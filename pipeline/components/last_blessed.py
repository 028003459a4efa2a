"""An input that an earlier run made: the model to compare a new one with."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

Model = TypeVar("Model")


@dataclass(frozen=True)
class LastBlessed:
    """The last blessed model other than the new one; the input is missing where there is none.

    Every orchestrator finds the blessed models in its own store, and takes the one that `choose` names.
    """

    new: str  # the component's input that holds the new model
    blessing: str  # the component's output whose property `blessed` is 1 for a blessed model

    @staticmethod
    def choose(new_digest: str, blessed: Iterable[tuple[str, Model]]) -> Model | None:
        """Which model it is.

        Args:
            new_digest: content digest of the new model. The same model may have been blessed by an earlier run.
            blessed: content digests and blessed models, the newest first.
        """
        return next((model for digest, model in blessed if digest != new_digest), None)
