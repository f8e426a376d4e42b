"""Holds the read-out in the graph to the one in numpy.

    python -m unittest shared.test_markers        # in the folder above this one, with the packages of a recipe
"""

import unittest

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from shared.graph import Graph
from shared.markers import at_markers, read_at_markers

MARKER, MOST = 4, 5


def session():
    g = Graph()
    read_at_markers(g, "values", "ids", MARKER, MOST, name="read")
    shape = ["batch", "sequence"]
    inputs = [helper.make_tensor_value_info("values", TensorProto.FLOAT, shape),
              helper.make_tensor_value_info("ids", TensorProto.INT64, shape)]
    outputs = [helper.make_tensor_value_info("read", TensorProto.FLOAT, ["batch", MOST])]
    graph = helper.make_graph(g.nodes, "markers", inputs, outputs, g.initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 10
    onnx.checker.check_model(model)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


class MarkersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.session = session()

    def read(self, values, ids):
        feeds = {"values": np.asarray(values, np.float32), "ids": np.asarray(ids, np.int64)}
        return self.session.run(None, feeds)[0]

    def test_random_texts_agree_with_numpy_to_the_bit(self):
        rng = np.random.default_rng(0)
        for _ in range(200):
            shape = rng.integers(1, 6), rng.integers(1, 40)
            values, ids = rng.normal(size=shape).astype(np.float32), rng.integers(0, 9, shape)
            np.testing.assert_array_equal(self.read(values, ids), at_markers(values, ids, MARKER, MOST))

    def test_no_marker_gives_no_number(self):
        self.assertTrue(np.isnan(self.read([[1, 2, 3]], [[1, 2, 3]])).all())

    def test_markers_beyond_the_width_are_left_out(self):
        np.testing.assert_array_equal(self.read([range(7)], [[MARKER] * 7]), [[0, 1, 2, 3, 4]])

    def test_a_value_elsewhere_cannot_spoil_what_is_read(self):
        read = self.read([[np.nan, 1, np.inf]], [[1, MARKER, 2]])
        self.assertEqual(read[0, 0], 1)
        self.assertTrue(np.isnan(read[0, 1:]).all())

    def test_a_value_that_is_not_finite_stays_what_it_is(self):
        self.assertEqual(self.read([[-np.inf, 0]], [[MARKER, 1]])[0, 0], -np.inf)


if __name__ == "__main__":
    unittest.main()
