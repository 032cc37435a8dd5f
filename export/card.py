"""The model card: what is known of a trained model, as metadata and as a page."""

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras

from charlm_tui.lm.model import OnnxModel
from export.corpus import NOTEBOOK_FILE, NOTEBOOK_URL, Corpus
from export.model_file import put_in_place
from export.network import count_parameters
from export.progress import BITS, in_words
from export.recipes import Recipe
from export.samples import LENGTH, TEMPERATURES, draw_samples
from export.training import Run

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
    run: Run,
    held_out_nats: float,
    device: str,
    rng_seed: int,
) -> dict[str, Any]:
    """Give the card that goes into a model file's metadata.

    Args:
        name: of the model.
        corpus: it was trained on.
        recipe: it was trained by.
        run: of the training.
        held_out_nats: mean loss over every held-out character with a whole window before it.
        device: it was trained on.
        rng_seed: of the run.
    """
    assert run.best is not None
    return {
        "name": name,
        "architecture": f"LSTM({recipe.units}), Dense({len(corpus.vocabulary)})",
        "parameters": count_parameters(run.network),
        "corpus": {
            "name": corpus.name,
            "sha256": corpus.sha256,
            "characters": len(corpus.ids),
        },
        "recipe": recipe.name,
        "rng_seed": rng_seed,
        "epochs": len(run.epochs),
        "best_epoch": run.best.number,
        "stopped": run.stopped,
        "seconds": round(run.seconds, 1),
        "device": device,
        "backend": keras.backend.backend(),
        "versions": {"python": platform.python_version(), **_versions()},
        "loss_history": [
            {
                "epoch": epoch.number,
                "training_nats": round(epoch.training_loss, 5),
                "held_out_nats": round(epoch.held_out_loss, 5),
            }
            for epoch in run.epochs
        ],
        "held_out_bits_per_character": round(held_out_nats * BITS, 4),
        "held_out_split": (
            f"last {len(corpus.held_out):,} of {len(corpus.ids):,} characters, "
            f"every one with {recipe.window} of them before it"
        ),
    }


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
        WriteError: the page cannot be written.
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
    lines += [
        "## What it writes",
        "",
        f"{LENGTH} characters after {'the seed ' + json.dumps(seed) if seed else 'an empty seed'}, "
        f"RNG seed {PAGE_RNG_SEED}, by the app's exact rolling window:",
        "",
    ]
    for temperature, text in zip(TEMPERATURES, texts, strict=True):
        lines += [f"Temperature {temperature}:", "", "```text", text, "```", ""]
    with put_in_place(page, "\n".join(lines).encode()):
        pass
