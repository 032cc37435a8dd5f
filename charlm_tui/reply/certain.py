"""What was drawn of a reply and stays: a text that ends it may be taken away (`until_cut`)."""

from charlm_tui.reply.tape import Columns


class Certain:
    """What was drawn of a reply, held back for as long as its rules may take it away again.

    A text that ends a reply, and is not to be a part of it, is known with its last character.

    Args:
        first: number of the next character.
        length: of the reply; 0 is without end. There, what is held back is a part of it.
    """

    def __init__(self, first: int, length: int) -> None:
        self.count = first
        """The number of the next character that is not certain."""
        self._length = length
        self._held = Columns.joined([])

    @property
    def drawn(self) -> int:
        """The number of the next character that is to be drawn."""
        return self.count + self._held.characters

    def room(self, most: int) -> int:
        """Return how many characters to draw, of which `most` would be a part of the reply."""
        return min(most, self._length - self.drawn) if self._length else most

    def released(self, drawn: Columns, ended: bool, cut: int) -> Columns:
        """Return what has become certain.

        Args:
            drawn: the next characters.
            ended: whether rules have ended the reply with the last of them.
            cut: how many at the end are taken away then, or may yet be.
        """
        every = Columns.joined([self._held, drawn])
        whole = self.count + every.characters == self._length and not ended
        certain = max(0, every.characters - (0 if whole else cut))
        self._held = Columns.joined([]) if ended else every.between(certain, every.characters)
        self.count += certain
        return every.between(0, certain)
