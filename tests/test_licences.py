"""This project is under Apache-2.0, and so must be free to use what it installs."""

from importlib.metadata import PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement


def installed_with(extra):
    """The distributions that the project and one of its extras bring along, those that are installed here."""
    found, waiting = {}, [("tfgan-thyroid", {extra})]
    while waiting:
        name, extras = waiting.pop()
        try:
            package = distribution(name)
        except PackageNotFoundError:  # another stack's
            continue
        if extras <= found.setdefault(package.name, (package, set()))[1]:
            continue
        found[package.name][1].update(extras)
        for requirement in map(Requirement, package.requires or ()):
            if any(requirement.marker is None or requirement.marker.evaluate({"extra": one}) for one in extras):
                waiting.append((requirement.name, {"", *requirement.extras}))
    return {name: package for name, (package, _) in found.items()}


@pytest.mark.parametrize("extra", ["", "dicom", "serving"])
def test_nothing_that_an_installation_brings_is_under_the_gpl(extra):
    packages = installed_with(extra)
    assert {"numpy", "pillow"} <= {name.lower() for name in packages}
    if extra == "dicom":
        assert {"pydicom", "imagecodecs"} <= set(packages)
    for name, package in packages.items():
        told = [package.metadata.get(field) or "" for field in ("License-Expression", "License")]
        told = [text for text in told if len(text) < 100]  # some put the whole text there
        told += [text for text in package.metadata.get_all("Classifier") or () if text.startswith("License")]
        for text in told:
            assert not ("GPL" in text.replace("LGPL", "") or "General Public" in text.replace("Lesser General", "")), (
                f"{name}: {text}"
            )
