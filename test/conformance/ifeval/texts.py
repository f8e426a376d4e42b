"""Texts at the boundary of each instruction of IFEval: what just follows it, what just does not, and what only looks as if."""

import json
import re

LANGUAGES = {
    "ar": "الطقس جميل اليوم ونحن ذاهبون إلى السوق لشراء الخبز والفاكهة.",
    "bg": "Днес времето е хубаво и отиваме на пазара да купим хляб и плодове.",
    "bn": "আজ আবহাওয়া সুন্দর এবং আমরা রুটি ও ফল কিনতে বাজারে যাচ্ছি।",
    "de": "Heute ist das Wetter schön und wir gehen auf den Markt, um Brot und Obst zu kaufen.",
    "en": "The weather is fine today and we are going to the market to buy bread and fruit.",
    "es": "Hoy hace buen tiempo y vamos al mercado a comprar pan y fruta para la cena.",
    "fa": "امروز هوا خوب است و ما برای خرید نان و میوه به بازار می‌رویم.",
    "fi": "Tänään on kaunis sää ja menemme torille ostamaan leipää ja hedelmiä.",
    "fr": "Il fait beau aujourd'hui et nous allons au marché pour acheter du pain et des fruits.",
    "gu": "આજે હવામાન સારું છે અને અમે રોટલી અને ફળ ખરીદવા બજારમાં જઈએ છીએ.",
    "hi": "आज मौसम अच्छा है और हम रोटी और फल खरीदने के लिए बाज़ार जा रहे हैं।",
    "it": "Oggi il tempo è bello e andiamo al mercato per comprare il pane e la frutta.",
    "kn": "ಇಂದು ಹವಾಮಾನ ಚೆನ್ನಾಗಿದೆ ಮತ್ತು ನಾವು ರೊಟ್ಟಿ ಹಾಗೂ ಹಣ್ಣು ಖರೀದಿಸಲು ಮಾರುಕಟ್ಟೆಗೆ ಹೋಗುತ್ತಿದ್ದೇವೆ.",
    "ko": "오늘은 날씨가 좋아서 우리는 빵과 과일을 사러 시장에 갑니다.",
    "mr": "आज हवामान छान आहे आणि आम्ही भाकरी आणि फळे विकत घेण्यासाठी बाजारात जात आहोत.",
    "ne": "आज मौसम राम्रो छ र हामी रोटी र फलफूल किन्न बजार जाँदैछौं।",
    "pa": "ਅੱਜ ਮੌਸਮ ਚੰਗਾ ਹੈ ਅਤੇ ਅਸੀਂ ਰੋਟੀ ਅਤੇ ਫਲ ਖਰੀਦਣ ਲਈ ਬਾਜ਼ਾਰ ਜਾ ਰਹੇ ਹਾਂ।",
    "pt": "Hoje o tempo está bom e nós vamos ao mercado para comprar pão e frutas.",
    "ru": "Сегодня хорошая погода, и мы идём на рынок купить хлеба и фруктов.",
    "sw": "Leo hali ya hewa ni nzuri na tunakwenda sokoni kununua mkate na matunda.",
    "ta": "இன்று வானிலை நன்றாக இருக்கிறது, நாங்கள் ரொட்டியும் பழங்களும் வாங்க சந்தைக்குச் செல்கிறோம்.",
    "te": "ఈ రోజు వాతావరణం బాగుంది, మేము రొట్టె మరియు పండ్లు కొనడానికి మార్కెట్‌కు వెళ్తున్నాము.",
    "th": "วันนี้อากาศดีและเรากำลังไปตลาดเพื่อซื้อขนมปังและผลไม้",
    "ur": "آج موسم اچھا ہے اور ہم روٹی اور پھل خریدنے کے لیے بازار جا رہے ہیں۔",
    "vi": "Hôm nay thời tiết đẹp và chúng tôi đi chợ để mua bánh mì và trái cây.",
}

WORDS = "bread water stone river light window garden morning paper letter".split()
SENTENCES = [
    "We bake bread on most mornings.",
    "Is the oven hot?",
    "It takes 3.5 hours, e.g. on a cold day.",
    "Dr. Smith and Mrs. Lee came at 5 p.m. to taste it.",
    "Stop!",
    '"It is done," he said.',
    "The U.S. has many mills... or so they say.",
    "Flour (of any kind) will do.",
]


def near(n):
    return [k for k in (0, n - 1, n, n + 1, n + 2) if k >= 0]


def sentences(n):
    return [SENTENCES[k % len(SENTENCES)] for k in range(n)]


