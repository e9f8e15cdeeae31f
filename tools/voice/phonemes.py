"""Turns a sentence into the phonemes that the Kokoro model was trained on."""

import importlib.util
import json
import pathlib
import re

# Words that English speaks differently before a vowel, or weakly inside a sentence.
BEFORE_VOWEL = {"the": ("ði", "ðə"), "to": ("tʊ", "tə"), "a": ("ɐn", "ɐ")}
# The dictionary's first choice is the letter's name, the stressed form, or the wrong one of two words.
SPOKEN_AS = {"a": "ɐ", "read": "ɹˈɛd", "was": "wəz", "your": "jʊɹ", "of": "əv", "too": "tˈu", "on": "ɔn",
             "replaced": "ɹəplˈAst"}
VOWELS = "AIOQWYaeiouæɐɑɒɔəɚɛɜɪʊʌᵊᵻ"
HAN = re.compile(r"[\u4e00-\u9fff]")


def of(text, language):
    """The phonemes of `text`; raises ValueError for a word that no dictionary has."""
    if language == "zh-CN":
        return mandarin(text)
    if language == "en":
        return english(text)
    raise ValueError(f"no phonemes for {language}: record the sentences, or add the language to phonemes.py")


def syllables(text, language):
    """How many syllables a speaker makes of `text`."""
    if language == "zh-CN":
        return len(HAN.findall(text))
    return sum(phoneme in VOWELS for phoneme in english(text))


def mandarin(text):
    from misaki import zh  # Heavy: it loads a word list.

    phonemes, _ = zh.ZHG2P()(change_tone_of_one(text))
    return phonemes


def change_tone_of_one(text):
    """Writes 一 as it is said before another syllable: yí before a falling tone, yì before the others.

    misaki gives every character the tone of its dictionary entry, and yī cì sounds like a list being read out.
    """
    from pypinyin import Style, lazy_pinyin

    def said(match):
        tone = lazy_pinyin(match[1], style=Style.TONE3)[0][-1]
        return ("移" if tone == "4" else "易") + match[1]

    return re.sub(r"(?<!第)一([\u4e00-\u9fff])", said, text)


def number_syllables(word):
    """A Mandarin word of a number as [(pinyin with the tone it is said in, phonemes)].

    misaki knows the characters only, so the tones that change are set here: a low tone before another rises (wú bǎi,
    jiú jiǎo), and 一 falls or rises before a unit. After hundreds, where alone 一十 is said, 一 stays level.
    """
    from misaki import zh
    from pypinyin import Style, pinyin

    syllables = [pinyin(character, style=Style.TONE3)[0][0] for character in word]
    for index, (syllable, follower) in enumerate(zip(syllables, syllables[1:])):
        if syllable[-1] == "3" and follower[-1] == "3":
            syllables[index] = syllable[:-1] + "2"
        if syllable == "yi1" and follower != "shi2":
            syllables[index] = "yi2" if follower[-1] == "4" else "yi4"
    # The model has no token for the arch that marks the second half of a diphthong.
    return [(syllable, zh.ZHG2P.py2ipa(syllable).replace("\u032f", "")) for syllable in syllables]


def english(text):
    gold, silver = dictionary("us_gold.json"), dictionary("us_silver.json")
    pieces = re.findall(r"[a-z']+|[.,?!]", text.lower())
    spoken = []
    for index, piece in enumerate(pieces):
        if not piece[0].isalpha():
            spoken.append(piece)
            continue
        entry = SPOKEN_AS.get(piece) or gold.get(piece) or silver.get(piece)
        if entry is None:
            raise ValueError(f"no pronunciation for “{piece}”: add it to SPOKEN_AS in phonemes.py")
        spoken.append(entry["DEFAULT"] if isinstance(entry, dict) else entry)
    for index, piece in enumerate(pieces[:-1]):
        if piece in BEFORE_VOWEL:
            follower = spoken[index + 1].lstrip("ˈˌ")
            spoken[index] = BEFORE_VOWEL[piece][0 if follower[:1] in VOWELS else 1]
    return re.sub(r" ([.,?!])", r"\1", " ".join(spoken))


_dictionaries = {}


def dictionary(name):
    if name not in _dictionaries:
        folder = pathlib.Path(importlib.util.find_spec("misaki").submodule_search_locations[0])
        _dictionaries[name] = json.loads((folder / "data" / name).read_text(encoding="utf-8"))
    return _dictionaries[name]
