"""A module in a process of its own."""

import logging
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from pipeline.components.child import run_module

LOG = logging.getLogger("child")


def test_it_logs_as_it_goes_and_gives_back_output_code_and_last_line(caplog):
    caplog.set_level(logging.INFO)
    finished = run_module("pipeline.status", ["--pipeline-root", "missing"], LOG)
    assert finished.code == 1
    assert finished.last_line.startswith("error: missing is no pipeline root")
    assert caplog.messages == [finished.last_line]
    assert "tfgan-thyroid" in run_module("pipeline.status", ["--version"], LOG).output


def test_one_that_takes_too_long_is_killed(tmp_path, monkeypatch):
    (tmp_path / "endless.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    started = time.monotonic()
    assert run_module("endless", [], LOG, seconds=0.3).code == -signal.SIGKILL
    assert time.monotonic() - started < 20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_it_does_not_outlive_a_parent_that_is_killed(tmp_path):
    (tmp_path / "endless.py").write_text(
        f"import os, time\nopen({str(tmp_path / 'pid')!r} + '-', 'w').write(str(os.getpid()))\n"
        f"os.rename({str(tmp_path / 'pid')!r} + '-', {str(tmp_path / 'pid')!r})\ntime.sleep(60)\n"
    )
    parent = textwrap.dedent("""
        import logging
        from pipeline.components.child import run_module
        run_module("endless", [], logging.getLogger("x"))
    """)
    process = subprocess.Popen([sys.executable, "-c", parent], env={**os.environ, "PYTHONPATH": str(tmp_path)})
    pid_file = tmp_path / "pid"
    wait_until(pid_file.exists)
    child = int(pid_file.read_text())
    process.kill()
    process.wait()
    wait_until(lambda: not is_alive(child))


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
