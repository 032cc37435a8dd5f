"""Language models whose every logit a test knows: uniform, scripted, and one that fails.

They run in numpy, follow the `LanguageModel` protocol and keep one state, so that a window moves
real buffers. None of them depends on more than the last character.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.contract import Contract, State
from charlm_tui.lm.model import Floats, Ids, Step
from charlm_tui.lm.vocabulary import Case, Vocabulary

SYMBOLS = "\n abcdefgh"


class ScriptedModel:
    """Gives the logits that its table has for the character just read.

    Its state counts the characters that a row has read.

    Args:
        symbols: of its vocabulary, in id order.
        table: [vocabulary, vocabulary]; row i are the logits after character i.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        table: NDArray[np.floating] | Sequence[Sequence[float]],
        window: int = 5,
        case: Case = "lower",
    ) -> None:
        vocabulary = Vocabulary(symbols, case)
        self.table: Floats = np.asarray(table, np.float32)
        assert self.table.shape == (len(vocabulary), len(vocabulary))
        self.contract = Contract(vocabulary, window, (State("read", 1),), {"name": "scripted"})

    def bind(
        self,
        ids: Ids,
        states: Mapping[str, Floats],
        logits: Floats,
        next_states: Mapping[str, Floats],
    ) -> Step:
        def step() -> None:
            logits[:] = self.table[ids]
            for name, after in next_states.items():
                np.add(states[name], 1, out=after)

        return step


class UniformModel(ScriptedModel):
    """Finds every character as likely as any other."""

    def __init__(self, symbols: Sequence[str] = SYMBOLS, window: int = 5) -> None:
        super().__init__(symbols, np.zeros((len(symbols), len(symbols))), window)


class CycleModel(ScriptedModel):
    """Says its symbols in their order, over and over: it is all but certain of the next one."""

    def __init__(self, symbols: Sequence[str] = SYMBOLS, window: int = 5) -> None:
        size = len(symbols)
        super().__init__(symbols, np.roll(np.eye(size), 1, axis=1) * 40, window)


class NanModel(ScriptedModel):
    """Gives NaN as soon as it has read one of `after`, and is uniform until then."""

    def __init__(
        self, symbols: Sequence[str] = SYMBOLS, after: str = SYMBOLS, window: int = 5
    ) -> None:
        table = np.zeros((len(symbols), len(symbols)))
        table[[symbols.index(symbol) for symbol in after]] = np.nan
        super().__init__(symbols, table, window)
