"""What was typed, to be typed again: walking back and forth, and searching.

Owns the list and the place in it; where it is kept from one session to the next is the history's
affair.
"""

from collections.abc import Iterable, Sequence

from charlm_tui.session.typed import Meaning, meaning


class Prompts:
    """Texts that were typed, the oldest first, and what is being typed now."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._place: int | None = None  # of the one that is shown; None is what is being typed
        self._draft = ""

    def __len__(self) -> int:
        return len(self._texts)

    def load(self, newest_first: Iterable[str]) -> None:
        """Put what was typed in other sessions before what was typed in this one."""
        self._texts[:0] = reversed(list(newest_first))

    def add(self, text: str) -> None:
        """Add what was typed, unless it is empty or was the last one; the walk ends."""
        self._place = None
        if text and (not self._texts or self._texts[-1] != text):
            self._texts.append(text)

    def older(self, shown: str) -> str | None:
        """Return the one before the one that is shown; None if there is none.

        Args:
            shown: what stands in the prompt: it comes back if it has not been sent.
        """
        if self._place is None:
            self._draft = shown
        place = len(self._texts) if self._place is None else self._place
        if place == 0:
            return None
        self._place = place - 1
        return self._texts[self._place]

    def newer(self) -> str | None:
        """Return the one after the one that is shown, at last what was being typed."""
        if self._place is None:
            return None
        self._place += 1
        if self._place < len(self._texts):
            return self._texts[self._place]
        self._place = None
        return self._draft

    def search(self, part: str, most: int) -> Sequence[str]:
        """Return those that have a part, whatever its case, each once, the newest first.

        Commands are left out: they are no seeds.
        """
        part = part.casefold()
        found = dict.fromkeys(
            text
            for text in reversed(self._texts)
            if part in text.casefold() and meaning(text) is not Meaning.COMMAND
        )
        return list(found)[:most]
