"""A model file on onnxruntime: loading it, and running its step on buffers of ours.

The only place that imports onnxruntime. Knows nothing of windows or sampling.
"""

import hashlib
import os
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from charlm_tui.lm.contract import (
    HOW_TO,
    IDS,
    LOGITS,
    Contract,
    Tensor,
    read_contract,
)
from charlm_tui.lm.errors import ContractError, ModelFileError
from charlm_tui.lm.external_data import has_external_data
from charlm_tui.lm.limits import NO_LIMITS, OVERTIME, LoadLimits, StepWatch
from charlm_tui.text import told

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Step = Callable[[], None]
"""Runs one step over the buffers that it was bound to, in place."""

LANE_THREADS = 2  # the most that pay
MAX_FILE_BYTES = 2**31  # protobuf reads no more


class LanguageModel(Protocol):
    """A step of a character model, as `charlm_tui.lm.context` drives it."""

    contract: Contract

    def bind(
        self,
        ids: Ids,
        states: Mapping[str, Floats],
        logits: Floats,
        next_states: Mapping[str, Floats],
    ) -> Step:
        """Bind one step to buffers; calling it reads the first two and fills the last two.

        Args:
            ids: int64 [lanes], the characters just received.
            states: by name, float32 [lanes, depth, units].
            logits: float32 [lanes, vocabulary], overwritten.
            next_states: by the names of `states`, float32 [lanes, depth, units], overwritten; it
                must not share memory with `states`.

        All arrays are C-contiguous, and are kept alive by the step.
        """
        ...


class OnnxModel:
    """A model file that keeps the contract, ready to run on the CPU."""

    def __init__(
        self,
        path: str | Path,
        threads: int = 1,
        spinning: bool = False,
        limits: LoadLimits = NO_LIMITS,
    ) -> None:
        """Load and check a model file, which is read once: what is checked and hashed is what runs.

        Args:
            path: the file.
            threads: of onnxruntime inside one product.
            spinning: whether idle threads wait busily.
            limits: of what it may cost; beyond those of time this process ends.

        Raises:
            ModelFileError: it cannot be read, is not an ONNX model, would read other files, or
                takes too much memory.
            ContractError: it is one, but not of the contract's form.
        """
        self.path = Path(path)
        self._watch: StepWatch | None = None
        content = _read(self.path)
        with limits.applied(len(content)):
            try:
                self._load(content, threads, spinning)
            except MemoryError as error:
                raise ModelFileError(
                    f"{self.path} takes too much memory to load, where {limits.megabytes:,} MB are "
                    "expected to do; allow more with the setting load-memory, if you trust the file"
                ) from error
        if limits.seconds and OVERTIME is not None:
            self._watch = StepWatch(limits.seconds_for(len(content)))

    def _load(self, content: bytes, threads: int, spinning: bool) -> None:
        self._session = _open(content, self.path, threads, spinning)
        try:
            inputs = [_declared(tensor) for tensor in self._session.get_inputs()]
            outputs = [_declared(tensor) for tensor in self._session.get_outputs()]
            metadata = self._session.get_modelmeta().custom_metadata_map
        except UnicodeDecodeError as error:
            raise ContractError(
                f"{self.path} breaks the model contract: its metadata or the names of its tensors "
                f"are not UTF-8; {HOW_TO}"
            ) from error
        self.contract = read_contract(str(self.path), inputs, outputs, metadata)
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._try_steps()

    @classmethod
    def for_lanes(cls, path: str | Path, limits: LoadLimits = NO_LIMITS) -> "OnnxModel":
        """Load a model file for several lanes, in a process that does nothing else.

        Threads that spin pay there, as far as there are cores. One lane has one thread, and an
        engine, too, which leaves the other cores to the screen.

        Raises:
            CharlmError: as the constructor does.
        """
        return cls(path, min(LANE_THREADS, _cores()), spinning=True, limits=limits)

    def bind(
        self,
        ids: Ids,
        states: Mapping[str, Floats],
        logits: Floats,
        next_states: Mapping[str, Floats],
    ) -> Step:
        """Bind one step to buffers, with nothing copied in or out (see `LanguageModel`)."""
        inputs: dict[str, Floats | Ids] = {IDS: ids, **states}
        outputs = {LOGITS: logits, **{name + "_next": a for name, a in next_states.items()}}
        binding = self._session.io_binding()
        for name, array in inputs.items():
            assert array.flags.c_contiguous
            binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        for name, array in outputs.items():
            assert array.flags.c_contiguous
            binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        run, watch = self._session.run_with_iobinding, self._watch
        share = max(1.0, ids.size * next(iter(states.values())).shape[1] / self.contract.window)

        # The runtime keeps bare pointers: the arrays must live as long as the step does.
        def step(_kept: object = (inputs, outputs)) -> None:
            if watch is not None:
                watch.share = share
                watch.turns += 1
            try:
                run(binding)
            except Exception as error:
                raise ModelFileError(
                    f"{self.path} failed while it ran ({_first_line(error)}); {HOW_TO}"
                ) from error
            finally:
                if watch is not None:
                    watch.turns += 1

        return step

    def _try_steps(self) -> None:
        """Run two steps, so that a graph that only declares the right shapes is refused now.

        On two lanes, with the first character and the last; then on the model's own window, for
        what a graph does can depend on how much it is given.
        """
        last = len(self.contract.vocabulary) - 1
        self._try_a_step(np.array([0, last], np.int64), 3)
        self._try_a_step(np.array([last], np.int64), self.contract.window)

    def _try_a_step(self, ids: Ids, depth: int) -> None:
        lanes = len(ids)
        shapes = {state.name: (lanes, depth, state.units) for state in self.contract.states}
        try:
            self.bind(
                ids,
                {name: np.zeros(shape, np.float32) for name, shape in shapes.items()},
                np.zeros((lanes, len(self.contract.vocabulary)), np.float32),
                {name: np.zeros(shape, np.float32) for name, shape in shapes.items()},
            )()
        except ModelFileError as error:
            if _is_lack_of_memory(error.__cause__):
                raise MemoryError from error
            raise ContractError(
                f"{self.path} breaks the model contract: "
                f"its step does not run ({_first_line(error.__cause__)}); {HOW_TO}"
            ) from error


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read(path: Path) -> bytes:
    try:
        if path.is_file() and path.stat().st_size > MAX_FILE_BYTES:
            raise ModelFileError(
                f"{path} has {path.stat().st_size:,} bytes where a model file has at most "
                f"{MAX_FILE_BYTES:,}; check the path"
            )
        if path.exists() and not path.is_file():
            raise ModelFileError(f"{path} is not a file; give the path of a .onnx file")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return file.read(min(size, MAX_FILE_BYTES))  # of one that grows, no more
    except FileNotFoundError:
        raise ModelFileError(f"{path} does not exist; check the path, or {HOW_TO}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelFileError(
            f"{path} cannot be read: {reason}; check the path and its permissions"
        ) from error


