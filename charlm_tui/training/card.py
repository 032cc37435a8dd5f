"""The model card: what is known about a trained model, as metadata and as a page."""

import json
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras

from charlm_tui.files import NOTEBOOK_FILE, write_document
from charlm_tui.lm.model import OnnxModel
from charlm_tui.training.checkpoint import Snapshot
from charlm_tui.training.corpus import NOTEBOOK_URL, Corpus
from charlm_tui.training.network import StepWeights, count_parameters
from charlm_tui.training.progress import BITS_PER_NAT, in_words
from charlm_tui.training.recipes import Recipe
from charlm_tui.training.samples import SAMPLE_LENGTH, TEMPERATURES, draw_samples

PACKAGES = (
    "keras",
    "tensorflow-cpu",
    "tensorflow",
    "jax",
    "tf2onnx",
    "onnx",
    "onnxruntime",
    "numpy",
)
PAGE_RNG_SEED = 42
PAGE_SEED = "the slowly ascending ranks and classes, in which,\nthrough fo"
"""The notebook's seed; a card shows it only for the notebook's corpus."""


def make_card(
    name: str,
    corpus: Corpus,
    recipe: Recipe,
    run: Snapshot,
    weights: StepWeights,
    held_out_nats: float,
    every: int,
    device: str,
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
        held_out_nats: mean loss over held-out characters with a whole window before them.
        every: n if every n-th of them was read, so 1 for all.
        device: that it was trained on.
        rng_seed: of the run.
        stopped: why the run ended before its last epoch, if it did.
    """
    best = min(run.epochs, key=lambda epoch: epoch.held_out_loss)
    part = "every one" if every == 1 else f"one in {every}"
    return {
        "name": name,
        "architecture": architecture(weights),
        "parameters": count_parameters(weights),
        "corpus": {
            "name": corpus.name,
            "sha256": corpus.sha256,
            "characters": len(corpus.ids),
        },
        "recipe": recipe.name,
        "hyperparameters": {
            name: value for name, value in asdict(recipe).items() if name != "name"
        },
        "rng_seed": rng_seed,
        "epochs": len(run.epochs),
        "best_epoch": best.number,
        "stopped": stopped,
        "seconds": round(run.seconds, 1),
        "device": device,
        "backend": keras.backend.backend(),
        "versions": {"python": platform.python_version(), **_versions()},
        "loss_history": [
            {
                "epoch": epoch.number,
                "training_nats": round(epoch.training_loss, 5),
                "held_out_nats": round(epoch.held_out_loss, 5),
                "seconds": round(epoch.seconds, 2),
            }
            for epoch in run.epochs
        ],
        "held_out_bits_per_character": round(held_out_nats * BITS_PER_NAT, 4),
        "held_out_split": (
            f"last {len(corpus.held_out):,} of {len(corpus.ids):,} characters, "
            f"{part} with {recipe.window} of them before it"
        ),
    }


def architecture(weights: StepWeights) -> str:
    """Name the layers as Keras does: `LSTM(128), Dense(57)`."""
    layers = [f"LSTM({layer.units})" for layer in weights.layers]
    return ", ".join([*layers, f"Dense({weights.out.shape[1]})"])


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write_page(model_path: Path, page: Path) -> None:
    """Write a model file's card as a Markdown page, with a sample at each temperature.

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
        f"| corpus | `{card['corpus']['name']}`, {card['corpus']['characters']:,} characters, "
        f"sha256 `{card['corpus']['sha256']}` |",
        f"| recipe | `{card['recipe']}`, RNG seed {card['rng_seed']} |",
        f"| epochs | {card['epochs']}, the best of them epoch {card['best_epoch']} |",
        f"| time | {in_words(card['seconds'])} on {card['device']}, Keras on {card['backend']} |",
        "| versions | " + ", ".join(f"{k} {v}" for k, v in card["versions"].items()) + " |",
        f"| file | {model_path.stat().st_size:,} bytes, sha256 `{model.sha256}` |",
        "",
        "Held-out loss by epoch, in nats, of every third window: "
        + ", ".join(f"{epoch['held_out_nats']:.3f}" for epoch in history)
        + ".",
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
