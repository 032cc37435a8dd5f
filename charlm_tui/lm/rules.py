"""What the rules of a reply do to the distribution of each of its characters.

Bans and biases are the same at every character. A forbidden phrase leaves out the character that
would complete it. A regular expression leaves out each character after which the reply could not
match any more, whatever followed, within the length that is left. A text of `until` ends the reply,
and so does the expression where it matches and nothing more may follow.

Where there is an expression, all of the rules are seen at once: no character is drawn from which
the reply could match only by way of a banned character, a forbidden phrase, or an end by `until`
where it does not match yet. So a reply always matches. What has to match is the reply as it was
drawn, before `until_cut` takes a text away from it.

Rules know no model: what they look at are the ids of characters.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.errors import RuleError, SettingsError
from charlm_tui.lm.matching import automaton
from charlm_tui.lm.phrases import Phrases
from charlm_tui.lm.product import NEVER, Product, State, TooLargeError
from charlm_tui.lm.rule_values import Bias
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary

Offsets = NDArray[np.float64]
"""[vocabulary], in nats: what is added to the logits; -inf where a character is left out."""

KEPT = 32
"""Rules that are kept compiled."""
_CACHE_BYTES = 2**24  # of the offsets that are kept
_UNBOUNDED = NEVER - 1  # characters that are left where no length is given


class Rules:
    """The rules of some settings, compiled for a vocabulary.

    Args:
        settings: of which only what is a rule is looked at, and of that not where a match begins
            and ends, and whether a text is cut.
        vocabulary: of the model, as which texts are folded. A character that it does not have is
            neither banned nor biased; a text with one never appears. Biases of characters that it
            folds to one are added.

    Raises:
        SettingsError: the regular expression cannot be used.
    """

    def __init__(self, settings: Settings, vocabulary: Vocabulary) -> None:
        self.forbid = Phrases(_phrases(settings.forbid, vocabulary))
        self.until = Phrases(_phrases(settings.until, vocabulary))
        self._size = len(vocabulary)
        self._banned = frozenset(_ids(settings.ban, vocabulary))
        self._base = self._base_of(settings.bias, vocabulary)
        self._offsets: dict[int, Offsets | None] = {}
        self._match = settings.match
        self._automaton = automaton(self._match, vocabulary.symbols) if self._match else None
        self._product: Product | None = None
        others = {"--ban": self._banned, "--forbid": self.forbid.ids, "--until": self.until.ids}
        self._others = [name for name, ids in others.items() if ids]  # beside --match

    def _base_of(self, bias: Bias, vocabulary: Vocabulary) -> Offsets | None:
        """Return what is added at every character; None if it is nothing."""
        base = np.zeros(self._size)
        for char, bits in bias:
            base[_ids(char, vocabulary)] += bits * np.log(2)
        base[list(self._banned)] = -np.inf
        return base if base.any() else None

    def automaton_state(self, state: int, ids: Sequence[int]) -> int | None:
        """Return the state of the expression after more characters; None if none can match then."""
        assert self._automaton is not None
        for index in ids:
            after = self._automaton.moves[state].get(self._automaton.symbol_of[index])
            if after is None:
                return None
            state = after
        return state

    def product(self, state: State) -> tuple[Product, int]:
        """Return all that can follow a state where there is an expression, and its number there.

        Raises:
            SettingsError: that is too much.
        """
        assert self._automaton is not None
        for product in (self._product, None):  # one that is full of other states is left
            if product is None:
                product = Product(
                    self._automaton, self._banned, self.forbid, self.until, self._base
                )
            self._product = None
            try:
                number = product.state(state)
            except TooLargeError:
                continue
            self._product = product
            return product, number
        raise SettingsError(
            f"{self._named_match()} cannot be used: too much may follow; give a simpler one, "
            "or fewer and shorter texts"
        )

    def offsets(self, forbid: int) -> Offsets | None:
        """Return what is added where nothing has to match; None where nothing is changed.

        Args:
            forbid: state of the forbidden phrases.

        Raises:
            RuleError: no character is left.
        """
        if forbid not in self._offsets:
            if len(self._offsets) >= max(16, _CACHE_BYTES // (8 * self._size)):
                self._offsets.clear()
            made, left_out = self._base, self.forbid.completing[forbid]
            if left_out:
                made = np.zeros(self._size) if made is None else made.copy()
                made[list(left_out)] = -np.inf
            if made is not None and np.isneginf(made).all():
                raise self._nothing_left(bool(left_out))
            self._offsets[forbid] = made
        return self._offsets[forbid]

    def _nothing_left(self, forbidden: bool) -> RuleError:
        what, which = {
            (True, False): ("--ban leaves out all of them", "ban fewer"),
            (False, True): ("--forbid leaves out all of them here", "forbid fewer phrases"),
        }.get(
            (bool(self._banned), forbidden),
            ("--ban and --forbid leave out all of them here", "ban or forbid fewer"),
        )
        return RuleError(f"no character is left to draw: {what}; {which}")

    def _named_match(self) -> str:
        *some, last = ["", *self._others]
        beside = f" with {' and '.join(filter(None, [', '.join(filter(None, some)), last]))}"
        return f"--match {self._match!r:.60}{beside if last else ''}"

    def unmatched(self, matched: bool, least: int, left: int) -> RuleError:
        """Return the error that nothing may be drawn where something has to match.

        Args:
            matched: whether it does already.
            least: number of characters in which it can, if there were enough of them.
            left: number of characters that are left.
        """
        if matched:
            return RuleError(
                f"the reply matches {self._named_match()}, and nothing more may follow"
            )
        if least >= NEVER:
            return RuleError(
                f"{self._named_match()} cannot be fulfilled by any text that may follow here; "
                "give another expression"
            )
        where = (
            "the 1 character that is left" if left == 1 else f"the {left} characters that are left"
        )
        return RuleError(
            f"{self._named_match()} cannot be fulfilled in {where}; give a longer length or "
            "another expression"
        )


@lru_cache(KEPT)
def _compiled(settings: Settings, vocabulary: Vocabulary) -> Rules:
    return Rules(settings, vocabulary)


def compiled(settings: Settings, vocabulary: Vocabulary) -> Rules | None:
    """Return the rules of settings, or None if there are none.

    The last ones are kept, whatever else the settings are.

    Raises:
        SettingsError: the regular expression cannot be used.
    """
    if not settings.rules:
        return None
    rules = Settings(
        ban=settings.ban,
        bias=settings.bias,
        until=settings.until,
        forbid=settings.forbid,
        match=settings.match,
    )
    return _compiled(rules, vocabulary)


class RuleState:
    """What the rules of a reply allow at its next character.

    Args:
        rules: of the settings.
        settings: in force at the next character.
        before: ids that were read before the reply, without the start symbol; the last of them are
            enough. A forbidden phrase may begin there.
        drawn: ids of the reply up to here, at least from `match_from` on, and the last of them.
        number: of the next character.

    Raises:
        SettingsError: too much may follow for the regular expression to be used.
    """

    def __init__(
        self,
        rules: Rules,
        settings: Settings,
        before: Sequence[int] = (),
        drawn: Sequence[int] = (),
        number: int = 0,
    ) -> None:
        self._rules = rules
        self._cuts = settings.until_cut
        self._number = number
        self._within = settings.match_within
        self._match_from = settings.match_from if settings.match else -1
        self._forbid_moves, self._until_moves = rules.forbid.moves, rules.until.moves
        self._forbid = rules.forbid.after(drawn, rules.forbid.after(before))
        self._until = rules.until.after(drawn)
        self._completed = rules.until.completed
        self._product: Product | None = None
        self._state = 0  # of the product, if there is one
        self._broken = False  # what a person has chosen matches with nothing that may follow
        self.ended = False
        """Whether the last character taken has ended the reply."""
        self.cut = 0
        """How many characters are then to be taken away from its end; how many may yet be, if it
        has not: they are the beginning of a text that would end it."""
        if 0 <= self._match_from <= number:
            place = self._match_from - (number - len(drawn))
            assert place >= 0, "not all was given that has to match"
            self._match(rules.automaton_state(0, drawn[place:]))

    def offsets(self) -> Offsets | None:
        """Return what is added to the logits of the next character; None where that is nothing.

        Raises:
            RuleError: no character is left to draw.
        """
        product, state = self._product, self._state
        if product is None:
            if self._broken:
                raise self._rules.unmatched(False, NEVER, 0)
            return self._rules.offsets(self._forbid)
        left = self._left
        if product.nearest[state] > left:
            raise self._rules.unmatched(product.matched[state], product.least[state], left)
        return product.offsets(state, left)

    def take(self, index: int) -> None:
        """Go on by a character, which may be one that a person has chosen against the rules."""
        self._number += 1
        self._forbid = self._forbid_moves[self._forbid].get(index, 0)
        self._until = self._until_moves[self._until].get(index, 0)
        completed = self._completed[self._until]
        self.ended = completed > 0
        if self._product is not None:
            after = self._product.moves[self._state][self._product.symbol_of[index]]
            if after >= 0:
                self._state = after
            else:  # a person has chosen it
                before = self._product.automaton_state(self._state)
                self._match(self._rules.automaton_state(before, [index]))
        elif self._number == self._match_from:
            self._match(0)
        self.ended = self.ended or self._matched()
        if self._cuts:
            self.cut = completed or (0 if self.ended else self._rules.until.depths[self._until])

    @property
    def _left(self) -> int:
        return self._within - self._number if self._within else _UNBOUNDED

    def _matched(self) -> bool:
        """Return whether the reply matches and nothing more may follow."""
        product, state = self._product, self._state
        return (
            product is not None and product.matched[state] and product.nearest[state] > self._left
        )

    def _match(self, state: int | None) -> None:
        """Go on from a state of the expression; None is the one from which nothing matches."""
        self._product, self._broken = None, state is None
        if state is not None:
            reached = (state, self._forbid, self._until)
            self._product, self._state = self._rules.product(reached)


def rule_state(
    settings: Settings,
    vocabulary: Vocabulary,
    before: Sequence[int],
    drawn: Sequence[int],
    number: int,
) -> RuleState | None:
    """Return what the rules of settings allow from a character on; None if there are none."""
    rules = compiled(settings, vocabulary)
    return None if rules is None else RuleState(rules, settings, before, drawn, number)


def _ids(chars: Iterable[str], vocabulary: Vocabulary) -> list[int]:
    """Return the ids of characters, as a model folds them, of those that are one for it."""
    forms = (vocabulary.fit(char).text for char in chars)
    return vocabulary.encode("".join(form for form in forms if len(form) == 1))


def _phrases(texts: Iterable[str], vocabulary: Vocabulary) -> list[list[int]]:
    """Return the ids of texts, as a model folds them, without those that it cannot say."""
    fitted = [vocabulary.fit(text) for text in texts if vocabulary.without_mark(text) == text]
    return [vocabulary.encode(each.text) for each in fitted if each.text and not each.dropped]
