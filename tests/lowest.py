"""Print the lowest version of each dependency that pyproject.toml declares, one requirement a line.

Plain names are the run-time dependencies; names of extras add those of the extras.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def lowest(extras: list[str]) -> list[str]:
    """Return `name==version` for each dependency with a lower bound."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    found = (re.match(r"([A-Za-z0-9_.-]+)>=([0-9.]+)", each) for each in wanted)
    return [f"{it[1]}=={it[2]}" for it in found if it]


if __name__ == "__main__":
    print("\n".join(lowest(sys.argv[1:])))
