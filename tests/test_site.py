"""The documentation as a site: every page, and the reference from docstrings, without a warning."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs", reason="the extra docs is not installed")
    pytest.importorskip("mkdocstrings", reason="the extra docs is not installed")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    front = (tmp_path / "site" / "index.html").read_text()
    assert 'href="tour/"' in front  # README's links lead to the site's pages
    reference = (tmp_path / "site" / "reference" / "tfgan_thyroid.metrics" / "index.html").read_text()
    assert 'id="tfgan_thyroid.metrics.density_coverage.density_of_draw"' in reference
