"""Typing errors in a stem, and the words that no variant may touch: entity names and negations."""

import re
from collections.abc import Sequence
from random import Random

from failwise.generation.perturbing.base import Context, NotMade, any_fact, ends, facts_of, variant, with_name
from failwise.generation.records import Question

# Words that turn a question round, by language; typing errors leave them alone, paraphrases are counted by them.
_NEGATION = {
    "en": r"not|no|nor|none|neither|never|nothing|nobody|cannot|without|except\w*|exclu\w+|rule[sd]? out|ruling out|"
    r"leaves? (?:aside|off|out)|left (?:aside|off|out)|sets? aside|disregard\w*|dismiss\w*|ignor\w+|other than|in vain|"
    r"outside|hidden|invisible|spared?|wrong|false|in the dark|drops? out|intact|beside the point|irrelevant|unrelated|"
    r"(?<!very )unlikely|(?<!at )least|"
    r"fail to|fails to|lacks?|unable|useless|in spite of",
    "de": r"nicht\w*|kein\w*|nie|niemals|niemand|nirgends|weder|noch nie|ohne|außer|ausnahme\w*|ausgenommen|"
    r"ausschlie\w+|ausgeschlossen\w*|scheide\w*[^.?]* aus|auslassen|entfällt|entfallen|falsch\w*|"
    r"unwichtig\w*|irrelevant\w*|verborgen|unsichtbar|übrig|weglassen|beiseite|fehl am platz|vergeblich|umsonst|"
    r"am wenigsten|ungeeignet\w*",
}

# What turns nothing round, though it sounds so: how many answers there may be, and what the ends of a scale mean.
_ASIDE = {
    "en": r"(?:may|can) be none|(?:one|several) or none|from none to|none (?:is possible|of them) too|"
    r"cannot be detected",
    "de": r"kein\w* sein|\w+ oder kein\w*|von kein\w* bis|auch kein\w* (?:kann|ist|von ihnen)|"
    r"nicht zu entdecken|nicht entdeckbar",
}

# Every question of the field is made of these; in a stem whose names are not known, only they get errors.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "about above after among asset been because best between choices choose considering could detect detecting "
        "determine does during each event explains failure following following from give given have having indicate "
        "indicates indicating likely mode monitor monitoring most occurrence occurs only option options question "
        "regarding relevant select sensor sensors shall should show shows statement that their them there these they "
        "this those used using what when where which while will with would your",
    )
)
_ROWS = {"de": ("qwertzuiopü", "asdfghjklöä", "yxcvbnm")}
_QWERTY = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_TRIES = 6


def negations(text: str, language: str = "en", names: Sequence[str] = ()) -> int:
    """Count the words of a stem that turn it round; names (not working) and asides (there may be none) are left out."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = with_name(name).sub(" ", text)
    pattern = _NEGATION.get(language, _NEGATION["en"])
    text = re.sub(_ASIDE.get(language, _ASIDE["en"]), " ", text, flags=re.I)
    return len(re.findall(rf"(?<!\w)(?:{pattern})(?!\w)|n['\u2019]t\b", text, re.I))


def names_of(question: Question, context: Context) -> list[str]:
    """Return the entity names a stem may hold: asset class and anchor first, then the options."""
    if context.graph is not None and any(question.fact_ids):
        fact = any_fact(facts_of(question, context))
        return [fact.asset_class.label, ends(fact, question.direction)[0].label, *question.options]
    return [n for n in (question.asset_name, *question.options) if n]


def typing_noise(question: Question, context: Context) -> Question:
    """Mistype some common words of the stem: never a name, a negation or a word with a digit; always at least one."""
    kind = "typing-noise"
    dice = context.dice(kind, question)
    words = _noisy_words(question, context)
    if not words:
        raise NotMade("the stem has no common word to mistype")
    names = names_of(question, context)
    before = negations(question.question, question.language, names)
    for _ in range(_TRIES):
        text = _with_errors(question, words, context.aids.noise_rate, dice)
        if text != question.question and negations(text, question.language, names) == before:
            return variant(question, kind, context, question=text)
    raise NotMade("the typing error would change the meaning")


def _with_errors(question: Question, words: Sequence["re.Match[str]"], rate: float, dice: Random) -> str:
    text = question.question
    for match in reversed([w for w in words if dice.random() < rate] or [dice.choice(words)]):
        text = text[: match.start()] + _mistyped(match[0], dice, question.language) + text[match.end() :]
    return text


def _noisy_words(question: Question, context: Context) -> list["re.Match[str]"]:
    text, linked = question.question, context.graph is not None and any(question.fact_ids)
    kept = [m.span() for name in names_of(question, context) for m in with_name(name).finditer(text)]
    for patterns in (_NEGATION, _ASIDE):
        pattern = patterns.get(question.language, patterns["en"])
        kept += [m.span() for m in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.I)]
    words = [m for m in re.finditer(r"[^\W\d_]{4,}", text) if linked or m[0].lower() in _COMMON]
    return [w for w in words if not any(start < w.end() and w.start() < end for start, end in kept)]


def _mistyped(word: str, dice: Random, language: str) -> str:
    """Make one error behind the first letter: a neighbouring key, two letters swapped, or one left out."""
    for _ in range(_TRIES):
        place = dice.randrange(1, len(word))
        before, letter, after = word[:place], word[place], word[place + 1 :]
        match dice.randrange(3):
            case 0:
                made = before + dice.choice(_neighbours(letter.lower(), language) or [letter]) + after
            case 1:
                made = before + after[:1] + letter + after[1:]
            case _:
                made = before + after
        if made != word:
            return made
    return word


def _neighbours(letter: str, language: str) -> list[str]:
    """Return the keys beside a letter, in its row and in the rows above and below."""
    rows = _ROWS.get(language, _QWERTY)
    for number, row in enumerate(rows):
        place = row.find(letter)
        if place >= 0:
            near = [row[place - 1 : place], row[place + 1 : place + 2]]
            near += [rows[n][place : place + 1] for n in (number - 1, number + 1) if 0 <= n < len(rows)]
            return [n for n in near if n]
    return []
