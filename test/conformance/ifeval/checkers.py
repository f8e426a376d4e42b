"""IFEval's own checkers, as lm-eval carries them, without the libraries of models that lm-eval imports beside them."""

import importlib
import os
import pathlib
import sys
import types

import langdetect
import nltk
import punkt
from nltk.tokenize import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

PIN = (pathlib.Path(__file__).parent / "alone.txt").read_text().strip()


def load():
    """The registry of lm-eval: instruction id to class of checker."""
    folder = pathlib.Path(os.environ["REWARDGATE_TEST_PACKAGES"]) / PIN
    for name in ("lm_eval", "lm_eval.tasks", "lm_eval.tasks.ifeval"):
        package = types.ModuleType(name)
        package.__path__ = [str(folder / name.replace(".", "/"))]
        sys.modules[name] = package
    nltk.data.find = lambda *_: None  # What lm-eval would download is built below from a package.
    util = importlib.import_module("lm_eval.tasks.ifeval.instructions_util")
    sentences = trained_english()
    words = NLTKWordTokenizer()
    util._get_sentence_tokenizer = lambda: sentences
    nltk.word_tokenize = lambda text: [word for sentence in sentences.tokenize(text) for word in words.tokenize(sentence)]
    langdetect.DetectorFactory.seed = 0
    return importlib.import_module("lm_eval.tasks.ifeval.instructions_registry").INSTRUCTION_DICT


def trained_english():
    """NLTK's tokenizer of sentences with the parameters that NLTK publishes for English."""
    published = punkt.load_model("english")
    parameters = PunktParameters()
    parameters.abbrev_types = set(published.abbrev_types)
    parameters.collocations = set(published.collocations)
    parameters.sent_starters = set(published.sent_starters)
    parameters.ortho_context.update({word: int(seen) for word, seen in published.ortho_context.items()})
    return PunktSentenceTokenizer(parameters)


def framed(text):
    """The eight readings of a text that the loose verdict allows."""
    lines = text.split("\n")
    cut = [text, *("\n".join(kept).strip() for kept in (lines[1:], lines[:-1], lines[1:-1]))]
    return cut + [reading.replace("*", "") for reading in cut]


def verdict(checker, text, loose):
    """Whether a text follows the instruction, as lm-eval decides it."""
    return any(bool(reading.strip() and checker.check_following(reading)) for reading in (framed(text) if loose else [text]))
