"""`charlm-tui info`: what is known of a model."""

from typing import Any

from charlm_tui.lm.contract import printable
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.vocabulary import describe_symbol


def facts(model: OnnxModel) -> dict[str, Any]:
    """Give what a model file says of itself, and its sha256, as JSON-able values."""
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


def rows(model: OnnxModel) -> list[tuple[str, str]]:
    """Give (fact, value) pairs for people to read; what a card does not say is left out."""
    contract, card = model.contract, model.contract.card
    vocabulary = contract.vocabulary
    symbols = [
        s if s.isprintable() and s != " " else describe_symbol(s) for s in vocabulary.symbols
    ]
    found: list[tuple[str, object]] = [
        ("model", f"{contract.name} ({model.path})"),
        ("architecture", card.get("architecture")),
        ("parameters", _number(card.get("parameters"))),
        ("window", f"{contract.window} characters"),
        ("characters", f"{len(vocabulary)}, case {vocabulary.case}: {' '.join(symbols)}"),
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
        ("size", f"{model.path.stat().st_size:,} bytes"),
    ]
    return [(name, printable(str(value))) for name, value in found if value not in (None, "")]


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
