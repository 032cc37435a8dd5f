"""The model card: what is known about a trained model, as metadata and as a page."""

import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras

from charlm_tui.files import NOTEBOOK_FILE, write_document
from charlm_tui.lm.model import OnnxModel
from charlm_tui.runs.records import BITS_PER_NAT
from charlm_tui.text import duration
from charlm_tui.training.checkpoint import Epoch, Snapshot, best_of
from charlm_tui.training.corpus import NOTEBOOK_URL, Corpus
from charlm_tui.training.encoder import Ids
from charlm_tui.training.measuring import measured_windows
from charlm_tui.training.network import StepWeights, count_parameters
from charlm_tui.training.recipes import Recipe
from charlm_tui.training.samples import SAMPLE_LENGTH, TEMPERATURES, draw_samples

TRAINING_PACKAGES = ("keras", "tensorflow-cpu", "tensorflow", "jax", "numpy")
PACKAGES = (*TRAINING_PACKAGES, "tf2onnx", "onnx", "onnxruntime")
PAGE_RNG_SEED = 42
PAGE_SEED = "the slowly ascending ranks and classes, in which,\nthrough fo"
"""The notebook's seed; a card shows it only for the notebook's corpus."""


def make_card(
    name: str,
    corpus: Corpus,
    recipe: Recipe,
    run: Snapshot,
    weights: StepWeights,
    held_out_nats: float | None,
    step: int,
    device: str,
    versions: Mapping[str, str],
    rng_seed: int,
    stopped: str = "",
) -> dict[str, Any]:
    """Return the card that goes into a model file's metadata.

    Args:
        name: of the model.
        corpus: that it was trained on.
        recipe: that it was trained by.
        run: the result of each epoch so far.
        weights: of the best epoch.
        held_out_nats: mean loss over held-out characters with a whole window before them; None
            if they were not read.
        step: n if every n-th of them was read, so 1 for all.
        device: that it was trained on.
        versions: of the libraries that trained and exported it.
        rng_seed: of the run.
        stopped: why the run ended before its last epoch, if it did.
    """
    best = best_of(run.epochs)
    assert best is not None
    card: dict[str, Any] = {
        "name": name,
        "architecture": architecture(weights),
        "parameters": count_parameters(weights),
        "corpus": corpus.facts,
        "recipe": recipe.name,
        "hyperparameters": {
            name: value for name, value in asdict(recipe).items() if name != "name"
        },
        "rng_seed": rng_seed,
        "epochs": run.epochs[-1].number,
        "best_epoch": best.number,
        "epochs_measured_on": _measured_on(corpus, recipe, run.costs.step),
        "stopped": stopped,
        "seconds": round(run.seconds, 1),
        "device": device,
        "backend": keras.backend.backend(),
        "versions": dict(versions),
        "loss_history": [_row(epoch, recipe) for epoch in run.epochs],
    }
    if held_out_nats is not None:
        card["held_out_bits_per_character"] = round(held_out_nats * BITS_PER_NAT, 4)
        card["held_out_split"] = (
            f"last {len(corpus.held_out):,} of {len(corpus.ids):,} characters, "
            f"{_which(corpus.held_out, recipe.window, step)}"
        )
    return card


def _row(epoch: Epoch, recipe: Recipe) -> dict[str, Any]:
    row: dict[str, Any] = {"epoch": epoch.number}
    if epoch.parts > 1:
        row |= {"part": epoch.part, "parts": epoch.parts}
    row["training_nats"] = round(epoch.training_loss, 5)
    if epoch.measured_loss is not None:
        key = "held_out_nats" if recipe.choose_on is None else "validation_nats"
        row[key] = round(epoch.measured_loss, 5)
    return {**row, "seconds": round(epoch.seconds, 2)}


def _which(ids: Ids, window: int, step: int) -> str:
    """Say which characters of a part of the text were measured."""
    count, read = (measured_windows(ids, window, it) for it in (1, step))
    which = "every one" if step == 1 else f"{read:,} of the {count:,}"
    return f"{which} with {window} of them before it"


def _measured_on(corpus: Corpus, recipe: Recipe, step: int) -> str:
    """Say by what the best epoch was chosen."""
    ids = corpus.validation
    if not len(ids):
        return "nothing; the last one is kept"
    place = f"last {len(ids):,} of {len(corpus.ids):,} characters"
    if corpus.choose_on is not None:
        place = f"last {len(ids):,} of the {corpus.cut:,} characters before the held-out text"
    return f"{place}, {_which(ids, recipe.window, step)}"