def words(n):
    return [WORDS[k % len(WORDS)] for k in range(n)]


def existence(keywords):
    whole = " and ".join(keywords)
    return [whole, whole.upper(), f"un{whole}s", ", ".join(keywords[1:]), keywords[0], whole.replace("e", "é"), "\n".join(keywords)]


def frequency(keyword, frequency, relation):
    texts = [" ".join(["so", *[keyword] * k]) for k in near(frequency)]
    glued = "".join([keyword.upper()] * frequency)
    return [*texts, glued, f"{glued}s", ", ".join([f"un{keyword}ed"] * frequency), " ".join([keyword[:-1]] * frequency)]


def forbidden_words(forbidden_words):
    word = forbidden_words[-1]
    shapes = ["{}", "{}s", "un{}", "{}-like", "a_{}", "({})", "{}2", "“{}”", "*{}*", "the\n{}\nof", "{}’s", "é{}", "{}."]
    return [f"We say {shape.format(written)} here" for shape in shapes for written in (word, word.upper())] + [" ".join(WORDS)]


def letter_frequency(letter, let_frequency, let_relation):
    plain = " ".join(WORDS).replace(letter.lower(), "")
    return [plain + (letter.upper() if k % 2 else letter) * k for k in near(let_frequency)] + [plain + "éß" + letter * let_frequency]


def response_language(language):
    return [*LANGUAGES.values(), *(f"{text} {text}" for text in LANGUAGES.values()), LANGUAGES["en"].upper()]


def number_sentences(num_sentences, relation):
    ways = [" ".join, "\n".join, "\n\n".join, lambda parts: "\n".join(f"* {part}" for part in parts)]
    texts = [join(sentences(k)) for join in ways for k in near(num_sentences)]
    return [*texts, "\n".join(f"{k + 1}. {part}" for k, part in enumerate(sentences(num_sentences))), "no stop at all", "...", "One sentence"]


def number_paragraphs(num_paragraphs):
    dividers = ["\n***\n", "\n\n***\n\n", "***", " *** ", "\n****\n"]
    texts = [divider.join(sentences(k)) for divider in dividers for k in near(num_paragraphs)]
    whole = "\n***\n".join(sentences(num_paragraphs))
    return [*texts, f"***\n{whole}", f"{whole}\n***", f"{whole}\n***\n***\n", f"***\n\n***\n{whole}", whole.replace("***", "---"), "***"]


def number_words(num_words, relation):
    texts = [join(words(k)) for join in (" ".join, "-".join, ", ".join, "\n".join, "_".join) for k in near(num_words)]
    texts += [" ".join([word] * k) for word in ("don't", "naïve", "cafe\u0301", "नमस्ते") for k in near(num_words)]
    return [*texts, "— " * num_words]


def nth_paragraph_first_word(num_paragraphs, nth_paragraph, first_word):
    def with_word(word, count=num_paragraphs, place=nth_paragraph, divider="\n\n"):
        parts = sentences(count)
        if 0 < place <= count:
            parts[place - 1] = f"{word} is where it begins."
        return divider.join(parts)

    shapes = ["{}", "{},", '"{}"', "'{}'", "*{}*", "{}s", "the {}", "({})", "“{}”", "{}'s", "\"'{}", "\n{}", "#{}", "{}—yes"]
    texts = [with_word(shape.format(written)) for shape in shapes for written in (first_word, first_word.upper())]
    texts += [with_word(first_word, count) for count in near(num_paragraphs)]
    texts += [with_word(first_word, place=nth_paragraph + 1), with_word(first_word, place=nth_paragraph - 1)]
    texts += [with_word(first_word, divider=divider) for divider in ("\n", "\n\n\n", "\n\n\n\n", "\n \n", "\n***\n")]
    return [*texts, f"\n\n{with_word(first_word)}\n\n"]


def number_placeholders(num_placeholders):
    shapes = ["[name]", "[]", "[[name]]", "[a [b]", "[a] ]", "[a\nb]", "{name}", "<name>", "［name］", "[x](y)"]
    return [" and ".join([shape] * k) for shape in shapes for k in near(num_placeholders)] + ["[", "]["]


def postscript(postscript_marker):
    shapes = "P.S. P.S p.s. PS PS: P.S: P.P.S P.P.S. p.p.s. PPS P.P.P.S. P..S. Q.S.".split()
    shapes += ["P. S.", "P.  S.", "P .S.", "P.\nS.", "P. P. S.", "P.P. S.", "P. P.S", "P.P S", "*P.S.*", "**P.P.S**", "stop.s."]
    return [f"Bye.{gap}{shape} I forgot" for shape in shapes for gap in ("\n\n", " ")] + ["Bye.\n\nP.S.", "P.P.S", "Bye."]


