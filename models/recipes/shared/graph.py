"""Builds an ONNX graph node by node."""

import numpy as np
from onnx import helper, numpy_helper


class Graph:
    """Collects nodes and initialisers; every method returns the name of a new tensor."""

    def __init__(self):
        self.nodes, self.initialisers, self._count = [], [], 0

    def constant(self, value, name=None):
        """Adds an initialiser from a numpy array."""
        name = name or self._fresh("const")
        self.initialisers.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def ints(self, *values):
        """Adds a 1-D int64 initialiser."""
        return self.constant(np.array(values, np.int64))

    def op(self, kind, *inputs, outputs=1, name=None, **attributes):
        """Adds a node; returns its output name, or a list of them for `outputs` > 1."""
        made = [name] if name else [self._fresh(kind.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), made, name=f"node_{made[0]}", **attributes))
        return made[0] if outputs == 1 else made

    def _fresh(self, stem):
        self._count += 1
        return f"{stem}_{self._count}"
