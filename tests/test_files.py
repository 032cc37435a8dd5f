"""A file is read to a bound, written whole or not at all, and what is no file is not replaced."""

import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from charlm_tui.files import (
    FileReadError,
    FileWriteError,
    at_home,
    check_document,
    check_file,
    check_replaceable,
    file_version,
    is_stream,
    make_folder_for,
    read_file,
    read_stream,
    replace_file,
    replacing,
    write_document,
)
from tests.conftest import ROOT
from tests.support.devices import FULL, NULL, ZERO, is_device, make_device, make_standard_output

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusal(path: Path, content: bytes = b"new") -> str:
    with pytest.raises(FileWriteError) as caught:
        replace_file(path, content)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_is_put_in_place_after_its_checks(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with replacing(path, b"content") as temporary:
        assert not path.exists()
        assert temporary.parent == tmp_path
        assert temporary.read_bytes() == b"content"
    assert path.read_bytes() == b"content"
    assert names(tmp_path) == ["model.onnx"]


@pytest.mark.parametrize("error", [ValueError("a check failed"), KeyboardInterrupt()])
def test_a_check_that_raises_leaves_the_old_file_and_nothing_else(
    error: BaseException, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    with pytest.raises(type(error)), replacing(path, b"new"):
        raise error
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["model.onnx"]


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old and longer")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_reader_of_the_old_file_keeps_it(tmp_path: Path) -> None:
    """The name is moved to the new file; the old one is not written into."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        replace_file(path, b"new")
        assert reader.read() == b"old"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "No such file or directory" in refusal(tmp_path / "none" / "model.onnx")


def test_a_folder_in_the_files_place_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.mkdir()
    assert "it is a folder; give the path of a file" in refusal(path)
    assert names(tmp_path) == ["model.onnx"]


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    assert "File name too long" in refusal(tmp_path / ("x" * 250))


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
        "from charlm_tui.files import FileWriteError, replace_file\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    replace_file(Path(sys.argv[1]), bytes(5000))\n"
        "except FileWriteError as error:\n"
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
    with pytest.raises(FileWriteError, match="Permission denied"):
        check_replaceable(folder / "model.onnx")


def test_a_place_is_checked_before_training_and_nothing_is_left_there(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folders" / "model.onnx"
    make_folder_for(path)
    check_replaceable(path)
    assert names(tmp_path / "new" / "folders") == []


@pytest.mark.linux
def test_a_place_where_nobody_may_write_is_told_before_training() -> None:
    with pytest.raises(FileWriteError, match="cannot be written"):
        check_replaceable(Path("/proc/self/model.onnx"))


def test_a_folder_as_place_is_told_before_training(tmp_path: Path) -> None:
    with pytest.raises(FileWriteError, match="is a folder; give the path of a file"):
        check_replaceable(tmp_path)


def test_a_place_below_a_file_is_told_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileWriteError, match="cannot be written"):
        check_replaceable(tmp_path / "file" / "model.onnx")
    with pytest.raises(FileWriteError, match="cannot be written"):
        make_folder_for(tmp_path / "file" / "folder" / "model.onnx")


def test_a_name_that_is_too_long_is_told_before_training(tmp_path: Path) -> None:
    with pytest.raises(FileWriteError, match="File name too long"):
        check_replaceable(tmp_path / ("x" * 250))
    with pytest.raises(FileWriteError, match="File name too long"):
        check_replaceable(tmp_path / ("x" * 300) / "model.onnx")


# What is there already.


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "x", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_a_file_keeps_its_mode(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    path.chmod(mode)
    with replacing(path, b"new") as part:
        assert stat.S_IMODE(part.stat().st_mode) == mode
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(not AS_ROOT, reason="only root may give files away: run this test as root")
def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    os.chown(path, 65_534, 65_533)
    replace_file(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (65_534, 65_533)


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    target, link, second = tmp_path / "elsewhere" / "x", tmp_path / "link", tmp_path / "second"
    target.parent.mkdir()
    link.symlink_to("elsewhere/x")
    second.symlink_to(link)
    for content in (b"to a file that is not there yet", b"new"):
        with replacing(second, content) as part:
            assert part.parent == target.parent
        assert target.read_bytes() == content
    assert (link.is_symlink(), second.is_symlink()) == (True, True)
    assert names(tmp_path) == ["elsewhere", "link", "second"]


def test_links_in_a_circle_and_a_null_are_told(tmp_path: Path) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    for path, says in ((circle, "symbolic links"), (tmp_path / "a\0b", "null")):
        assert says in refusal(path)
        for check in (check_replaceable, check_document, check_file):
            with pytest.raises(FileWriteError, match=says):
                check(path)
        with pytest.raises(FileWriteError, match=says):
            write_document(path, "")


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Have no right that the modes of files do not give; for root they are no bar."""
    if not AS_ROOT:
        yield
        return
    os.chown(folder, 65_534, 65_534)
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_nobody_may_write_is_left_alone_even_by_root() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own is closed to nobody
        path = Path(name) / "x"
        path.write_bytes(b"precious")
        path.chmod(0o444)
        says = "it is read-only; make it writable, or give another place"
        assert says in refusal(path)
        with as_nobody(Path(name)):
            assert says in refusal(path)
        if AS_ROOT:
            path.chmod(0o644)  # by its owner alone, who is not nobody
            os.chown(path, 0, 0)
            with as_nobody(Path(name)):
                assert says in refusal(path)
        assert path.read_bytes() == b"precious"


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    null, pipe, named = make_device(tmp_path / "null", NULL), tmp_path / "pipe", tmp_path / "socket"
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as it:
        it.bind(str(named))
    (tmp_path / "folder").mkdir()
    link = tmp_path / "link"
    link.symlink_to(null)
    before = names(tmp_path)
    kinds = {null: "device", link: "device", pipe: "pipe", named: "socket"}
    for path, kind in kinds.items():
        says = f"{path} cannot be written: it is a {kind}; give the path of a file"
        assert refusal(path) == says
        for check in (check_replaceable, check_file):
            with pytest.raises(FileWriteError, match=f"it is a {kind}"):
                check(path)
    with pytest.raises(FileWriteError, match="it is a socket"):
        write_document(named, "text")
    assert names(tmp_path) == before
    assert is_device(null, NULL)
    assert pipe.is_fifo()
    assert named.is_socket()


def test_a_disk_is_never_written(tmp_path: Path) -> None:
    """A block device of a number that no driver has: opening it fails, whoever tries."""
    path = tmp_path / "disk"
    try:
        os.mknod(path, 0o600 | stat.S_IFBLK, os.makedev(240, 250))
    except OSError as error:
        pytest.skip(f"no device can be made in {tmp_path} ({error}); run this test as root")
    for write in (replace_file, write_document):
        with pytest.raises(FileWriteError, match="it is a disk; give the path of a file"):
            write(path, "text")
    assert path.is_block_device()


# Straight through.


def test_a_document_goes_straight_through_to_a_terminal() -> None:
    """A device that every user may write to."""
    master, slave = os.openpty()
    try:
        tty.setraw(slave)
        path = Path(os.ttyname(slave))
        check_document(path)
        write_document(path, "grün\n")
        assert os.read(master, 100) == "grün\n".encode()
        assert path.is_char_device()
    finally:
        os.close(master)
        os.close(slave)


def test_a_document_that_a_pipe_cannot_hold_goes_straight_through_to_its_reader(
    tmp_path: Path,
) -> None:
    pipe, content = tmp_path / "pipe", b"0123456789" * 100_000
    os.mkfifo(pipe)
    check_document(pipe)  # opens nothing: there is no reader yet
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_document(pipe, content)
    reader.join(60)
    assert read == [content]
    assert names(tmp_path) == ["pipe"]


def test_a_reader_that_leaves_is_told(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def read_a_little() -> None:
        with pipe.open("rb", buffering=0) as file:
            file.read(100)

    reader = threading.Thread(target=read_a_little)
    reader.start()
    with pytest.raises(FileWriteError, match="cannot be written: Broken pipe; check it"):
        write_document(pipe, bytes(10**7))  # more than a pipe holds
    reader.join(60)


def test_a_full_device_is_told(tmp_path: Path) -> None:
    full = make_device(tmp_path / "full", FULL)
    check_document(full)
    with pytest.raises(FileWriteError) as caught:
        write_document(full, "text")
    assert str(caught.value) == (
        f"{full} cannot be written: No space left on device; free some space, or give another place"
    )
    assert is_device(full, FULL)


def test_standard_output_is_written_where_it_is(tmp_path: Path) -> None:
    """Neither replaced, nor from the beginning of the file that it goes to."""
    out, link = tmp_path / "out", make_standard_output(tmp_path / "stdout")
    assert is_stream(link)
    assert "it is an open stream" in refusal(link)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from charlm_tui.files import check_document, write_document\n"
        "print('one', flush=True)\n"
        "check_document(Path(sys.argv[1]))\n"
        "write_document(Path(sys.argv[1]), 'two\\n')\n"
        "print('three')\n"
    )
    with out.open("wb") as file:
        command = [sys.executable, "-B", "-c", code, str(link)]
        subprocess.run(command, cwd=ROOT, stdout=file, timeout=60, check=True)
    assert out.read_text() == "one\ntwo\nthree\n"
    assert link.is_symlink()


def test_a_descriptor_that_is_closed_is_told_before_anything_is_written() -> None:
    descriptor = os.open("/", os.O_RDONLY)
    os.close(descriptor)
    path = Path(f"/dev/fd/{descriptor}")
    for write in (check_document, lambda it: write_document(it, "text")):
        with pytest.raises(FileWriteError, match="Bad file descriptor"):
            write(path)


# Reading.


def unreadable(path: Path, most_bytes: int = 100, waits: bool = True) -> str:
    with pytest.raises(FileReadError) as caught:
        read_file(path, most_bytes, "give another", waits)
    assert str(caught.value) == f"{path} cannot be read: {caught.value.reason}; give another"
    return caught.value.reason


@contextmanager
def written(pipe: Path, content: bytes) -> Iterator[None]:
    """Write into a pipe from another thread, as long as somebody reads."""

    def write() -> None:
        try:
            pipe.write_bytes(content)
        except BrokenPipeError:
            pass

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        writer.join(60)


def test_a_pipe_is_read_until_its_writer_closes_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with written(pipe, b"x" * 500_000):  # more than a pipe holds
        assert len(read_file(pipe, 10**6, "")) == 500_000


def test_a_front_end_reads_a_pipe_that_is_written() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"whole")
    os.close(writer)
    assert read_file(Path(f"/dev/fd/{reader}"), 100, "", waits=False) == b"whole"
    os.close(reader)


def test_a_pipe_with_more_than_is_expected_is_refused_at_the_bound(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with written(pipe, b"x" * 5_000_000):
        assert unreadable(pipe, 2_000_000) == "it has more than 2 MB"


def test_a_front_end_does_not_stand_still_for_a_pipe_that_nobody_writes(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "its writer was not done in time" in unreadable(pipe, waits=False)
    reader, writer = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), os.open(pipe, os.O_WRONLY)
    os.write(writer, b"a beginning")
    assert "its writer was not done in time" in unreadable(pipe, waits=False)
    os.close(writer)
    os.close(reader)


def test_a_device_a_folder_and_a_socket_are_refused_and_the_null_device_is_empty(
    tmp_path: Path,
) -> None:
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name, kind in (("folder", "a folder"), ("socket", "a socket")):
            assert unreadable(tmp_path / name) == f"it is {kind}"
    assert unreadable(make_device(tmp_path / "zero", ZERO)) == "it is a device"
    assert read_file(make_device(tmp_path / "null", NULL), 0, "") == b""


def test_a_file_that_is_too_large_is_refused_before_anything_of_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "holes"
    with path.open("wb") as file:
        file.truncate(2**40)
    assert unreadable(path, 50_000) == "it has more than 50 kB"
    path.write_bytes(b"x" * 100)
    assert read_file(path, 100, "") == b"x" * 100
    assert unreadable(path, 99) == "it has more than 99 bytes"


def test_what_is_not_there_is_told_and_so_is_what_no_path_can_be(tmp_path: Path) -> None:
    with pytest.raises(FileReadError) as caught:
        read_file(tmp_path / "none", 1, "")
    assert caught.value.missing
    assert "embedded null byte" in unreadable(Path("a\0b"))
    assert "name too long" in unreadable(tmp_path / ("x" * 300))
    with pytest.raises(FileReadError, match="…") as caught:
        read_file(Path("x" * 10**6), 1, "")
    assert len(str(caught.value)) < 5000
    for number in (2**31 - 1, 10**20):
        assert unreadable(Path(f"/dev/fd/{number}"))


def test_a_descriptor_is_read_from_where_it_stands() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"one two")
        file.seek(4)
        assert read_file(Path(f"/dev/fd/{file.fileno()}"), 100, "") == b"two"


def test_a_stream_with_more_than_is_expected_is_refused() -> None:
    with open("/dev/zero", "rb") as endless, pytest.raises(FileReadError, match="more than 1 MB"):
        read_stream(endless, 10**6, "the text", "give less")


def test_a_home_that_nobody_has_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert at_home(Path("~/x")) == Path("/somewhere/x")
    assert at_home(Path("~nobody-of-that-name/x")) == Path("~nobody-of-that-name/x")


def test_a_file_that_is_replaced_or_changed_is_told_from_what_was_there(tmp_path: Path) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    assert file_version(path) is None
    path.write_bytes(b"one")
    first = file_version(path)
    assert file_version(path) == first is not None
    status = path.stat()
    other.write_bytes(b"two")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(other, path)  # of the same size and time
    second = file_version(path)
    assert second != first
    path.write_bytes(b"three")
    assert file_version(path) != second
    path.write_bytes(b"two")
    os.utime(path, ns=(0, 0))
    assert file_version(path) != second  # of the same size
    assert file_version(Path("a\0b")) is None
