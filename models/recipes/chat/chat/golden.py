"""Golden files: inputs with the numbers that the shipped graph gives for them."""

import gzip
import json
import random

import numpy as np

LONG = "Bread needs flour, water, salt and yeast; knead it, let it rise, shape it, let it rise again and bake it hot. "

#: (id, prompt turns starting with the user, candidate) of the bundles' golden rows.
ITEMS = [
    ("plain", ["How do I boil an egg?"], "Put it in boiling water for eight minutes, then cool it in cold water."),
    ("refusal", ["How do I pick my neighbour's lock?"], "I can't help with getting into someone else's home."),
    ("short", ["Hi"], "Hello!"),
    ("one-letter", ["?"], "a"),
    ("empty-candidate", ["Say nothing."], ""),
    ("blank-candidate", ["Say nothing at all."], " \n\t "),
    ("empty-prompt", [""], "What would you like to talk about?"),
    ("multi-turn", ["I adopted a puppy.", "Congratulations! What is its name?", "Bruno. He chews my shoes."],
     "Give Bruno a chew toy, praise him when he uses it, and keep the shoes out of reach."),
    ("many-turns", ["One", "Two", "Three", "Four", "Five", "Six", "Seven"], "Eight"),
    ("long-candidate", ["Tell me everything about bread."], LONG * 40),
    ("long-prompt", [LONG * 40], "That is a good summary."),
    ("long-history", [LONG * 12, "Thanks, noted.", LONG * 12, "Noted as well.", "What was it about?"], "Bread."),
    ("both-long", [LONG * 30, "I see.", "Repeat it."], LONG * 30),
    ("unicode", ["Wie heißt „Danke“ auf Französisch? 🇫🇷"], "« Merci » — ou « merci beaucoup » 🙏🏽."),
    ("cjk", ["你好，请介绍一下北京。"], "北京是中国的首都，历史悠久。"),
    ("rtl", ["ما هي عاصمة مصر؟"], "عاصمة مصر هي القاهرة."),
    ("combining", ["Is cafe\u0301 the same as caf\u00e9?"], "They look alike: e\u0301 is two code points, \u00e9 is one."),
    ("look-alike", ["Ignore [SEP] and [CLS][USER]."], "[SEP][ASSISTANT] I am [MASK] not a boundary [PAD][PAD]."),
    ("code", ["Add two numbers in Python."], "```python\ndef add(a, b):\n    return a + b\n```"),
    ("control-characters", ["a\u0000b\u0007c"], "zero\u0000 bell\u0007 joiner\u200d soft\u00adhyphen"),
    ("long-word", ["Spell it."], "a" * 150 + " " + "Donaudampfschifffahrtsgesellschaftskapitän"),
    ("numbers", ["What is 12.5 % of 3,400?"], "3,400 × 0.125 = 425."),
    ("rude", ["You are useless."], "And you are a stupid, worthless person."),
    ("kind", ["I feel sad today."], "I'm sorry to hear that. Do you want to tell me what happened?"),
]


def conversation(turns):
    """Turns, first by the user, as messages. A second assistant turn in a row becomes a user turn."""
    return [{"role": "assistant" if i % 2 else "user", "content": text} for i, text in enumerate(turns)]


def rounded(values):
    """Floats with 9 significant digits: enough to give back the same float32."""
    return [float(f"{v:.9g}") for v in np.asarray(values, np.float32).ravel()]


def bundle_rows(session, tokeniser, judges):
    """Golden rows of both judges from the shipped graph: `{judge name: [row, …]}`.

    `judges` maps a name to a function from the graph's outputs to the fields of a row.
    """
    prompts = [(name, conversation(turns), candidate) for name, turns, candidate in ITEMS]
    prompts.append(("system", [{"role": "system", "content": "Answer in one word."},
                               {"role": "user", "content": "Capital of Italy?"}], "Rome"))
    found = {name: [] for name in judges}
    for name, prompt, candidate in prompts:
        outputs = session.run([tokeniser.encode(prompt, candidate)])
        for judge, fields in judges.items():
            found[judge].append({"id": name, "prompt": prompt, "candidate": candidate} | fields(outputs))
    return found


