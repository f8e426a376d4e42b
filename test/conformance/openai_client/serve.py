"""A chat server in the place of an engine: it says back what it is told, whole or word by word, and breaks off where it is told to."""

import http.server
import json
import socket
import sys
import threading


class Chats(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._json(200, {"data": [{"id": "served"}]})

    def do_POST(self):
        chat = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = chat["messages"][-1]["content"]
        if said == "refuse":
            self._json(400, {"error": {"message": "no such thing", "type": "BadRequestError", "param": None, "code": 400}})
        elif chat.get("stream"):
            self._stream(said.split(), chat["model"])
        else:
            choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
            usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
            self._json(200, {"id": "c", "object": "chat.completion", "created": 0, "model": chat["model"], "choices": [choice], "usage": usage})

    def _stream(self, words, model):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for word in words:
            if word == "BREAK":
                self.close_connection = True
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
            self._chunk(json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 0, "model": model, "choices": [choice]}))
        self._chunk("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data):
        event = f"data: {data}\n\n".encode()
        self.wfile.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        self.wfile.flush()

    def _json(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Chats)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"CHAT_URL=http://127.0.0.1:{server.server_port}/v1", flush=True)
print("ready", flush=True)
sys.stdin.read()
