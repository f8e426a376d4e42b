"""What more than one recipe needs to write a graph."""

import os

# ONNX Runtime's builds report to their maker unless this is there when the library is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