def number_bullet_lists(num_bullets):
    shapes = ["* {}", "- {}", "  * {}", "\t- {}", "*{}", "-{}", "• {}", "+ {}", "1. {}", "**{}**", "***{}***", "* **{}**: so", "--- {}", "> * {}"]
    texts = ["\n".join(["A list:", *(shape.format(word) for word in words(k))]) for shape in shapes for k in near(num_bullets)]
    mixed = "\n".join(f"{'*-'[k % 2]} {word}" for k, word in enumerate(words(num_bullets)))
    return [*texts, mixed, mixed.replace("\n", "\n\n"), mixed.replace("\n", "\r\n"), f"{mixed}\n*\nend", f"{mixed}\n-", f"{mixed}\n---", f"{mixed}\n***"]


def number_highlighted_sections(num_highlights):
    shapes = ["*{}*", "**{}**", "***{}***", "* {}*", "*{}", "_{}_", "**{}*", "*{}\n{}*", "**", "* *", "** **", "*{}* *", "\\*{}\\*"]
    return [" and ".join(shape.format(word, word) for word in words(k)) for shape in shapes for k in near(num_highlights)]


def multiple_sections(section_spliter, num_sections):
    shapes = ["{} {}", "{}{}", "{}  {}", "**{} {}**", "{}\n{}", "{}: {}", "# {} {}:", "Sub{} {}", "{}\u00a0{}"]
    names = [section_spliter, section_spliter.upper(), section_spliter.lower()]
    texts = ["\n".join(f"{shape.format(name, i + 1)}\n{SENTENCES[0]}" for i in range(k)) for shape in shapes for name in names for k in near(num_sections)]
    other = ["\n".join(f"{section_spliter} {number}\nso" for number in numbers[:num_sections]) for numbers in ("IVXLC", "١٢٣٤٥", "①②③④⑤", "12345")]
    return texts + other


def title():
    inner = ["A title", "", " ", "a > b", "a < b", "<b>", "A <i>title</i>", "a\nb", ">", "<", "題"]
    shapes = ["<<{}>>", "<{}>", "< <{}> >", "«{}»", "<<{}>", "<<{}>>>", "<<<{}>>>", "text <<{}>> text", "&lt;&lt;{}&gt;&gt;", ">>{}<<"]
    return [f"{shape.format(text)}\nso" for shape in shapes for text in inner] + ["<<>> and <<a title>>", "<<a title>> and <<>>", "<<>> >>"]


def json_format():
    values = ['{"a": [1, null]}', "[]", "{}", '"text"', "5", "true", "null", '{"a": 1,}', "{'a': 1}", '{"a": 1} // so', "NaN", '{"a": NaN}', '{"a": Infinity}']
    values += ['{"a": "b\nc"}', '{"a": "b\\nc"}', "{a: 1}", '{"a": 1}{"b": 2}', "01", "1.", '{"a": 1, "a": 2}', '{"é": "\\ud83d"}', '\ufeff{"a": 1}', ""]
    frames = ["{}", "```json\n{}\n```", "```\n{}\n```", "```JSON\n{}\n```", "```Json {}```", "```js\n{}\n```", "~~~\n{}\n~~~", "Here:\n```json\n{}\n```", "```json\n{}\n```\nDone", "```json\n{}", "{}\n```", "`{}`"]
    return [frame.format(value) if "{}" in frame else value for frame in frames for value in values]


def constrained_response():
    answers = ["My answer is yes.", "My answer is no.", "My answer is maybe.", "My answer is yes", "my answer is yes.", "My answer is  yes.", "My answer is: no.", "Yes.", "My answer is perhaps."]
    return [shape.format(answer) for shape in ("{}", " {}\n", "Well. {} So there.", "**{}**", '"{}"', "{}{}".replace("{}{}", "{}My")) for answer in answers]


def repeat_prompt(prompt_to_repeat):
    prompt = prompt_to_repeat
    texts = [prompt, prompt.upper(), prompt.strip(), f"  {prompt}", f'"{prompt}"', f"Sure! {prompt}", prompt[:-2], prompt[1:], f"**{prompt}**", f"{prompt}{prompt}"]
    return [f"{text}\n\nHere it is." for text in texts] + [texts[2], re.sub(r"\s+", " ", prompt), prompt.replace(" ", "  ")]


