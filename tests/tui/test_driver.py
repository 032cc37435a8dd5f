"""The terminal's output: what is written while the terminal is slow, or gone."""

import os
import pty
import threading

from charlm_tui.tui.driver import TerminalFile

TEXT = bytes(range(32, 127)) * 3000  # many times what a terminal holds


def test_what_is_written_to_a_closed_terminal_is_written_in_vain() -> None:
    master, slave = pty.openpty()
    os.close(master)
    with TerminalFile(slave) as file:
        assert file.write(TEXT) == len(TEXT)
    os.close(slave)


def test_a_terminal_that_is_not_to_be_waited_for_gets_everything() -> None:
    master, slave = pty.openpty()
    os.set_blocking(slave, False)
    got = bytearray()

    def read() -> None:
        while len(got) < len(TEXT):
            got.extend(os.read(master, 65_536))

    reader = threading.Thread(target=read)
    reader.start()
    with TerminalFile(slave) as file:
        written = 0
        while written < len(TEXT):
            written += file.write(TEXT[written:])
    reader.join()
    os.close(slave)
    os.close(master)
    assert bytes(got) == TEXT
