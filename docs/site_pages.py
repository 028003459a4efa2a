"""Pages of the documentation's site that stand elsewhere: README as the front page, the reference from docstrings.

Build the site with `mkdocs build --strict` (extra `docs`).
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
FRONT = {"README.md": "index.md", "CONTRIBUTING.md": "CONTRIBUTING.md", "CHANGELOG.md": "CHANGELOG.md"}
PACKAGES = ("tfgan_thyroid", "pipeline")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages of the repository's root, and a page for each package with what its modules say of themselves."""
    for name, page in FRONT.items():
        content = re.sub(r"\]\(docs/", "](", (ROOT / name).read_text())
        files.append(File.generated(config, page, content=content))
    for package in PACKAGES:
        for folder in sorted({path.parent for path in (ROOT / package).rglob("*.py")}):
            names = [path.stem for path in sorted(folder.glob("*.py")) if path.stem not in ("__init__", "__main__")]
            module = ".".join(folder.relative_to(ROOT).parts)
            content = "\n\n".join([f"# {module}", *(f"::: {module}.{name}" for name in names)])
            files.append(File.generated(config, f"reference/{module}.md", content=content))
    return files
