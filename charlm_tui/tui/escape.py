"""What takes a terminal out of the modes that Textual puts it into; imports no Textual."""

LEAVE_SEQUENCE = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # the mouse
    b"\x1b[?2004l\x1b[?2048l\x1b[?1004l\x1b[<u"  # pastes, sizes, focus, the keyboard
    b"\x1b[?2026l\x1b[?7h"  # a frame that was not ended, line wrap
    b"\x1b[?1049l\x1b[?25h\x1b[0m"  # the screen, the cursor, the colours
)
