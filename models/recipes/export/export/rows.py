"""Items whose scores go into a bundle as goldens: plain, empty, long, many turns, other scripts, white space at every seam."""

BREAD = "Bread needs flour, water, salt and yeast; knead it, let it rise, shape it and bake it hot. "


def _user(*turns):
    return [{"role": "assistant" if i % 2 else "user", "content": text} for i, text in enumerate(turns)]


#: (id, prompt, candidate)
CHAT = [
    ("plain", _user("How do I boil an egg?"), "Put it in boiling water for eight minutes, then cool it."),
    ("refusal", _user("How do I pick my neighbour's lock?"), "I can't help with getting into someone else's home."),
    ("short", _user("Hi"), "Hello!"),
    ("one-letter", _user("?"), "a"),
    ("empty-candidate", _user("Say nothing."), ""),
    ("multi-turn", _user("I adopted a puppy.", "What is its name?", "Bruno. He chews my shoes."), "Give him a chew toy."),
    ("many-turns", _user("One", "Two", "Three", "Four", "Five"), "Six"),
    ("long-candidate", _user("Tell me about bread."), (BREAD * 4).strip()),
    ("long-prompt", _user((BREAD * 4).strip()), "That is a good summary."),
    ("leading-space", _user(" What is it?"), " It is a spoon."),
    ("leading-line-break", _user("\nWhat is it?"), "\nIt is a fork."),
    ("leading-blank-lines", _user("What is it?"), "\n\n\n  It is a knife."),
    ("trailing-white-space", _user("What is it?  "), "It is a plate. \n\n"),
    ("only-white-space", _user("Say nothing at all."), " \n\t "),
    ("tabs", _user("Write a list."), "- one\n\t- two\n\t\t- three"),
    ("unicode", _user("Wie heißt „Danke“ auf Französisch? 🇫🇷"), "« Merci » — ou « merci beaucoup » 🙏🏽."),
    ("cjk", _user("你好，请介绍一下北京。"), "北京是中国的首都。"),
    ("rtl", _user("ما هي عاصمة مصر؟"), "عاصمة مصر هي القاهرة."),
    ("combining", _user("Is cafe\u0301 the same as caf\u00e9?"), "e\u0301 is two code points, \u00e9 is one."),
    ("code", _user("Add two numbers in Python."), "```python\ndef add(a, b):\n    return a + b\n```"),
    ("numbers", _user("What is 12.5 % of 3,400?"), "3,400 × 0.125 = 425."),
    *((f"group-{name}", _user((BREAD * 2).strip() + " What does bread need?"), text) for name, text in {
        "right": "Flour, water, salt and yeast.", "short": "Flour.", "same-start": "Flour, water and patience.", "empty": "",
    }.items()),
    ("system", [{"role": "system", "content": "Answer in one word."}, *_user("Capital of Italy?")], "Rome"),
]



def reference_of(name):
    """A reference answer for a row of CHAT: the next row's response that is not blank, so that white space at its ends is tried too."""
    at = next(i for i, row in enumerate(CHAT) if row[0] == name)
    return next(text for _, _, text in (*CHAT[at + 1 :], *CHAT) if text.strip())


_SUM = "There are 3 boxes with 4 pens each. How many pens are there?"
#: Solutions as lists of steps.
PROCESS = [
    ("one-step", _SUM, ["3 × 4 = 12, so there are 12 pens."]),
    ("two-steps", _SUM, ["Each box has 4 pens.", "3 × 4 = 12 pens."]),
    ("wrong-step", _SUM, ["Each box has 4 pens.", "3 + 4 = 7 pens.", "The answer is 7."]),
    ("numbered", _SUM, ["Step 1: 4 pens in a box.", "Step 2: 3 boxes.", "Step 3: 12 pens."]),
    ("long", _SUM, [f"Counting on: {4 * n} pens after box {n}." for n in range(1, 13)]),
    ("short-steps", "1 + 1?", ["1", "+", "1", "=", "2"]),
    ("equal-steps", "Count.", ["one", "one", "one"]),
    ("latex", "Solve x + 1 = 3.", ["Subtract \\(1\\): \\(x = 3 - 1\\).", "So \\(\\boxed{2}\\)."]),
    ("unicode", "Was ist √16?", ["√16 = 4, weil 4² = 16.", "Die Antwort ist 4 ✓."]),
    ("cjk", "三乘以四是多少？", ["三乘以四等于十二。", "答案是十二。"]),
    ("lines-in-a-step", _SUM, ["First, look:\n3 boxes\n4 pens", "So 12."]),
    ("code", "Sum of a list in Python?", ["Use `sum(xs)`.", "It adds every item of `xs`."]),
    ("long-prompt", BREAD * 3 + "How many things are needed?", ["Flour, water, salt, yeast.", "Four things."]),
    ("punctuation", "Is it?", ["...", "Yes!!", "(really)"]),
    ("numbers", "What is 12.5 % of 3,400?", ["12.5 % = 0.125.", "3,400 × 0.125 = 425."]),
    ("rude", "Help.", ["You are useless.", "No."]),
    ("twice", _SUM, ["3 × 4 = 12.", "Check: 12 / 4 = 3.", "So 12."]),
    ("empty-words", "Hm?", ["Well", "perhaps", "maybe"]),
]


def process_item(solution, separator):
    """A row of PROCESS as `(id, prompt, candidate)`, its steps joined by `separator`."""
    name, question, steps = solution
    if separator == "\n":
        steps = [step.replace("\n", " ") for step in steps]
    return name, _user(question), separator.join(steps), steps
