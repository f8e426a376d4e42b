"""Why the rule and IFEval's checkers differ, where they do."""

import re

import texts

PHRASES = ("keywords", "keyword", "forbidden_words", "section_spliter")
UNTOLD = [texts.LANGUAGES[language] for language in ("ne", "sw")]
LANGUAGE_IDS = ("language:response_language", "change_case:english_capital", "change_case:english_lowercase")


def reason(pair):
    """One sentence, or None where there is no known reason."""
    for condition, why in REASONS.get(pair.id, []):
        if condition(pair):
            return why
    if any(re.escape(phrase) != phrase.replace(" ", r"\ ") for key in PHRASES for phrase in aslist(pair.arguments.get(key))):
        return "a phrase with marks is a phrase to the rule and a pattern to the checker"
    return None


def aslist(value):
    return [] if value is None else [value] if isinstance(value, str) else value


def guessed(pair):
    """Whether a detector of languages has little to go by: no whole sentence in one language, or capitals alone."""
    return pair.loose or pair.id != LANGUAGE_IDS[0] or pair.text not in texts.LANGUAGES.values()


REASONS = {
    **{
        name: [
            (lambda pair: pair.ours is None, "the language is none that the rule can tell, so it abstains"),
            (lambda pair: pair.text in UNTOLD, "a text in a language that the rule cannot tell is told for one like it"),
            (guessed, "detectors of languages guess differently at few words, at capitals, and at texts of no language or of two"),
        ]
        for name in LANGUAGE_IDS
    },
    "keywords:letter_frequency": [
        (lambda pair: not re.fullmatch("[A-Za-z]", pair.arguments["letter"]), "the checker draws a random letter in place of a mark, which the rule counts"),
    ],
    "length_constraints:number_sentences": [
        (lambda pair: "e.g." in pair.text, "\"e.g.\" ends a sentence to the checker's trained splitter"),
        (lambda pair: True, "the checker's trained splitter knows other abbreviations, and sentences without words"),
    ],
    "length_constraints:nth_paragraph_first_word": [
        (lambda pair: pair.arguments["nth_paragraph"] > pair.arguments["num_paragraphs"], "the checker draws another place where there are fewer paragraphs than the place"),
        (lambda pair: re.search(r"\A\s*\n\n|\n\n\s*\n\n", pair.text), "an empty paragraph moves the checker's count of places and not its count of paragraphs; the rule leaves it out of both"),
    ],
    "detectable_format:number_bullet_lists": [
        (lambda pair: re.search(r"^\s*\*\r?$", pair.text, re.MULTILINE), "an asterisk alone on its line is an item to the checker"),
    ],
    "detectable_format:title": [
        (lambda pair: re.search(r"<<[<>\s]+>>", pair.text), "brackets and spaces alone are a title to the checker"),
    ],
    "detectable_format:json_format": [
        (lambda pair: re.search("NaN|Infinity", pair.text), "NaN and Infinity are JSON to Python and none by its standard"),
        (lambda pair: "\ufeff" in pair.text, "a byte order mark before JSON is white space to the rule"),
    ],
    "change_case:capital_word_frequency": [
        (lambda pair: re.search("CANNOT", pair.text), "CANNOT is two words to the checker's tokenizer"),
    ],
}
