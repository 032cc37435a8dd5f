"""Which device trains, and whether a GPU is idle beside it."""

import platform
import shutil
import subprocess

import keras

USE_GPU = {
    "tensorflow": "pip uninstall --yes tensorflow-cpu tensorflow && "
    'pip install "charlm-tui[train-gpu]"',
    "jax": 'pip install "jax[cuda12]"',
}


def training_device() -> str:
    """Name the device that Keras trains on, as a person would."""
    kinds = {str(name).split(":")[0].lower() for name in _keras_devices()}
    if "gpu" in kinds or "cuda" in kinds:
        return ", ".join(visible_gpus()) or "GPU"
    if "tpu" in kinds:
        return "TPU"
    return f"CPU ({_processor()})"


def idle_gpu(device: str) -> str:
    """Return a warning about a GPU that is visible but not used; empty if there is none."""
    gpus = visible_gpus()
    if not gpus or not device.startswith("CPU"):
        return ""
    remedy = USE_GPU.get(keras.backend.backend(), "see keras.io/getting_started")
    return (
        f"{gpus[0]} is visible, but this {keras.backend.backend()} cannot use it; "
        f"to train on it: {remedy}"
    )


def visible_gpus() -> list[str]:
    """Name the NVIDIA GPUs that the driver shows."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    try:
        answer = subprocess.run(
            [command, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]


def _keras_devices() -> list[str]:
    try:
        return list(keras.distribution.list_devices())
    except (NotImplementedError, AttributeError):  # a backend without the notion has the CPU
        return []


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            name = next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return name
