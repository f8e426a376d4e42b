"""Turns Hugging Face reward models into model bundles of the gateway."""

import os

# ONNX Runtime's builds report to their maker unless this is there when the library is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
