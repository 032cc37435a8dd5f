"""Device nodes in a test's own folder and disks that are full, none of them the machine's own."""

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NULL = (1, 3)
"""Takes everything, as Linux numbers it."""
ZERO = (1, 5)
"""Gives zeros without end."""
FULL = (1, 7)
"""Takes nothing: its disk is full."""


def make_device(path: Path, number: tuple[int, int]) -> Path:
    """Make a character device; skip the test where this user may not, or may not write to it."""
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(*number))
        path.chmod(0o666)
        os.close(os.open(path, os.O_WRONLY))
    except (AttributeError, OSError) as error:
        pytest.skip(f"no device can be made in {path.parent} ({error}); run this test as root")
    return path


def make_standard_output(path: Path) -> Path:
    """Make what /dev/stdout is, a link to this process's descriptor 1, whoever reads it."""
    path.symlink_to("/dev/fd/1")
    return path


def is_device(path: Path, number: tuple[int, int]) -> bool:
    """Return whether a device is still what it was."""
    status = os.lstat(path)
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.makedev(*number)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
