"""A file is put in its place whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from export.errors import ExportError, WriteError
from export.model_file import check_writable, put_in_place
from tests.conftest import ROOT

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def put(path: Path, content: bytes) -> None:
    with put_in_place(path, content):
        pass


def refusal(path: Path, content: bytes = b"new") -> str:
    with pytest.raises(WriteError) as caught:
        put(path, content)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_is_put_in_place_after_its_checks(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with put_in_place(path, b"content") as temporary:
        assert not path.exists()
        assert temporary.parent == tmp_path
        assert temporary.read_bytes() == b"content"
    assert path.read_bytes() == b"content"
    assert names(tmp_path) == ["model.onnx"]


@pytest.mark.parametrize("error", [ExportError("a check failed"), KeyboardInterrupt()])
def test_a_check_that_raises_leaves_the_old_file_and_nothing_else(
    error: BaseException, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    with pytest.raises(type(error)), put_in_place(path, b"new"):
        raise error
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["model.onnx"]


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old and longer")
    put(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_reader_of_the_old_file_keeps_it(tmp_path: Path) -> None:
    """The name is moved to the new file; the old one is not written into."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        put(path, b"new")
        assert reader.read() == b"old"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "No such file or directory" in refusal(tmp_path / "none" / "model.onnx")


def test_a_folder_in_the_files_place_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.mkdir()
    assert "Is a directory" in refusal(path)
    assert names(tmp_path) == ["model.onnx"]


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    assert "File name too long" in refusal(tmp_path / ("x" * 250))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    """The device that is always full stands where the part file is written."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    with put_in_place(path, b"old") as temporary:
        pass
    temporary.symlink_to("/dev/full")
    message = refusal(path)
    assert message == (
        f"{path} cannot be written: No space left on device; free some space, or give another place"
    )
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["model.onnx"]


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of the file size is of POSIX")
def test_a_write_that_fails_in_the_middle_leaves_the_old_file_and_nothing_else(
    tmp_path: Path,
) -> None:
    """In a process that may write files of 1,000 bytes at most."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from export.errors import WriteError\n"
        "from export.model_file import put_in_place\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    with put_in_place(Path(sys.argv[1]), bytes(5000)):\n"
        "        print('written')\n"
        "except WriteError as error:\n"
        "    print('refused:', error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-B", "-c", code, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stdout.startswith(f"refused: {path} cannot be written: File too large; check it")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["model.onnx"]


@pytest.mark.skipif(AS_ROOT, reason="root may write everywhere")
def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    assert "Permission denied" in refusal(folder / "model.onnx")
    with pytest.raises(WriteError, match="Permission denied"):
        check_writable(folder / "model.onnx")


def test_a_place_is_checked_before_training_and_nothing_is_left_there(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "folders" / "model.onnx")
    assert names(tmp_path / "new" / "folders") == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
def test_a_place_where_nobody_may_write_is_told_before_training() -> None:
    with pytest.raises(WriteError, match="cannot be written"):
        check_writable(Path("/proc/self/model.onnx"))


def test_a_folder_as_place_is_told_before_training(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="is a folder; give the path of a file"):
        check_writable(tmp_path)


def test_a_place_below_a_file_is_told_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="cannot be written"):
        check_writable(tmp_path / "file" / "model.onnx")


def test_a_name_that_is_too_long_is_told_before_training(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="File name too long"):
        check_writable(tmp_path / ("x" * 250))
    with pytest.raises(WriteError, match="File name too long"):
        check_writable(tmp_path / ("x" * 300) / "model.onnx")