def two_responses():
    shapes = ["{}\n******\n{}", "{}******{}", "******{}******{}******", "{}*****{}", "{}*******{}", "{}************{}", "{}\n***\n***\n{}", "{}\n******\n\n******\n{}", "{}\n******", "******\n{}"]
    pairs = [("one", "two"), ("one", "one"), ("one", " one "), ("one", "One"), ("one", ""), ("", "")]
    return [shape.format(*pair) for shape in shapes for pair in pairs] + ["one\n******\ntwo\n******\nthree", "one two"]


def end_checker(end_phrase):
    phrase = end_phrase
    tails = ["", " ", "\n", '"', '""', '" ', ' "', ".", "*", "”", "'", " So.", "\n\n", "\u200b"]
    texts = [f"So it is. {written}{tail}" for written in (phrase, phrase.upper(), phrase[:-1], f"{phrase} {phrase}") for tail in tails]
    return [*texts, phrase, f'"So. {phrase}"', f"{phrase}So", f"So{phrase}", phrase.replace(" ", "  ")]


def quotation():
    shapes = ['"{}"', ' "{}"\n', "“{}”", "'{}'", '"{}', '{}"', '""{}""', '"{}".', '**"{}"**', "``{}''", '"{}" and "{}"', "«{}»", "＂{}＂"]
    return [shape.format(text, text) for shape in shapes for text in ("so it is", "", 'he said "no"')] + ['"', '""', '"""']


def english_capital():
    texts = [*LANGUAGES.values(), *SENTENCES, "So", "a", "1 2 3", "!?", "A B C", "THE ǅ"]
    return [change(text) for text in texts for change in (str.upper, str.lower, str.title, str)] + [f"{LANGUAGES['en'].upper()} ª", f"{LANGUAGES['en'].upper()} ß"]


def capital_word_frequency(capital_frequency, capital_relation):
    shapes = ["BIG", "X-RAY", "U.S.A.", "I", "I'M", "CAN'T", "Big", "BIGs", '"BIG"', "(BIG)", "*BIG*", "**BIG**", "BIG,", "BIG/SMALL", "BIG&SMALL", "3D", "#BIG", "A1", "BIG_ONE", "ÉTÉ", "BIG—SMALL", "<<BIG>>", "O'NEILL", "BIG.", "BIG:", "MR.", "CANNOT", "“BIG”", "BIG...", "$US", "10AM", "日本", "[BIG]"]
    return [" ".join(["so it is", *[shape] * k, "and no more"]) for shape in shapes for k in near(min(capital_frequency, 12))]


def no_comma():
    return [" ".join(WORDS), "a, b", "1,000", "a、b", "a，b", "a،b", "a‚b", ",", "a;b", "a\\,b", "a\n,b"]


MAKERS = {
    "keywords:existence": existence,
    "keywords:frequency": frequency,
    "keywords:forbidden_words": forbidden_words,
    "keywords:letter_frequency": letter_frequency,
    "language:response_language": response_language,
    "length_constraints:number_sentences": number_sentences,
    "length_constraints:number_paragraphs": number_paragraphs,
    "length_constraints:number_words": number_words,
    "length_constraints:nth_paragraph_first_word": nth_paragraph_first_word,
    "detectable_content:number_placeholders": number_placeholders,
    "detectable_content:postscript": postscript,
    "detectable_format:number_bullet_lists": number_bullet_lists,
    "detectable_format:number_highlighted_sections": number_highlighted_sections,
    "detectable_format:multiple_sections": multiple_sections,
    "detectable_format:title": title,
    "detectable_format:json_format": json_format,
    "detectable_format:constrained_response": constrained_response,
    "combination:repeat_prompt": repeat_prompt,
    "combination:two_responses": two_responses,
    "startend:end_checker": end_checker,
    "startend:quotation": quotation,
    "change_case:english_capital": english_capital,
    "change_case:english_lowercase": english_capital,
    "change_case:capital_word_frequency": capital_word_frequency,
    "punctuation:no_comma": no_comma,
}


def made(instruction, arguments):
    """Texts for one instruction, each in itself and in two frames that the loose verdict looks behind; without repeats."""
    texts = MAKERS[instruction](**arguments)
    framed = [f"Sure:\n{text}" for text in texts] + [f"{text}\nI hope it helps!" for text in texts[::3]]
    return list(dict.fromkeys(["", " \n ", *texts, *framed]))


def readable(value):
    """A value as one short line for a report."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= 90 else f"{line[:60]} … {line[-25:]}"
