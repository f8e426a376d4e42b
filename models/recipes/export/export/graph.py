"""Collects the nodes and weights of an ONNX graph of standard operators.

Weights keep the numeric type that they are stored in; a Cast turns them into float32, which the runtime does once, when
it opens the model. All computation is float32.
"""

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper

from shared.graph import Graph as Nodes

OPSET = 20
#: A protobuf file ends at 2 GiB; a little of that is not weights.
LARGEST_FILE = (1 << 31) - (1 << 24)
IR_VERSION = 10
#: Added to the attention scores of keys that a query may not see; exp() of it is exactly 0.
MASKED = -1e9
#: Weights beside a graph are mapped into memory, which goes by pages.
PAGE = 4096
#: Numeric types that weights may be stored in.
STORED = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_ONNX_TYPE = {torch.float32: TensorProto.FLOAT, torch.bfloat16: TensorProto.BFLOAT16, torch.float16: TensorProto.FLOAT16}


#: Inputs of a graph that reads several texts behind one prefix, in the order in which a bundle names them.
BRANCHES = ["position_ids", "branch_ids", "text_places"]


class Graph(Nodes):
    """Every method returns the name of a tensor. With a path `beside`, weights are written there and only named in the graph.

    Without `branches` a row is a text. With them a row is a prefix, of branch 0, and any number of texts that go on from it, each a
    branch of its own: `position_ids` and `branch_ids` say where each token stands in its text, `text_places` `[T, 2]` the row and the
    branch of every text. A token sees its own branch and the prefix, so each text is read as if it were alone.
    """

    def __init__(self, stored="fp32", beside=None, branches=False):
        super().__init__()
        self._stored = STORED[stored]
        self._beside = beside
        self.branches = branches
        self._shared, self._weights, self._views = {}, {}, {}

    def constant(self, value, name=None):
        """Adds an array, once for equal ones."""
        array = np.asarray(value, order="C")
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._shared:
            self._shared[key] = super().constant(array, name)
        return self._shared[key]

    def number(self, value):
        """A float32 scalar."""
        return self.constant(np.float32(value))

    def weight(self, tensor, name):
        """A parameter of the model as float32: matrices in the stored type behind a Cast, vectors as they are."""
        if name not in self._weights:
            self._weights[name] = self._store(tensor.detach(), name)
        return self._weights[name]

    def _store(self, tensor, name):
        kind = torch.float32 if tensor.dim() < 2 else self._stored
        kept = tensor.to(kind).contiguous()
        array = kept.numpy() if kind is torch.float32 else kept.view(torch.int16).numpy()
        if self._beside is None or tensor.dim() < 2:
            self.initialisers.append(helper.make_tensor(name, _ONNX_TYPE[kind], kept.shape, array.tobytes(), raw=True))
        else:
            self.initialisers.append(self._write(array, TensorProto(name=name, data_type=_ONNX_TYPE[kind], dims=kept.shape)))
        return name if kind is torch.float32 else self.op("Cast", name, to=TensorProto.FLOAT)

    def _write(self, array, proto):
        """Appends an array to the file of weights, at a page of its own, and says in `proto` where it is."""
        with open(self._beside, "ab") as file:
            file.write(bytes(-file.tell() % PAGE))
            start = file.tell()
            array.tofile(file)
        proto.data_location = TensorProto.EXTERNAL
        for key, value in {"location": self._beside.name, "offset": start, "length": array.nbytes}.items():
            proto.external_data.add(key=key, value=str(value))
        return proto

    def linear(self, module, name, x):
        """`x Wᵀ + b` for a torch Linear."""
        product = self.op("MatMul", x, self.weight(module.weight.t(), f"{name}.weight"))
        if module.bias is None:
            return product
        return self.op("Add", product, self.weight(module.bias, f"{name}.bias"))

    def layer_norm(self, module, name, x):
        """A torch LayerNorm over the last axis."""
        inputs = [x, self.weight(module.weight, f"{name}.weight")]
        if module.bias is not None:
            inputs.append(self.weight(module.bias, f"{name}.bias"))
        return self.op("LayerNormalization", *inputs, axis=-1, epsilon=module.eps)

    def activation(self, name, x):
        """An activation by the name that configurations give it."""
        if name == "gelu":
            return self.op("Gelu", x)
        if name in ("gelu_pytorch_tanh", "gelu_new"):
            return self.op("Gelu", x, approximate="tanh")
        if name in ("silu", "swish"):
            return self.op("Mul", x, self.op("Sigmoid", x))
        if name == "relu":
            return self.op("Relu", x)
        if name == "tanh":
            return self.op("Tanh", x)
        raise SystemExit(f"activation {name!r} is not supported; add it to Graph.activation")

    def length(self):
        """Tokens of the batch's rows, a scalar int64."""
        return self.op("Gather", self.op("Shape", "input_ids"), self.constant(np.int64(1)))

    def places(self):
        """Places in a row: 0 … length − 1, int64 `[S]`."""
        return self.op("Range", self.constant(np.int64(0)), self.length(), self.constant(np.int64(1)))

    def positions(self):
        """Positions in a text, int64: `[S]`, or `[B, S]` with branches."""
        return "position_ids" if self.branches else self.places()

    def distances(self):
        """Query position − key position, int64: `[S, S]`, or `[B, 1, S, S]` with branches."""
        return self._pairs("Sub", self.positions())

    def _pairs(self, kind, x):
        """A node over every query and key of int64 `[S]` or `[B, S]`: `[S, S]` or `[B, 1, S, S]`."""
        query, key = ((1, 3), (1, 2)) if self.branches else ((1,), (0,))
        return self.op(kind, self.op("Unsqueeze", x, self.ints(*query)), self.op("Unsqueeze", x, self.ints(*key)))

    def bias(self, *conditions):
        """Attention bias `[B, 1, S, S]`: 0 where the key is a token of the query's text and all conditions hold, else MASKED."""
        seen = self.op("Cast", "attention_mask", to=TensorProto.BOOL)
        seen = self.op("Unsqueeze", seen, self.ints(1, 2))
        if self.branches:
            of_prefix = self.op("Equal", "branch_ids", self.constant(np.int64(0)))
            of_prefix = self.op("Unsqueeze", of_prefix, self.ints(1, 2))
            seen = self.op("And", seen, self.op("Or", of_prefix, self._pairs("Equal", "branch_ids")))
        for condition in conditions:
            seen = self.op("And", seen, condition)
        return self.op("Where", seen, self.number(0), self.number(MASKED))

    def heads(self, x, count, width):
        """`[B, S, count · width]` → `[B, count, S, width]`."""
        return self.op("Transpose", self.op("Reshape", x, self.ints(0, 0, count, width)), perm=[0, 2, 1, 3])

    def of_texts(self, x):
        """The row that every text stands in: `[B, S]` → `[T, S]`. Texts are rows without branches."""
        if not self.branches:
            return x
        if x not in self._views:
            self._views[x] = self.op("Gather", x, self.op("Squeeze", self._text_column(0), self.ints(1)))
        return self._views[x]

    def tokens(self):
        """1 on the tokens of each text, in the order of the row: int64 `[T, S]`."""
        mask = self.op("Cast", self.of_texts("attention_mask"), to=TensorProto.INT64)
        if not self.branches:
            return mask
        branch = self.of_texts("branch_ids")
        own = self.op("Or", self.op("Equal", branch, self.constant(np.int64(0))), self.op("Equal", branch, self._text_column(1)))
        return self.op("Mul", mask, self.op("Cast", own, to=TensorProto.INT64))

    def state_at(self, hidden, index):
        """State at place `index[t]` of every text's row: `[B, S, H]`, int64 `[T, 1]` → `[T, H]`."""
        if not self.branches:
            return self.op("GatherND", hidden, index, batch_dims=1)
        return self.op("GatherND", hidden, self.op("Concat", self._text_column(0), index, axis=1))

    def _text_column(self, at):
        """Row (0) or branch (1) of every text, int64 `[T, 1]`."""
        return self.op("Slice", "text_places", self.ints(at), self.ints(at + 1), self.ints(1))

    def model(self, inputs, outputs):
        """The finished model. `outputs`: name → shape after the texts, a string for an axis of any length."""
        texts = "texts" if self.branches else "batch"
        shapes = {"text_places": ["texts", 2]}
        graph = helper.make_graph(
            self.nodes,
            "judge",
            [helper.make_tensor_value_info(name, TensorProto.INT64, shapes.get(name, ["batch", "sequence"])) for name in inputs],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, [texts, *shape]) for name, shape in outputs.items()],
            self.initialisers,
        )
        opset = [helper.make_opsetid("", OPSET)]
        made = helper.make_model(graph, opset_imports=opset, producer_name="rewardgate", ir_version=IR_VERSION)
        if self._beside is None:
            onnx.checker.check_model(made)
        return made
