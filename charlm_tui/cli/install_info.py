"""What a report of a fault needs to know of an installation: versions, folders, the terminal.

Names no value of the environment but those that say what a terminal is, and no folder of a person
but from `~` on.
"""

import locale
import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import charlm_tui
from charlm_tui.controls.config_file import read
from charlm_tui.lm.model_file import data_folder, shipped

OF_THE_TERMINAL = (
    *("TERM", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "NO_COLOR", "FORCE_COLOR"),
    *("LANG", "LC_ALL", "LC_CTYPE", "COLUMNS", "LINES"),
)
"""Variables that are told with their values."""
WHETHER = ("SSH_CONNECTION", "TMUX", "STY", "WSL_DISTRO_NAME", "WAYLAND_DISPLAY", "DISPLAY")
"""Variables of which is told whether they are set: their values are nobody's business."""
BESIDE = ("tensorflow", "tensorflow-cpu", "keras", "jax", "tf2onnx", "onnx", "h5py")
"""Packages that training needs, where they are installed."""


def facts() -> dict[str, Any]:
    """Return what there is, as JSON can hold it."""
    from charlm_tui.cli.start import history_path
    from charlm_tui.log import log_path

    settings = read(None, os.environ)
    history = history_path(settings.value("history"))
    return {
        "charlm-tui": charlm_tui.__version__,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": {
            "system": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "libc": " ".join(platform.libc_ver()),
        },
        "packages": {name: found for name in _packages() if (found := _version(name))},
        "places": {
            "program": _shown(Path(charlm_tui.__file__).parent),
            "python": _shown(Path(sys.executable)),
            "models": _shown(shipped("").parent),
            "own models": _shown(data_folder()),
            "settings": _shown(settings.path),
            "history": "off" if history is None else _shown(history),
            "log": _shown(log_path()),
        },
        "settings": {
            "faults": len(settings.faults),
            "variables": sorted(name for name in os.environ if name.startswith("CHARLM_")),
        },
        "terminal": {
            "input": sys.stdin.isatty(),
            "output": sys.stdout.isatty(),
            "errors": sys.stderr.isatty(),
            "size": list(shutil.get_terminal_size()),
            "encoding": sys.stdout.encoding,
            "locale": locale.setlocale(locale.LC_CTYPE),
            "variables": {it: os.environ[it] for it in OF_THE_TERMINAL if it in os.environ},
            "set": [name for name in WHETHER if name in os.environ],
        },
    }


def lines(found: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Return the facts as (what, value), for people to read."""
    rows: list[tuple[str, str]] = []
    for name, value in found.items():
        if isinstance(value, dict):
            rows += lines(value, f"{before}{name} ")
        else:
            many = isinstance(value, list)
            rows.append((f"{before}{name}", " ".join(map(str, value)) if many else str(value)))
    return rows


def _packages() -> list[str]:
    """Return the packages that this one needs, as it says itself, and those of training."""
    try:
        needed = requires("charlm-tui") or []
    except PackageNotFoundError:
        needed = []
    names = [
        "".join(char if char.isalnum() or char in "-_." else " " for char in each).split()[0]
        for each in needed
        if "extra ==" not in each
    ]
    return [*names, *BESIDE]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _shown(path: Path) -> str:
    """Return a path with what it has of the home folder as `~`: it can be a person's name."""
    shown, home = str(path.absolute()), os.path.expanduser("~")
    return "~" + shown[len(home) :] if len(home) > 1 and shown.startswith(home + os.sep) else shown
