"""llama.cpp's servers with rerankers, made by make_rerankers.py, and with weights that have no head at all. Prints their addresses and stays
until standard input ends."""

import subprocess
import sys
import tempfile
from pathlib import Path

import make_rerankers

# Name of the address, the model (or SmolLM2), and how many texts are computed at once.
SERVERS = [
    ("ONE_SLOT", "reranker", 1),
    ("FOUR_SLOTS", "reranker", 4),
    ("WITHOUT_POOLER", "without-pooler", 1),
    ("WITHOUT_HEAD", None, 1),
    ("WITHOUT_HEAD_FOUR_SLOTS", None, 4),
]


def main():
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        make_rerankers.make(models)
        servers = []
        for _, model, slots in SERVERS:
            command = [sys.executable, str(Path(__file__).with_name("server.py")), "--rank", "--slots", str(slots), "--alias", "reranker"]
            command += ["--model", str(models / f"{model}.gguf")] if model else []
            # A server ends with its standard input, and so with this program, however that ends.
            servers.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True))
        try:
            for (name, _, _), server in zip(SERVERS, servers):
                address = next((line.strip() for line in server.stdout if line.startswith("http://")), None)
                if address is None:
                    sys.exit(f"llama.cpp's server {name} ended before it said its address; run server.py by hand to see why")
                print(f"{name}={address}")
            print(f"MODELS={models}")
            print("ready", flush=True)
            sys.stdin.read()
        finally:
            for server in servers:
                server.kill()


main()
