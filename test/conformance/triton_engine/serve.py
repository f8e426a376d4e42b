"""Triton's own server with reward models of texts, in NeMo-Aligner's tensors: prints where it listens, and stays until standard input ends."""

import contextlib
import os
import socket
import sys
import sysconfig

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from reward import reward

# The server loads the library of this interpreter, and not of another one that the system has.
os.environ["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, [sysconfig.get_config_var("LIBDIR"), os.environ.get("LD_LIBRARY_PATH")]))

# Standard output is for the lines below; what the server logs goes where errors go.
lines = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@batch
def rewards(sentences=None, tokens=None, sequence_lengths=None):
    texts = [row[0].decode() for row in sentences]
    return {"rewards": np.array([[reward(text)] for text in texts], np.float32)}


@batch
def half(text):
    return {"label": np.array([[b"good"]] * len(text)), "logits": np.array([[reward(row[0].decode())] for row in text], np.float16)}


http, grpc = free_port(), free_port()
with Triton(config=TritonConfig(http_address="127.0.0.1", http_port=http, grpc_address="127.0.0.1", grpc_port=grpc, log_verbose=0)) as triton:
    texts = Tensor(name="sentences", dtype=bytes, shape=(1,), optional=True)
    tokens = Tensor(name="tokens", dtype=np.int64, shape=(-1,), optional=True)
    lengths = Tensor(name="sequence_lengths", dtype=np.int64, shape=(1,), optional=True)
    triton.bind(
        model_name="reward_model",
        infer_func=rewards,
        inputs=[texts, tokens, lengths],
        outputs=[Tensor(name="rewards", dtype=np.float32, shape=(1,))],
        config=ModelConfig(max_batch_size=64),
    )
    triton.bind(
        model_name="half",
        infer_func=half,
        inputs=[Tensor(name="text", dtype=bytes, shape=(1,))],
        outputs=[Tensor(name="label", dtype=bytes, shape=(1,)), Tensor(name="logits", dtype=np.float16, shape=(1,))],
        config=ModelConfig(max_batch_size=64),
    )
    triton.run()
    print(f"TRITON_HTTP=http://127.0.0.1:{http}", f"TRITON_GRPC=grpc://127.0.0.1:{grpc}", "ready", sep="\n", file=lines, flush=True)
    sys.stdin.read()
