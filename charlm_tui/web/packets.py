"""What a browser and a visitor's process say to each other, by way of the server.

A browser sends JSON lists, as textual-serve's page makes them; a process reads and writes packets:
a letter, four bytes of length, and as many bytes. Whoever sends anything else has made a fault.
"""

import json
from typing import Any

MOST_COLUMNS, MOST_ROWS = 1000, 500
MOST_PING = 64  # characters that are sent back
MOST_PACKET = 16 * 2**20
"""Bytes of one packet of a process; a frame of the largest screen has fewer."""


class PacketFault(Exception):  # noqa: N818  (whoever sent it is at fault)
    """That is nothing that the page or a process of ours sends."""


class Pong(str):
    """What a browser gets back that has sent a ping."""

    __slots__ = ()


def packet_of(message: str) -> bytes | Pong:
    """Return the packet for a visitor's process, or what the browser gets back.

    Args:
        message: of the browser.

    Raises:
        PacketFault: it is none of the page's.
    """
    try:
        parts = json.loads(message)
    except (ValueError, RecursionError):
        raise PacketFault from None
    match parts:
        case ["stdin", str(typed)]:
            return packet(b"D", typed.encode("utf-8", "replace"))
        case ["resize", {"width": int(width), "height": int(height)}]:
            return size_packet(width, height)
        case ["ping", str(word)] if len(word) <= MOST_PING:
            return Pong(json.dumps(["pong", word]))
        case ["focus" | "blur" as kind]:
            return meta(type=kind)
    raise PacketFault


def size_packet(width: int, height: int) -> bytes:
    """Return the packet that tells the size of a screen, in cells, as far as it can be drawn."""
    return meta(
        type="resize", width=bounded(width, MOST_COLUMNS), height=bounded(height, MOST_ROWS)
    )


def bounded(cells: int, most: int) -> int:
    """Return a number of cells that can be drawn."""
    return min(max(cells, 1), most)


def meta(**told: Any) -> bytes:
    """Return a packet that tells something beside what is typed."""
    return packet(b"M", json.dumps(told).encode())


def packet(kind: bytes, payload: bytes) -> bytes:
    """Return a packet; `kind` is D for what is typed or drawn, and M for what is told beside it."""
    return kind + len(payload).to_bytes(4, "big") + payload
