"""What the programs that make pictures share: the model, the folder, waiting for a state."""

from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

DOCS = Path(__file__).resolve().parent
MODEL = DOCS.parent / "models" / "nietzsche.onnx"
PICTURES = DOCS / "pictures"
WAIT_S = 60.0  # that a state may take to come
LOOK_S = 0.02  # between two looks whether it has


async def until(pilot: Pilot[None], reached: Callable[[], object], what: str) -> None:
    """Wait until a state is reached, and say what never happened if it is not."""
    for _ in range(int(WAIT_S / LOOK_S)):
        if reached():
            await pilot.pause()
            return
        await pilot.pause(LOOK_S)
    raise TimeoutError(f"it never happened: {what}")