_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"  # what files of Keras begin with


def _open(content: bytes, path: Path, threads: int, spinning: bool) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    # Or four of the bytes could make it another form, which is not the one that is checked here.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.log_severity_level = 4  # what fails is told by the exception, once
    try:
        if not content:
            raise ValueError("it is empty")
        if content.startswith(_HDF5) or (content.startswith(_ZIP) and b"config.json" in content):
            raise ModelFileError(
                f"{path} is a file of Keras where an ONNX model is expected; convert it with: "
                f"charlm-tui train --from-keras {shlex.quote(str(path))} --corpus TEXT"
            )
        if has_external_data(content):
            raise ModelFileError(
                f"{path} is not all of its model: some of its data are in other files; "
                f"save it as one file, or {HOW_TO}"
            )
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except (ModelFileError, MemoryError):
        raise
    except Exception as error:
        if _is_lack_of_memory(error):
            raise MemoryError from error
        raise ModelFileError(
            f"{path} is not an ONNX model that onnxruntime {ort.__version__} can load "
            f"({_first_line(error)}); {HOW_TO}"
        ) from error


def _declared(tensor: ort.NodeArg) -> Tensor:
    names = {"tensor(float)": "float32", "tensor(int64)": "int64"}
    return Tensor(tensor.name, names.get(tensor.type, tensor.type), tuple(tensor.shape or ()))


def _is_lack_of_memory(error: BaseException | None) -> bool:
    return isinstance(error, MemoryError) or bool(_NO_MEMORY.search(str(error)))


_NO_MEMORY = re.compile("bad_alloc|bad allocation|[Ff]ailed to allocate|length_error")


def _first_line(error: BaseException | None) -> str:
    """Return the runtime's own words in short, without its error codes.

    They can quote the file, whose names have any bytes.
    """
    if isinstance(error, UnicodeDecodeError):
        return "a name in it is not UTF-8"
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return told(text.split(" : ", 3)[-1], 200).rstrip(". ")


def runtime_version() -> str:
    """Return the version of onnxruntime, on which a float32 can depend."""
    return str(ort.__version__)
