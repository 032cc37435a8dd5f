"""What a module loads when it is imported in a fresh process."""

import json
import subprocess
import sys

TRAINING = {"tensorflow", "keras", "jax", "tf2onnx", "onnx"}
SLOW = {"numpy", "onnxruntime", "textual", *TRAINING}


def loaded(program: str) -> set[str]:
    """Return the top-level modules that are loaded after a program has run."""
    program += "\nimport sys, json; print(json.dumps([m.split('.')[0] for m in sys.modules]))"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=600
    )
    return set(json.loads(result.stdout.splitlines()[-1]))
