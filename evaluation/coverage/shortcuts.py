"""Does a student go by a rule instead of the question: a letter, the longest option, what is usual?

Errors tell. Who errs blindly takes each wrong option as often as any other. Who takes the one that a rule would take
more often goes by the rule, or by something near it.
"""

from collections.abc import Callable, Iterable, Sequence

from failwise.evaluation.baselines import elsewhere
from failwise.evaluation.clustered import anchor_of, share_interval
from failwise.evaluation.records import Answer, Shortcut
from failwise.generation.balance.guessers import LETTERS, Habits, Tables, guessers
from failwise.generation.balance.shortcuts import best_options
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph

# A rule is named where errors follow it by so much more than blind ones would, the interval's low end included.
MATERIAL = 0.1

# Names of rules, each with the option that it takes; None where it takes none, or several.
_Taken = Callable[[Question], Iterable[tuple[str, int | None]]]


def find_shortcuts(graph: KnowledgeGraph, asked: Sequence[tuple[Question, Answer]]) -> list[Shortcut]:
    """Return every rule that can be told apart here, the one that is followed most first.

    Args:
        asked: questions for one option, with their answers. What is right, or no answer, follows no rule; nor does an
            error between two options.
    """
    taken = _rules(graph, [question for question, _ in asked])
    tempted: dict[str, list[tuple[bool, float, tuple[str, ...]]]] = {}
    for question, answer in asked:
        if answer.choice is None or answer.right or len(question.options) < 3:
            continue
        for rule, option in taken(question):
            if option is not None and not question.correct[option]:
                met = answer.choice == option, 1 / (len(question.options) - 1), anchor_of(question)
                tempted.setdefault(rule, []).append(met)
    found = [_shortcut(rule, met) for rule, met in tempted.items()]
    return sorted(found, key=lambda s: (s.chance - s.share, s.rule))


def is_followed(shortcut: Shortcut) -> bool:
    """Say whether a student's errors go by a rule."""
    return shortcut.low > shortcut.chance + MATERIAL


def _rules(graph: KnowledgeGraph, questions: Sequence[Question]) -> _Taken:
    tables = Tables(graph)
    habits = Habits(tables)
    habits.learn(questions)
    blind = [guesser for guesser in guessers(tables, habits) if guesser.name != "best letter"]  # each letter is a rule
    others = elsewhere(graph)

    def taken(question: Question) -> Iterable[tuple[str, int | None]]:
        for place, letter in enumerate(LETTERS[: len(question.options)]):
            yield f"always {letter}", place
        for guesser in blind:
            for name, scores in guesser.scores(question):
                yield name, _one(scores)
        for name, scores in others(question):
            yield name, _one(scores)

    return taken


def _one(scores: Sequence[float]) -> int | None:
    best = best_options(scores)
    return best[0] if len(best) == 1 else None


def _shortcut(rule: str, met: Sequence[tuple[bool, float, tuple[str, ...]]]) -> Shortcut:
    followed = [follows for follows, *_ in met]
    n, total = len(met), sum(followed)
    low, high = share_interval([anchor for *_, anchor in met], followed)
    return Shortcut(rule, n, total, total / n, low, high, sum(chance for _, chance, _ in met) / n)
