"""Try a wheel in empty environments, outside of the repository; `make dist` runs this.

`python -m tests.wheel [--no-train] [--only 3.12] dist/*.whl` makes an environment for each Python
from 3.11 to 3.14 that is found, and says which are not. There it runs what a person would run
first, in a folder that has nothing to do with the repository. Prints sizes and times; ends at the
first fault.
"""

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.terminal import terminal

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
ALONE = ("textual", "onnxruntime")
"""What the size and the time of an installation are held against."""
RELATIVE_PICTURE = re.compile(r"!\[[^\]]*\]\((?!https://)[^)]*\)")
TEXT = "a bird on the old wall sang to no one in the rain; we heard it.\n" * 200
NO_TRAINING_IN = ("3.14",)
"""Pythons that the libraries of training have no wheels for."""


class Environment:
    """A virtual environment of its own, in a folder of its own.

    Args:
        python: makes it.
        folder: is made.
    """

    def __init__(self, python: str, folder: Path) -> None:
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        self.bin = folder / "bin"
        self._folder = folder
        self.home = folder / "home"
        self.home.mkdir()

    def install(self, *wanted: str) -> float:
        """Install packages; return the seconds that it took, downloads and their cache included."""
        start_s = time.monotonic()
        self.run("python", "-m", "pip", "--disable-pip-version-check", "-q", "install", *wanted)
        return time.monotonic() - start_s

    def size(self) -> float:
        """Return the MB of all that is installed but pip."""
        site = next(self._folder.glob("lib/python*/site-packages"))
        files = (it for it in site.rglob("*") if it.is_file() and not it.is_symlink())
        counted = (it for it in files if it.relative_to(site).parts[0].split("-")[0] != "pip")
        return sum(it.stat().st_size for it in counted) / 1e6

    def run(self, command: str, *arguments: str, code: int = 0) -> str:
        """Run one of its commands in its own home; return what it printed, errors included."""
        done = subprocess.run(
            [str(self.bin / command), *arguments],
            cwd=self.home,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
        )
        if done.returncode != code or "Traceback" in done.stdout:
            raise SystemExit(f"{command} {' '.join(arguments)}: {done.returncode}\n{done.stdout}")
        return done.stdout

    def variables(self) -> dict[str, str]:
        """Return an environment that knows nothing of the repository, nor of the person."""
        kept = {it: value for it, value in os.environ.items() if not it.startswith("CHARLM_")}
        kept.pop("PYTHONPATH", None)
        folders = {f"XDG_{it}_HOME": str(self.home / it.lower()) for it in ("DATA", "CONFIG")}
        return kept | folders | {"XDG_STATE_HOME": str(self.home / "state")}


def try_out(it: Environment) -> None:
    """Run what a person would run first."""
    assert it.run("charlm-tui", "--version").startswith("charlm-tui, version ")
    command = ("generate", "--seed", "the ", "-n", "50", "--rng-seed", "1")
    reply = it.run("charlm-tui", *command)
    assert len(reply) == 50
    made = "load().generate('the ', length=50, rng_seed=1).text"
    program = f"from charlm_tui import load; print(end={made})"
    assert it.run("python", "-c", program) == reply
    assert "shakespeare" in it.run("charlm-tui", "models")
    assert '"charlm-tui"' in it.run("charlm-tui", "info", "--install", "--json")
    arguments = ("--seed", "the ", "--length", "30", "--rng-seed", "1")
    with (
        contextlib.chdir(it.home),
        terminal(*arguments, command=str(it.bin / "charlm-tui"), variables=it.variables()) as app,
    ):
        app.until(lambda: reply[:20] in app.text, "the reply was shown")
        app.send("\x11")
        assert app.end() == 0
        assert app.is_sane


def try_to_train(it: Environment, code: int) -> str:
    """Train a tiny network, or be told why it cannot be; return what was printed."""
    (it.home / "words.txt").write_text(TEXT)
    sizes = ("--units", "8", "--window", "10", "--epochs", "1", "--stride", "40")
    return it.run("charlm-tui", "train", "words.txt", *sizes, "--out", "words.onnx", code=code)


def check_readme(wheel: Path) -> None:
    """Warn of what PyPI could not show."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(it for it in archive.namelist() if it.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    relative = RELATIVE_PICTURE.findall(metadata)
    if "Project-URL:" not in metadata:
        print(
            "WARNING: owner is not set in pyproject.toml, [tool.hatch.metadata.hooks.custom]: the "
            f"wheel has no addresses, and {len(relative)} pictures of its README are seen nowhere"
        )
    elif relative:
        raise SystemExit(f"PyPI would not show these pictures: {relative}")


def pythons() -> dict[str, str]:
    """Return the interpreters that are found, by their versions; say which are not."""
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    for version in PYTHONS:
        place = shutil.which(f"python{version}")
        if place is not None and _runs(place):
            found.setdefault(version, place)
    missing = [version for version in PYTHONS if version not in found]
    if missing:
        print(f"not tried, for they are not here: Python {', '.join(missing)}")
    return found


def _runs(python: str) -> bool:
    """Return whether an interpreter runs: one of pyenv's may stand for none."""
    return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Try the wheel among some files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-train", action="store_true", help="Leave the extra train out.")
    parser.add_argument("--only", choices=PYTHONS, help="Try it on this Python alone.")
    parser.add_argument("files", nargs="+", type=Path)
    chosen = parser.parse_args(arguments)
    (wheel,) = (it.resolve() for it in chosen.files if it.suffix == ".whl")
    os.environ.pop("PYTHONPATH", None)  # what runs is the wheel's
    check_readme(wheel)
    with tempfile.TemporaryDirectory() as folder:
        found = pythons()
        if chosen.only:
            found = {chosen.only: found[chosen.only]}
        for version, python in found.items():
            it = Environment(python, Path(folder) / version)
            seconds = it.install(str(wheel))
            print(f"Python {version}: {it.size():.0f} MB installed in {seconds:.0f} s")
            try_out(it)
            assert "train" in try_to_train(it, code=1)
            print(f"Python {version}: app, generate, Python interface; train says what it needs")
            if chosen.no_train or version in NO_TRAINING_IN:
                continue
            seconds = it.install(f"{wheel}[train]")
            print(f"Python {version}: {it.size():.0f} MB with training, {seconds:.0f} s more")
            try_to_train(it, code=0)
            assert len(it.run("charlm-tui", "generate", "--model", "words.onnx", "-n", "9")) == 9
        if chosen.only:
            return
        alone = Environment(sys.executable, Path(folder) / "alone")
        seconds = alone.install(*ALONE)
        print(f"{' and '.join(ALONE)} alone: {alone.size():.0f} MB installed in {seconds:.0f} s")


if __name__ == "__main__":
    main()
