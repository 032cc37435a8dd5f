"""What a browser says to the server: what the page says is handed on, all else is a fault."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.web.packets import PacketFault, Pong, packet_of

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KINDS = st.sampled_from(["stdin", "resize", "ping", "blur", "focus", "quit", "exit", "deliver"])


def told(packet: bytes) -> dict[str, object]:
    assert int.from_bytes(packet[1:5], "big") == len(packet[5:])
    found: dict[str, object] = json.loads(packet[5:])
    return found


def test_what_the_page_says_is_handed_on() -> None:
    assert packet_of('["stdin", "aé\\u001b[A"]') == b"D\0\0\0\6a\xc3\xa9\x1b[A"
    assert packet_of('["stdin", "\\ud800"]') == b"D\0\0\0\1?"
    assert told(packet_of('["focus"]')) == {"type": "focus"}
    assert packet_of('["ping", "17"]') == '["pong", "17"]'
    resized = packet_of('["resize", {"width": 99999999, "height": -5}]')
    assert told(resized) == {"type": "resize", "width": 1000, "height": 1}


@pytest.mark.parametrize(
    "message",
    [
        *("", "x", "null", "[]", "{}", "[1]", '["quit"]', '["stdin"]', '["stdin", 7]', "[" * 9**6),
        *('["resize", [80, 24]]', '["resize", {"width": 80}]'),
        '["resize", {"width": 1, "height": 1e9}]',
        *('["ping", "' + "x" * 99 + '"]', '["blur", 1]', '["deliver_chunk_request", {"key": "a"}]'),
    ],
    ids=range(16),
)  # fmt: skip
def test_what_the_page_never_says_is_a_fault(message: str) -> None:
    with pytest.raises(PacketFault):
        packet_of(message)


@given(st.lists(KINDS | ANYTHING, min_size=1, max_size=3).map(json.dumps) | st.text())
def test_whatever_comes_is_a_packet_or_a_fault(message: str) -> None:
    try:
        packet = packet_of(message)
    except PacketFault:
        return
    assert isinstance(packet, Pong) or packet[:1] in (b"D", b"M")
    if isinstance(packet, bytes) and packet[:1] == b"M":
        assert told(packet)["type"] in ("resize", "focus", "blur")
