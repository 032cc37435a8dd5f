"""Which characters may follow so that a reply matches, and keeps the other rules until it does.

The product of three automata: of a regular expression, of the forbidden phrases and of the texts
that end a reply. A state of it is looked at when a reply can first come to it, with all that can
follow from there.
"""

from collections.abc import Container

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.matching import Automaton
from charlm_tui.lm.phrases import Phrases

NEVER = 2**60
"""Characters until something that cannot happen."""
MOST_MOVES = 1_000_000
"""States times symbols that are looked at: less than a second."""
_CACHE_BYTES = 2**24  # of what is kept of the states

State = tuple[int, int, int]
"""Of the expression, of the forbidden phrases, and of the texts that end a reply."""


class TooLargeError(Exception):
    """More can follow than is looked at."""


class Product:
    """The product of the automata of the rules of a reply.

    Args:
        automaton: of the expression.
        banned: ids that are never drawn.
        forbid: a character that completes one of them is left out.
        until: likewise, where the reply does not match with that character.
        base: float64 [vocabulary], added to the logits in any case; None is nothing.
    """

    def __init__(
        self,
        automaton: Automaton,
        banned: Container[int],
        forbid: Phrases,
        until: Phrases,
        base: NDArray[np.float64] | None = None,
    ) -> None:
        self._automaton = automaton
        self._forbid = forbid
        self._until = until
        self._base = base
        size = len(automaton.symbol_of)
        self._most_kept = max(16, _CACHE_BYTES // (16 * size))
        # Characters that no automaton tells apart are one symbol here, too.
        named = forbid.ids | until.ids
        symbols: dict[tuple[int, int], int] = {}
        self._examples: list[int] = []  # by the symbol: the id of a character, or -1 if none may be
        self.symbol_of: list[int] = []
        """By the id of a character: the number of its symbol."""
        for index, symbol in enumerate(automaton.symbol_of):
            left_out = symbol < 0 or index in banned
            key = (-1, -1) if left_out else (symbol, index if index in named else -1)
            if key not in symbols:
                symbols[key] = len(symbols)
                self._examples.append(-1 if left_out else index)
            self.symbol_of.append(symbols[key])
        self._symbols = np.array(self.symbol_of)
        self._numbers: dict[State, int] = {}
        self._states: list[State] = []
        self.moves: list[list[int]] = []
        """By the state and the symbol: the next state, or -1 where the character is left out."""
        self.matched: list[bool] = []
        """By the state: whether the reply matches."""
        self.least: list[int] = []
        """By the state: the least number of characters until it matches, or `NEVER`."""
        self.nearest: list[int] = []
        """By the state: the least number of characters until it matches with one more at least."""
        self._farthest: list[int] = []  # that number, with the character that is the worst for it
        self._needs: dict[int, NDArray[np.int64]] = {}
        self._offsets: dict[int, NDArray[np.float64] | None] = {}

    def state(self, state: State) -> int:
        """Return the number of a state, from which all is known that can follow.

        Raises:
            TooLargeError: that is too much.
        """
        if state not in self._numbers:
            self._look_at(state)
        return self._numbers[state]

    def automaton_state(self, state: int) -> int:
        """Return the state of the expression that belongs to a state."""
        return self._states[state][0]

    def offsets(self, state: int, left: int) -> NDArray[np.float64] | None:
        """Return what is added to the logits, float64 [vocabulary]; None where nothing is changed.

        Args:
            state: its number.
            left: how many characters are left, at least `nearest` of the state.
        """
        if left < self._farthest[state]:
            return self._where(self._needed(state) <= left)
        if state not in self._offsets:
            if len(self._offsets) >= self._most_kept:
                self._offsets.clear()
            self._offsets[state] = self._where(self._needed(state) < NEVER)
        return self._offsets[state]

    def _where(self, allowed: NDArray[np.bool_]) -> NDArray[np.float64] | None:
        if self._base is None and allowed.all():
            return None
        return np.where(allowed, 0.0 if self._base is None else self._base, -np.inf)

    def _needed(self, state: int) -> NDArray[np.int64]:
        """Return, by the id, how many characters a match takes that begins with it."""
        if state not in self._needs:
            if len(self._needs) >= self._most_kept:
                self._needs.clear()
            of_symbols = np.array([self._need(after) for after in self.moves[state]])
            self._needs[state] = of_symbols[self._symbols]
        return self._needs[state]

    def _need(self, after: int) -> int:
        return NEVER if after < 0 else min(NEVER, 1 + self.least[after])

    def _look_at(self, first: State) -> None:
        """Find all states that can follow one, and how far each is from a match."""
        known = len(self._states)
        self._number(first)
        place = known
        while place < len(self._states):
            if place * len(self._examples) > MOST_MOVES:
                raise TooLargeError
            self.moves.append(self._moves(self._states[place]))
            place += 1
        self._measure()
        for moves in self.moves[known:]:
            needs = [need for need in map(self._need, moves) if need < NEVER]
            self.nearest.append(min(needs, default=NEVER))
            self._farthest.append(max(needs, default=0))

    def _number(self, state: State) -> int:
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
            self.matched.append(self._automaton.final[state[0]])
        return number

    def _moves(self, state: State) -> list[int]:
        """Return, by the symbol, the number of the next state, or -1."""
        matching, forbid, until = state
        of_matching = self._automaton.moves[matching]
        of_forbid, of_until = self._forbid.moves[forbid], self._until.moves[until]
        moves = []
        for index in self._examples:
            after = of_matching.get(self._automaton.symbol_of[index]) if index >= 0 else None
            forbidden, ended = of_forbid.get(index, 0), of_until.get(index, 0)
            if (
                after is None
                or self._forbid.completed[forbidden]
                or (self._until.completed[ended] and not self._automaton.final[after])
            ):
                moves.append(-1)
            else:
                moves.append(self._number((after, forbidden, ended)))
        return moves

    def _measure(self) -> None:
        """Find the least number of characters to a match from every state: breadth first, back."""
        before: list[list[int]] = [[] for _ in self.moves]
        for state, moves in enumerate(self.moves):
            for after in moves:
                if after >= 0:
                    before[after].append(state)
        self.least = [0 if matched else NEVER for matched in self.matched]
        waiting = [state for state, matched in enumerate(self.matched) if matched]
        for state in waiting:  # a list that grows
            for other in before[state]:
                if self.least[other] == NEVER:
                    self.least[other] = self.least[state] + 1
                    waiting.append(other)
