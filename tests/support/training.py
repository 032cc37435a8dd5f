"""How a training run is started as a process."""

import os

from tests.conftest import ROOT

SCRIPT = ROOT / "export" / "train_and_export.py"
BOUND_S = 900  # a busy machine takes minutes to load TensorFlow and JAX and to compile


def environment(**changes: str) -> dict[str, str]:
    """Return this one without what would decide a run, and without a GPU that TensorFlow sees."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("CHARLM_", "ORT_"))
        and "proxy" not in key.lower()
        and key != "FORCE_COLOR"
    }
    return {**kept, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", **changes}
