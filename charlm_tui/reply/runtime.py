"""What replies are computed with: elsewhere a float32 may come out another."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Runtime:
    """What the reply was computed with; elsewhere a float32 may come out another."""

    onnxruntime: str
    machine: str
    """The processor's architecture and the system."""

    @classmethod
    def here(cls, onnxruntime: str) -> "Runtime":
        import platform

        return cls(onnxruntime, f"{platform.machine()} {platform.system()}")
