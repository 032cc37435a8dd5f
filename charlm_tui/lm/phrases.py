"""Where phrases end in a text that is read character by character.

The automaton of Aho & Corasick ("Efficient string matching: an aid to bibliographic search", CACM
18, 1975). Its state after a text is the longest end of it with which a phrase begins.
"""

from collections import deque
from collections.abc import Sequence


class Phrases:
    """The automaton of some phrases; state 0 is that of no text.

    Args:
        phrases: ids of the characters of each; none of them is empty.
    """

    def __init__(self, phrases: Sequence[Sequence[int]]) -> None:
        self.moves: list[dict[int, int]] = [{}]
        """By the state: the next state by the id; 0 where there is none."""
        self.completed: list[int] = [0]
        """By the state: the length of the longest phrase that ends there; 0 if none does."""
        self.depths: list[int] = [0]
        """By the state: how many characters it has seen of a phrase."""
        for phrase in phrases:
            state = 0
            for index in phrase:
                if index not in self.moves[state]:
                    self.moves[state][index] = len(self.moves)
                    self.moves.append({})
                    self.completed.append(0)
                    self.depths.append(self.depths[state] + 1)
                state = self.moves[state][index]
            self.completed[state] = len(phrase)
        self._follow_shorter_ends()
        self.completing = tuple(
            tuple(index for index, after in moves.items() if self.completed[after])
            for moves in self.moves
        )
        """By the state: the ids of the characters that complete a phrase."""
        self.ids = frozenset(index for phrase in phrases for index in phrase)
        """Of all characters in them."""
        self._longest = max(map(len, phrases), default=0)

    def _follow_shorter_ends(self) -> None:
        """Let each state go on as the longest shorter end of its text does, where it does not."""
        waiting = deque((after, 0) for after in self.moves[0].values())
        while waiting:  # the shorter texts first
            state, shorter = waiting.popleft()
            for index, after in self.moves[state].items():
                waiting.append((after, self.moves[shorter].get(index, 0)))
            self.moves[state] = self.moves[shorter] | self.moves[state]
            self.completed[state] = self.completed[state] or self.completed[shorter]

    def after(self, ids: Sequence[int], state: int = 0) -> int:
        """Return the state after more characters."""
        for index in ids[max(0, len(ids) - self._longest) :]:
            state = self.moves[state].get(index, 0)
        return state
