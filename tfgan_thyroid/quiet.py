"""Start-up notices of TensorFlow stay out of a command's output; failures raise, and are seen."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def quiet_tensorflow() -> None:
    """Omits what TensorFlow logs, before it is imported; with TF_CPP_MIN_LOG_LEVEL in the environment it all comes."""
    if os.environ.setdefault(LEVEL, "3") == "3":
        logging.getLogger("tensorflow").setLevel(logging.ERROR)  # loading as TF Serving does is called deprecated
        if "tensorflow" not in sys.modules:
            sys.meta_path.insert(0, _QuietImport())


class _QuietImport(MetaPathFinder):
    """Runs the first import of TensorFlow without standard error: 2.21 writes to it before it knows its log level."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_quietly(module: ModuleType) -> None:
                with _without_standard_error():
                    load(module)

            spec.loader.exec_module = load_quietly  # type: ignore[method-assign]
        return spec


@contextlib.contextmanager
def _without_standard_error() -> Iterator[None]:
    """For C++ too, which writes to the file descriptor."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
