"""A judge of code: runs a candidate's Python on inputs and compares what it prints. `python3 code_tests.py 7000`

THIS PROGRAM IS NO SANDBOX: it runs what a model wrote. Start it where that can do no harm, as docs/judges/external.md shows.
"""
import json, os, re, resource, signal, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

JUDGE = {"name": "code-tests", "version": "1", "space": "unit"}
SECONDS, MEMORY_BYTES, OUTPUT_BYTES = 5, 512 * 2**20, 2**20
workers = ThreadPoolExecutor(os.cpu_count())

def limit():
    for what, most in ((resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_FSIZE, OUTPUT_BYTES)):
        resource.setrlimit(what, (most, most))

def run(code, text):
    """What the code prints for an input; None when it fails. The expected output is never near it."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as printed:
        given.write(text.encode()), given.seek(0)
        streams = {"stdin": given, "stdout": printed, "stderr": subprocess.DEVNULL, "cwd": folder, "env": {}}
        child = subprocess.Popen([sys.executable, "-I", "-c", code], preexec_fn=limit, start_new_session=True, **streams)
        try:
            status = child.wait(SECONDS)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(child.pid, signal.SIGKILL)  # and whatever it started
        except ProcessLookupError:
            pass
        child.wait()
        printed.seek(0)
        return printed.read().decode(errors="replace") if status == 0 else None

def judge(candidate, tests):
    blocks = re.findall(r"```(?:python|py)?\n(.*?)```", candidate["content"], re.DOTALL)
    if not blocks:
        return {"id": candidate["id"], "abstained": {"code": "no_code_block"}}
    printed = [run(blocks[-1], test["input"]) for test in tests]
    right = [text is not None and text.split() == test["output"].split() for text, test in zip(printed, tests)]
    findings = [{"name": f"test {index}", "value": int(passed)} for index, passed in enumerate(right)]
    return {"id": candidate["id"], "score": sum(right) / len(right), "findings": findings}

class Service(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({"judges": [JUDGE]})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        one = lambda item: workers.map(judge, item["candidates"], [json.loads(item["metadata"]["tests"])] * len(item["candidates"]))
        self.answer({"version": JUDGE["version"], "items": [{"id": item["id"], "candidates": list(one(item))} for item in asked["items"]]})

    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200), self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data))), self.end_headers(), self.wfile.write(data)

ThreadingHTTPServer((os.environ.get("HOST", "127.0.0.1"), int(sys.argv[1])), Service).serve_forever()
