"""What is known of a model, for whoever asks: its card, its facts, and the names of its units.

Loads nothing itself, and needs no numpy: of a model file's own type it needs the name alone.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.errors import CharlmError
from charlm_tui.lm.held import UNIT
from charlm_tui.lm.vocabulary import describe_symbol
from charlm_tui.reply.tape import Runtime
from charlm_tui.text import told

if TYPE_CHECKING:
    from charlm_tui.lm.model import OnnxModel


def loaded(model: "OnnxModel") -> ModelLoaded:
    """Return what the front end's process needs to know of a model that is loaded in another."""
    from charlm_tui.lm.model import runtime_version

    contract = model.contract
    return ModelLoaded(
        str(model.path),
        contract.name,
        model.sha256,
        contract.vocabulary.symbols,
        contract.vocabulary.case,
        contract.window,
        contract.card,
        Runtime.here(runtime_version()),
        states=tuple((state.name, state.units) for state in contract.states),
    )


def model_facts(model: "OnnxModel") -> dict[str, Any]:
    """Return what a model file says of itself, and its sha256, as JSON-able values."""
    contract = model.contract
    return {
        "path": str(model.path),
        "sha256": model.sha256,
        "bytes": model.path.stat().st_size,
        "window": contract.window,
        "case": contract.vocabulary.case,
        "vocabulary": list(contract.vocabulary.symbols),
        "states": {state.name: state.units for state in contract.states},
        "card": dict(contract.card),
    }


def greeting(model: ModelLoaded) -> str:
    """Say which model is there, in one line."""
    bits = model.card.get("held_out_bits_per_character")
    score = f", {bits:.2f} bits per character" if isinstance(bits, float) else ""
    about = told(str(model.card.get("architecture", "a model")))
    return f"{model.name}: {about}{score}; it knows {len(model.symbols)} characters"


def replaced(model: ModelLoaded) -> str:
    """Say that a model has come in place of the one that was at its path."""
    bits, epoch = (model.card.get(key) for key in ("held_out_bits_per_character", "best_epoch"))
    facts = [f"{bits:.2f} bits per character"] if isinstance(bits, float) else []
    facts += [f"epoch {epoch}"] if isinstance(epoch, int) else []
    about = f" ({told(', '.join(facts))})" if facts else ""
    return f"the model file was replaced: replies are of the new one now{about}"


def rows(model: ModelLoaded, path: bool = True) -> list[tuple[str, str]]:
    """Return (fact, value) pairs for people to read; what a card does not say is left out.

    Args:
        model: that they are of.
        path: whether they say where its file is.
    """
    card = model.card
    symbols = [s if s.isprintable() and s != " " else describe_symbol(s) for s in model.symbols]
    file = Path(model.path)
    found: list[tuple[str, object]] = [
        ("model", f"{model.name} ({model.path})" if path else model.name),
        ("architecture", card.get("architecture")),
        ("parameters", _number(card.get("parameters"))),
        ("window", f"{model.window} characters"),
        ("characters", f"{len(symbols)}, case {model.case}: {' '.join(symbols)}"),
        ("held out", _with_unit(card.get("held_out_bits_per_character"), "bits per character")),
        ("held-out text", card.get("held_out_split")),
        ("corpus", _corpus(card.get("corpus"))),
        ("recipe", card.get("recipe")),
        ("epochs", _epochs(card)),
        ("trained for", _with_unit(card.get("seconds"), "seconds")),
        ("trained on", card.get("device")),
        ("Keras backend", card.get("backend")),
        ("versions", _pairs(card.get("versions"))),
        ("sha256", model.sha256),
        ("size", f"{file.stat().st_size:,} bytes" if file.is_file() else None),
    ]
    return [(name, told(str(value))) for name, value in found if value not in (None, "")]


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else ""


def _with_unit(value: object, unit: str) -> str:
    return f"{value} {unit}" if isinstance(value, int | float) else ""


def _pairs(value: object) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else ""


def _corpus(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    return (
        f"{value.get('name')}, {_number(value.get('characters'))} characters, "
        f"sha256 {value.get('sha256')}"
    )


def _epochs(card: Any) -> str:
    if not isinstance(card.get("epochs"), int):
        return ""
    stopped = f"; {card['stopped']}" if card.get("stopped") else ""
    return f"{card['epochs']}, the best of them epoch {card.get('best_epoch')}{stopped}"


class UnitError(CharlmError):
    """That is no unit of the model."""


class Units(NamedTuple):
    """What units there are."""

    tensors: tuple[tuple[str, int], ...]
    """Name of each state and how many units it has, in the order of the model."""

    @property
    def total(self) -> int:
        """How many there are, of all tensors."""
        return sum(size for _, size in self.tensors)

    def name(self, number: int) -> str:
        """Return the name of a unit, such as `h[37]`."""
        tensor, place = self.place(number)
        return f"{tensor}[{place}]"

    def place(self, number: int) -> tuple[str, int]:
        """Return the state that a unit is of, and its number there."""
        for tensor, size in self.tensors:
            if number < size:
                return tensor, number
            number -= size
        raise AssertionError("there is no such unit")

    def beside(self, number: int, by: int) -> int:
        """Return the unit that is `by` steps further, around the end and through all tensors."""
        return (number + by) % self.total

    def named(self, text: str) -> int:
        """Return the unit that was typed: `c 52`, `c52`, `c[52]`; just `52` of an only tensor.

        Raises:
            UnitError: there is none of that name.
        """
        typed = UNIT.fullmatch(text)
        first = 0
        for tensor, size in self.tensors:
            if typed is not None and (
                typed[1] == tensor or (not typed[1] and len(self.tensors) == 1)
            ):
                if int(typed[2]) < size:
                    return first + int(typed[2])
                break
            first += size
        every = ", ".join(f"{tensor} 0 to {tensor} {size - 1}" for tensor, size in self.tensors)
        raise UnitError(f"there is no unit {text.strip()!r:.30}; the model has {every}")
