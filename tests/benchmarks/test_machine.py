"""The description of the machine beside each timing."""

import platform
from importlib import metadata

from benchmarks.machine import describe_machine, package_versions


def test_the_machine_has_cores_memory_and_a_processor_and_no_name_of_its_own():
    machine = describe_machine()
    assert machine["usable_cores"] >= 1
    assert machine["memory_gib"] > 0.5
    assert machine["cpu"]
    assert not platform.node() or platform.node() not in str(machine)


def test_versions_are_those_installed():
    versions = package_versions()
    assert versions["tensorflow"] == metadata.version("tensorflow")
    assert all(metadata.version(name) == version for name, version in versions.items())
