"""The contract between a model file and the app, and the check that a file keeps it.

The graph is one step of a batch of staggered windows: `ids` int64 [lanes] and, for every state
tensor X, X float32 [lanes, depth, units] go in; `logits` float32 [lanes, vocabulary] and X_next
float32 [lanes, depth, units] come out. The metadata is under keys that begin with `charlm.`.

Owns the names, types and shapes; knows neither onnxruntime nor onnx, so the app and the exporter
hold a file against the very same lines.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, cast

from charlm_tui.lm.errors import ContractError
from charlm_tui.lm.vocabulary import MAX_SYMBOLS, Case, Vocabulary
from charlm_tui.text import told

CONTRACT = "1"
PREFIX = "charlm."
IDS = "ids"
LOGITS = "logits"
NEXT = "_next"
HOW_TO = "make a file with charlm-tui train"
MOST_WINDOW = 10_000
"""Characters. A step of the notebook's network takes 40 ms there, and a minute for a seed."""
MOST_UNITS = 65_536  # of a state
MOST_STATES = 64
MOST_STATE_BYTES = 2**28  # of all states in a window: 256 MB
MOST_NAME = 64  # characters in the name of a state
MOST_METADATA = 2**21  # characters in one of the metadata: a vocabulary at its largest has half
MOST_CARD_DEPTH = 20  # lists and objects in one another


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of a graph, as its file declares it."""

    name: str
    type: str
    """`int64`, `float32`, …"""
    shape: tuple[int | str | None, ...]
    """A number where the dimension is fixed; a name or None where it is dynamic."""


@dataclass(frozen=True, slots=True)
class State:
    """One recurrent state tensor: fed as `name`, given back as `name` + `_next`."""

    name: str
    units: int


class Description(NamedTuple):
    """What the metadata of a file say."""

    vocabulary: Vocabulary
    window: int
    """Characters in the window that the model was trained with."""
    card: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Contract:
    """What a model file says of itself, checked."""

    vocabulary: Vocabulary
    window: int
    """Characters in the window that the model was trained with."""
    states: tuple[State, ...]
    card: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The model's name from its card, in characters that can be shown in a line."""
        return told(str(self.card.get("name") or "unnamed"))


def state_bytes(window: int, units: Iterable[int]) -> int:
    """Return the memory that the states of one window take.

    A step reads one float32 of each unit in each row, and writes another.

    Args:
        window: characters, which are rows.
        units: of each state.
    """
    return 2 * 4 * window * sum(units)


def to_metadata(
    vocabulary: Vocabulary, window: int, card: Mapping[str, Any], contract: str = CONTRACT
) -> dict[str, str]:
    """Return the metadata properties that a file with these facts carries."""
    return {
        PREFIX + "contract": contract,
        PREFIX + "vocabulary": json.dumps(list(vocabulary.symbols), ensure_ascii=False),
        PREFIX + "window": str(window),
        PREFIX + "case": vocabulary.case,
        PREFIX + "card": json.dumps(card, ensure_ascii=False),
    }


def read_contract(
    file: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor], metadata: Mapping[str, str]
) -> Contract:
    """Hold a file's declarations against the contract.

    Args:
        file: how messages name the file.
        inputs: the graph's inputs.
        outputs: the graph's outputs.
        metadata: the file's metadata properties.

    Raises:
        ContractError: at the first thing that differs, in one sentence.
    """
    vocabulary, window, card = read_description(file, metadata)
    check = _Check(file)
    states = check.graph(inputs, outputs, len(vocabulary))
    check.size(window, states)
    return Contract(vocabulary, window, states, card)


def read_description(file: str, metadata: Mapping[str, str]) -> Description:
    """Hold the metadata of a file against the contract.

    Args:
        file: how messages name the file.
        metadata: its metadata properties.

    Raises:
        ContractError: at the first thing that differs, in one sentence.
    """
    check = _Check(file)
    version = metadata.get(PREFIX + "contract")
    if version != CONTRACT:
        found = f"contract {version!r:.40}" if version else "no charlm metadata"
        check.broken(f"{found} where contract '{CONTRACT}' is expected")
    return Description(
        check.vocabulary(metadata),
        check.window(metadata.get(PREFIX + "window")),
        check.card(metadata.get(PREFIX + "card")),
    )


