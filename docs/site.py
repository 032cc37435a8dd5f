"""`python docs/site.py`, which `make docs` calls: the pages as a site, by Zensical.

The pages are copied with their folders, so that links between them lead to the same places as in
the repository. A link that leads nowhere is an error. Needs no package but Zensical.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "docs"
PAGES = ("*.md", "docs/*.md", "docs/*.py", "docs/pictures/*.svg", "benchmarks/*.md")
OTHERS = ("benchmarks/*.svg", "models/*.md", "LICENSE")


def main() -> int:
    """Copy the pages and build the site; return the exit code."""
    shutil.rmtree(BUILD, ignore_errors=True)
    for pattern in (*PAGES, *OTHERS):
        for path in ROOT.glob(pattern):
            there = BUILD / "pages" / path.relative_to(ROOT)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, there)
    (BUILD / "pages" / "README.md").rename(BUILD / "pages" / "index.md")
    shutil.copy(ROOT / "docs" / "zensical.toml", BUILD)
    program = Path(sys.executable).with_name("zensical")
    done = subprocess.run([program, "build", "--strict", "--clean"], cwd=BUILD, check=False)
    if not done.returncode:
        print(f"open {BUILD / 'site' / 'index.html'}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
