"""What the figures of `benchmarks/README.md` are made with; nothing here is a test."""

import charlm_tui.lm  # noqa: F401  (before onnxruntime, whose telemetry it turns off)