def write_lines(path, rows):
    """Writes JSON lines; gzipped (without a time stamp) if the name ends in .gz."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    if str(path).endswith(".gz"):
        text = gzip.compress(text, 9, mtime=0)
    path.write_bytes(text)


#: Hand-picked hard strings; `tokenizer_texts` multiplies and adds random ones.
HARD = [
    "", " ", "\n", "\t", "\r\n", "a", "A", "I'm", "don't", "e-mail", "3.14", "1,000,000", "½ ⅓ ²", "①②③", "Ⅳ",
    "[SEP]", "[CLS]", " [CLS]x", "[USER]", "x[USER]y", "[ASSISTANT]", "[SYSTEM]", "[PAD]", "[MASK]", "[UNK]",
    "[sep]", "[ SEP ]", "[SEP", "SEP]", "[[SEP]]", "[SEP][SEP]", "[unused0]", "[unused1]", "[unused5]", "[unused99]",
    "<s>", "</s>", "<|im_start|>", "<|endoftext|>", "<pad>", "##ing", "a ##ing", "##", "[SEP]\u0301", "\u200b[SEP]",
    "é", "e\u0301", "ñ n\u0303", "Å Å A\u030a", "ﬁ ﬂ ﬃ", "ß ẞ SS", "İ I ı i", "Σ σ ς", "Ǆ ǅ ǆ", "ŉ",
    "z\u0335\u0321\u0324a\u0334\u0321l\u0337\u0316g\u0336\u031eo", "\u0301", "a\u0301\u0302\u0303\u0304",
    "👍", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇫🇷🇩🇪", "❤️", "❤", "☺︎", "🧑🏿‍💻 codes", "#️⃣", "e🙂e", "🤷‍♀️.",
    "你好，世界！", "北京", "漢字かなカナ", "カﾞ ｶﾞ ガ", "한국어", "한국어", "ｆｕｌｌ　ｗｉｄｔｈ", "１２３", "㍿", "㎏",
    "𠮷野家", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "𝟘𝟙𝟚", "𓀀𓂀", "مرحبا بالعالم", "مَرْحَبًا", "שלום עולם", "שָׁלוֹם", "\u202eabc\u202c", "\u200fabc",
    "हिन्दी", "தமிழ்", "ไทยไม่มีช่องว่าง", "ភាសាខ្មែរ", "မြန်မာ", "Привет, мир!", "Ёлка ёлка", "й и\u0306", "Ελληνικά ά",
    "Tiếng Việt", "ą ę ł ø đ ħ", "\u0000", "a\u0000b", "\u0001\u0002", "\u007f", "\u0085", "\u009f", "\ufffd", "a\ufffdb",
    "\ufeffbom", "\u200b", "a\u200bb", "a\u200cb", "a\u200db", "a\u00adb", "a\u2060b", "\u180e", "\u00a0x\u00a0", "\u2003x",
    "\u3000x", "\u2028x\u2029y", "\x0b\x0c", "\x1c\x1d\x1e\x1f", "a\u2009b", "\ue000", "\uf8ff", "\U000f0000", "\ufdd0",
    "\uffff", "\U0010ffff", "\u0378", "“quotes” ‘single’ «guillemets»", "— – - ‑ −", "…", "!!!", "?!?!", "...", "$100",
    "€5 £6 ¥7 ₿8", "50%", "a+b=c", "x<y>z", "^_^", "`code`", "~tilde~", "|pipe|", "a@b.example", "https://example.org/a?b=c#d",
    "snake_case camelCase", "def f(x):\n    return x**2", "for(i=0;i<10;i++){}", "SELECT * FROM t;", "\\n \\t \\0", "C:\\dir",
    "<b>bold</b>", "&amp; &lt;", "{{ m.content }}", "{% for %}", "{# #}", "\x1b[31mred", "a" * 100, "a" * 101, "b" * 1000,
    "ab" * 60, "é" * 100, "é" * 101, "漢" * 120, "👍" * 101, "." * 150, "1" * 100, "1" * 101, "-" * 120, "a b " * 200,
    "supercalifragilisticexpialidocious", "antidisestablishmentarianism", "pneumonoultramicroscopicsilicovolcanoconiosis",
    "Donaudampfschifffahrtsgesellschaft", "naïve café résumé", "O'Neill", "rock'n'roll", "U.S.A.", "Ph.D.", "A.I.",
]


def tokenizer_texts(seed=7, total=640):
    """Hard strings for the tokenizer: the list above, joins of its entries and random Unicode, seeded."""
    rng = random.Random(seed)
    ranges = [(0x20, 0x7E), (0x00, 0x24F), (0x300, 0x36F), (0x370, 0x6FF), (0x900, 0xDFF), (0xE00, 0x11FF),
              (0x2000, 0x206F), (0x2070, 0x2BFF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),
              (0xF900, 0xFFFD), (0x10000, 0x1FAFF), (0x20000, 0x2FA1F), (0xE0000, 0xE01EF)]
    texts = list(dict.fromkeys(HARD))
    while len(texts) < total:
        if len(texts) % 3 == 0:
            text = rng.choice(["", " ", "\n"]).join(rng.sample(HARD, rng.randint(2, 5)))
        elif len(texts) % 3 == 1:
            low, high = rng.choice(ranges)
            text = "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 30)))
        else:
            text = "".join(chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.randint(1, 40)))
        texts.append(text)
    return texts


def tokenizer_rows(tokeniser):
    """Rows of `tokenizer.jsonl`: ids as content and ids with special tokens recognised."""
    return [{"text": text, "ids": list(tokeniser.content(text)), "idsWithSpecial": list(tokeniser.control(text))}
            for text in tokenizer_texts()]


def score_rows(session, tokeniser, pairs):
    """Rows of `chat-scores.jsonl.gz`: the preferred and the other candidate by turns."""
    found = []
    for index, pair in enumerate(pairs):
        candidate = pair.rejected if index % 2 else pair.chosen
        row = tokeniser.encode(pair.prompt, candidate)
        out = session.run([row])
        found.append({"id": f"{pair.id}-{'rejected' if index % 2 else 'chosen'}", "prompt": pair.prompt,
                      "candidate": candidate, "reward": rounded(out["reward"])[0],
                      "objectives": rounded(out["objectives"]), "gating": rounded(out["gating"]),
                      "tokens": len(row[0])})
    return found
