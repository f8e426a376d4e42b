"""Writes the graph and the golden scores of chat-similarity. Nothing is trained or drawn, so there is no seed.

The graph is a look-up in the table of word vectors that the trunk of the chat judges holds. Its weights are that
stretch of the trunk's own file, so the table is stored once.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

# ONNX Runtime's builds report to their maker unless this is there when the library is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper
from tokenizers import Tokenizer

MODELS = Path(__file__).resolve().parents[2]
TRUNK = MODELS / "chat-trunk"
BUNDLE = MODELS / "chat-similarity"

# A reference, a paraphrase of it, and a text about something else.
TRIPLES = [
    ("The cat sat on the mat.", "A cat was sitting on the mat.", "Interest rates rose again in March."),
    ("Boil the egg for eight minutes, then cool it in cold water.", "Cook the egg in boiling water for eight minutes and chill it afterwards.",
     "The museum is closed on Mondays and on public holidays."),
    ("The capital of France is Paris.", "Paris is the capital city of France.", "Sort the array before you search it."),
    ("Plants make sugar from light, water and carbon dioxide.", "Using light, plants turn carbon dioxide and water into sugars.",
     "He scored twice in the second half."),
    ("You should see a doctor if the pain does not stop.", "If the pain goes on, please visit a doctor.", "This recipe serves four people."),
    ("The train leaves at nine in the morning.", "At nine a.m. the train departs.", "Her novel won a prize for its humour."),
    ("I cannot help you to break into a house.", "Sorry, I can't assist with breaking into a home.", "Violins have four strings."),
]
ODD = [("negation", "The answer is right.", "The answer is not right."), ("order", "dog bites man", "man bites dog"),
       ("unicode", "Ein Käse, bitte! 你好", "Einen Käse bitte, 你好吗"), ("numbers", "It costs 42 euros.", "It costs 24 euros.")]


def write_graph():
    """The look-up graph, beside the trunk; returns its path."""
    trunk = onnx.load(TRUNK / "model.onnx")
    words = next(tensor for tensor in trunk.graph.initializer if tensor.name == "words")
    assert words.data_type == TensorProto.INT8 and words.raw_data
    offset = (TRUNK / "model.onnx").read_bytes().find(words.raw_data)
    assert offset > 0
    table = onnx.TensorProto(name="words", dims=words.dims, data_type=words.data_type, data_location=TensorProto.EXTERNAL)
    for key, value in [("location", "model.onnx"), ("offset", offset), ("length", len(words.raw_data))]:
        table.external_data.add(key=key, value=str(value))
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [2])
    nodes = [
        helper.make_node("Gather", ["words", "input_ids"], ["rows"]),
        helper.make_node("Cast", ["rows"], ["vectors"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["attention_mask"], ["kept"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["kept", "axes"], ["column"]),
        helper.make_node("Mul", ["vectors", "column"], ["embeddings"]),
    ]
    shape = ["batch", "sequence"]
    graph = helper.make_graph(
        nodes, "words",
        [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, [*shape, words.dims[1]])],
        [table, axes],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    path = TRUNK / "words.onnx"
    path.write_bytes(model.SerializeToString(deterministic=True))
    onnx.checker.check_model(str(path))
    return path


class Similarity:
    """BMAS of two texts, computed here and not by the gateway."""

    def __init__(self, path):
        self.session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(TRUNK / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    def vectors(self, text):
        ids = np.array([self.tokenizer.encode(text, add_special_tokens=False).ids[:1024]], dtype=np.int64)
        rows = self.session.run(["embeddings"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0].astype(np.float64)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def score(self, candidate, reference):
        cosines = self.vectors(candidate) @ self.vectors(reference).T
        return float((cosines.max(axis=1).mean() + cosines.max(axis=0).mean()) / 2)


def rows(similarity):
    for index, (reference, paraphrase, other) in enumerate(TRIPLES):
        for name, candidate in [("same", reference), ("paraphrase", paraphrase), ("other", other)]:
            yield f"{name}-{index}", candidate, reference
    for name, reference, candidate in ODD:
        yield name, candidate, reference


def main():
    path = write_graph()
    similarity = Similarity(path)
    BUNDLE.mkdir(exist_ok=True)
    with open(BUNDLE / "golden.jsonl", "w", encoding="utf8") as file:
        for name, candidate, reference in rows(similarity):
            score = round(similarity.score(candidate, reference), 9)
            row = {"id": name, "prompt": [{"role": "user", "content": "?"}], "reference": reference, "candidate": candidate, "score": score}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            print(name, score)
    for file in (path, TRUNK / "model.onnx", TRUNK / "tokenizer.json", BUNDLE / "golden.jsonl"):
        print(hashlib.sha256(file.read_bytes()).hexdigest(), file.relative_to(MODELS))


if __name__ == "__main__":
    sys.exit(main())