def _losses(history: Sequence[Mapping[str, Any]]) -> str:
    """Return the losses of the epochs as a sentence."""
    keys = {
        "held_out_nats": "Held-out",
        "validation_nats": "Validation",
        "training_nats": "Training",
    }
    key = next(key for key in keys if key in history[0])
    losses = ", ".join(f"{epoch[key]:.3f}" for epoch in history)
    what = "part of an epoch" if "part" in history[0] else "epoch"
    return f"{keys[key]} loss by {what}, in nats: {losses}."


def architecture(weights: StepWeights) -> str:
    """Name the layers as Keras does: `LSTM(128), Dense(57)`."""
    layers = [f"{layer.cell}({layer.units})" for layer in weights.layers]
    layers += [f"Dense({len(each.bias)}, {each.activation})" for each in weights.hidden]
    return ", ".join([*layers, f"Dense({weights.out.shape[1]})"])


def library_versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of Python and of the libraries that train and export, by name."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def front_matter(card: Mapping[str, Any], given: Mapping[str, str]) -> list[str]:
    """Return the lines with which a page begins, in YAML, as the Hugging Face Hub reads them.

    https://huggingface.co/docs/hub/model-cards says which there can be. What only a person knows,
    such as the licence, is not made up.

    Args:
        card: of a model file.
        given: what a person says beside it, such as `license` and `language`.
    """
    cells = sorted({it.lower() for it in re.findall(r"(\w+)\(", card["architecture"])} - {"dense"})
    lines = ["---", *(f"{name}: {json.dumps(value)}" for name, value in given.items())]
    lines += ["library_name: charlm-tui", "pipeline_tag: text-generation", "tags:"]
    lines += [f"- {tag}" for tag in ("character-level", "onnx", *cells)]
    bits = card.get("held_out_bits_per_character")
    if bits is not None:
        lines += [
            "model-index:",
            f"- name: {json.dumps(card['name'], ensure_ascii=False)}",
            "  results:",
            "  - task:",
            "      type: text-generation",
            "    dataset:",
            "      type: text",
            f"      name: {json.dumps(card['corpus']['name'], ensure_ascii=False)}",
            "      split: held out",
            "    metrics:",
            "    - type: bits-per-character",
            f"      value: {bits}",
        ]
    return [*lines, "---", ""]


def write_page(model_path: Path, page: Path, **given: str) -> None:
    """Write a model file's card as a Markdown page, with a sample at each temperature.

    Args:
        model_path: the model file.
        page: is written.
        given: what a person says of it for the front matter, such as `license` and `language`.

    Raises:
        FileWriteError: the page cannot be written.
    """
    model = OnnxModel(model_path)
    card = model.contract.card
    vocabulary = model.contract.vocabulary
    seed = vocabulary.fit(PAGE_SEED).text if card["corpus"]["name"] == NOTEBOOK_FILE else ""
    texts = draw_samples(model, vocabulary.encode(seed), rng_seed=PAGE_RNG_SEED)
    history = card["loss_history"]
    lines = [
        *front_matter(card, given),
        f"# {model_path.name}",
        "",
        f"A character-level language model: {card['architecture']}, "
        f"{card['parameters']:,} parameters, {len(vocabulary)} characters, "
        f"windows of {model.contract.window}.",
        "",
        "| fact | value |",
        "|---|---|",
        f"| held out | **{card['held_out_bits_per_character']:.3f} bits per character** "
        f"({card['held_out_split']}) |",
        f"| the best epoch chosen on | {card['epochs_measured_on']} |",
        f"| corpus | `{card['corpus']['name']}`, {card['corpus']['characters']:,} characters, "
        f"sha256 `{card['corpus']['sha256']}` |",
        f"| recipe | `{card['recipe']}`, RNG seed {card['rng_seed']} |",
        f"| epochs | {card['epochs']}, the best of them epoch {card['best_epoch']} |",
        f"| time | {duration(card['seconds'])} on {card['device']}, Keras on {card['backend']} |",
        "| versions | " + ", ".join(f"{k} {v}" for k, v in card["versions"].items()) + " |",
        f"| file | {model_path.stat().st_size:,} bytes, sha256 `{model.sha256}` |",
        "",
        _losses(history),
        "",
    ]
    if card["corpus"]["name"] == NOTEBOOK_FILE:
        lines += [
            f"The corpus is the notebook's, from `{NOTEBOOK_URL}`: English translations of "
            "*Beyond Good and Evil* and *Human, All Too Human*, in the public domain.",
            "",
        ]
    after = f"the seed {json.dumps(seed)}" if seed else "an empty seed"
    lines += [
        "## What it writes",
        "",
        f"{SAMPLE_LENGTH} characters after {after}, RNG seed {PAGE_RNG_SEED}, "
        "by the app's exact rolling window:",
        "",
    ]
    for temperature, text in zip(TEMPERATURES, texts, strict=True):
        lines += [f"Temperature {temperature}:", "", "```text", text, "```", ""]
    write_document(page, "\n".join(lines))
