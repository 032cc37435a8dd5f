"""What is going to happen in a run, in words: how long it takes, and whether the text is enough."""

from charlm_tui.text import duration

WEIGHTS = 2  # for each character that is trained on, from which on a network is too large for it


def lasting(epoch_s: float, epochs: int | None, parts: int = 1) -> str:
    """Say how long an epoch takes, and all of them if their number is known.

    Args:
        epoch_s: seconds of an epoch.
        epochs: of the run; None if it has a time budget.
        parts: that an epoch is cut into.
    """
    whole = f" in {parts} parts" if parts > 1 else ""
    if epochs is not None and epochs > 1:
        whole += f", all {epochs} about {duration(epoch_s * epochs)}"
    return f"an epoch takes about {duration(epoch_s)}{whole}"


def by_heart(parameters: int, characters: int) -> str:
    """Return a warning if a network may learn its text by heart; nothing if it may not.

    Args:
        parameters: of the network.
        characters: that are trained on.
    """
    if parameters < WEIGHTS * characters:
        return ""
    return (
        f"{parameters:,} weights for {characters:,} characters: without dropout it learns the "
        "text by heart"
    )
