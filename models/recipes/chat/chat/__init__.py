"""Recipe of the chat judges: data, training, export and evaluation of one trunk with two sets of heads."""

import os

# ONNX Runtime's builds report to their maker unless this is there when the library is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