@dataclass(frozen=True, slots=True)
class _Check:
    file: str

    def broken(self, what: str) -> NoReturn:
        # Names are the file's own: of any length, and with control characters if it likes.
        raise ContractError(f"{self.file} breaks the model contract: {told(what)}; {HOW_TO}")

    def json(self, text: str | None, key: str) -> object:
        if text is not None and len(text) > MOST_METADATA:
            self.broken(
                f"its {PREFIX}{key} has {len(text):,} characters where at most "
                f"{MOST_METADATA:,} are expected"
            )
        try:
            return json.loads(text or "")
        except (ValueError, RecursionError):
            self.broken(f"its {PREFIX}{key} is missing or is not JSON")

    def vocabulary(self, metadata: Mapping[str, str]) -> Vocabulary:
        symbols = self.json(metadata.get(PREFIX + "vocabulary"), "vocabulary")
        if not isinstance(symbols, list) or not 1 <= len(symbols) <= MAX_SYMBOLS:
            self.broken(f"its vocabulary is no list of 1 to {MAX_SYMBOLS:,} characters")
        seen: set[str] = set()
        for symbol in symbols:
            if not isinstance(symbol, str) or len(symbol) != 1:
                self.broken(f"its vocabulary has {symbol!r:.40} where one character is expected")
            if 0xD800 <= ord(symbol) <= 0xDFFF:
                self.broken(f"its vocabulary has the surrogate U+{ord(symbol):04X}")
            if symbol in seen:
                self.broken(f"its vocabulary has {symbol!r} twice")
            seen.add(symbol)
        case = metadata.get(PREFIX + "case")
        if case not in ("lower", "preserve"):
            self.broken(f"its case is {case!r:.40} where 'lower' or 'preserve' is expected")
        return Vocabulary(cast(list[str], symbols), cast(Case, case))

    def window(self, text: str | None) -> int:
        # As `to_metadata` writes it: `int` takes spaces, zeros in front and other digits, too.
        window = int(text) if text and len(text) < 10 and text.isascii() and text.isdigit() else 0
        if not 1 <= window <= MOST_WINDOW or str(window) != text:
            self.broken(
                f"its window is {text!r:.40} where a number of characters from 1 to "
                f"{MOST_WINDOW:,} is expected"
            )
        return window

    def card(self, text: str | None) -> Mapping[str, Any]:
        card = self.json(text, "card")
        if not isinstance(card, dict):
            self.broken("its card is no JSON object")
        if _is_deeper(card, MOST_CARD_DEPTH):
            self.broken(
                f"its card has more than {MOST_CARD_DEPTH} lists and objects in one another"
            )
        return card

    def graph(
        self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], vocabulary: int
    ) -> tuple[State, ...]:
        given = {tensor.name: tensor for tensor in inputs}
        results = {tensor.name: tensor for tensor in outputs}
        self.tensor("input", given.pop(IDS, None), IDS, "int64", ("lanes",))
        self.tensor("output", results.pop(LOGITS, None), LOGITS, "float32", ("lanes", vocabulary))
        if len(given) > MOST_STATES:
            self.broken(f"it has {len(given):,} states where at most {MOST_STATES} are expected")
        states = []
        for name, tensor in given.items():
            if not (0 < len(name) <= MOST_NAME and name.isprintable()):
                self.broken(
                    f"its input {name!r:.60} has no name of 1 to {MOST_NAME} printable characters"
                )
            units = tensor.shape[-1] if tensor.shape else None
            if not isinstance(units, int) or units < 1:
                self.broken(f"its input {name} has no fixed number of units as last dimension")
            if units > MOST_UNITS:
                most = f"at most {MOST_UNITS:,} are expected"
                self.broken(f"its input {name} has {units:,} units where {most}")
            shape = ("lanes", "depth", units)
            self.tensor("input", tensor, name, "float32", shape)
            self.tensor("output", results.pop(name + NEXT, None), name + NEXT, "float32", shape)
            states.append(State(name, units))
        if not states:
            self.broken("it has no state tensor beside ids")
        if results:
            self.broken(f"its output {min(results)} is not part of it")
        return tuple(states)

    def size(self, window: int, states: Sequence[State]) -> None:
        size = state_bytes(window, (state.units for state in states))
        if size > MOST_STATE_BYTES:
            self.broken(
                f"the states of its window of {window:,} take {size / 10**6:,.0f} MB of memory "
                f"where at most {MOST_STATE_BYTES / 10**6:,.0f} are expected"
            )

    def tensor(
        self, kind: str, found: Tensor | None, name: str, type_: str, shape: tuple[int | str, ...]
    ) -> None:
        if found is None:
            self.broken(f"it has no {kind} {name}")
        if found.type != type_:
            self.broken(f"its {kind} {name} is {found.type} where {type_} is expected")
        fits = len(found.shape) == len(shape) and all(
            (a == b) if isinstance(b, int) else not isinstance(a, int)
            for a, b in zip(found.shape, shape, strict=True)
        )
        if not fits:
            want = ", ".join(map(str, shape))
            have = ", ".join("?" if axis is None else str(axis) for axis in found.shape)
            self.broken(f"its {kind} {name} is [{have}] where [{want}] is expected")


def _is_deeper(value: object, most: int) -> bool:
    """Return whether JSON has more lists and objects in one another; recursion could not say."""
    level: list[object] = [value]
    for _ in range(most + 1):
        inner: list[object] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        if not inner:
            return False
        level = inner
    return True
