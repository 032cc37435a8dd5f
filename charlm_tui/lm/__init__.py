"""The language model, headless: contract, vocabulary, model, context, sampling, generation.

Loading this package turns onnxruntime's telemetry off: its official builds keep an id of the device
and a store of events in the cache folder, from the moment at which they are imported.
"""

import os

if not os.environ.get("ORT_DISABLE_TELEMETRY"):  # who has set it has chosen
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
