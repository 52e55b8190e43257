"""Samples of a log put to our questions: by id where the words agree, else by the question's words and its options.

What is right is said by the question file; what the log says of that is not read.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from failwise.errors import InputError
from failwise.evaluation.calibration import best, finite
from failwise.evaluation.logs.records import SEVERAL, Log, Sample
from failwise.evaluation.logs.replies import read_one, read_several
from failwise.evaluation.records import Answer, is_right
from failwise.generation.formats.labels import LETTERS, normalise_label
from failwise.generation.records import Arity, Question
from failwise.training import prompts

_SHOWN = 120  # characters of a sample's options in a sentence


def join_logs(logs: Iterable[Log], questions: Sequence[Question]) -> tuple[list[Answer], Counter[str]]:
    """Return the answers, and how many samples give none, by reason.

    Raises:
        InputError: a sample belongs to none of the questions, or to several; or two samples belong to one.
    """
    joiner, answers, left_out = _Joiner(questions), dict[str, Answer](), Counter[str]()
    places: dict[str, str] = {}
    for log in logs:
        left_out += log.left_out
        for sample in log.samples:
            question, order = joiner.question(sample)
            if question.id in answers:
                raise InputError(
                    f"the question {question.id!r} is answered in {places[question.id]} and in {sample.where}; give "
                    "one run of it"
                )
            if question.arity is Arity.MULTIPLE and sample.scores:
                left_out[SEVERAL] += 1
                continue
            answers[question.id], places[question.id] = _answer(sample, question, order, log.student), sample.where
    return list(answers.values()), left_out


class _Joiner:
    """Finds the question of a sample."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self._by_id = {question.id: question for question in questions}
        self._by_text: dict[str, list[Question]] = {}
        for question in questions:
            self._by_text.setdefault(_plain(question.question), []).append(question)

    def question(self, sample: Sample) -> tuple[Question, list[int]]:
        """Return the question, and where in it each of the sample's options stands.

        Raises:
            InputError: there is none, or several.
        """
        texts = [_plain(text) for text in sample.texts]
        known = self._by_id.get(sample.id)
        if known is not None and any(_plain(known.question) in text for text in texts):
            meant = [known]
        else:
            meant = [question for text in dict.fromkeys(texts) for question in self._by_text.get(text, ())]
        fitting = [(question, order) for question in meant if (order := _order(sample, texts, question)) is not None]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            ids = ", ".join(question.id for question, _ in fitting[:5])
            raise InputError(
                f"{sample.where} could be the answer to {len(fitting)} questions with the same words and options "
                f"({ids}); keep our ids in what is asked, as `failwise export` does"
            )
        options = ", ".join(sample.options)[:_SHOWN] or "none logged"
        raise InputError(
            f"{sample.where}: no question of the file has the words and the options of this sample (id {sample.id!r}; "
            f"options: {options}); give the question file that was asked"
        )


def _order(sample: Sample, texts: Sequence[str], question: Question) -> list[int] | None:
    """Return where in the question each of the sample's options stands; None where they are not the question's.

    Options may be given by their texts, in any order, or by their labels; then a text must list them in order. Behind
    those of a question for several may stand one for "none", as in what `failwise export --to inspect` writes.
    """
    places = list(range(len(question.options)))
    if not sample.options:
        return places
    own, given = [_plain(option) for option in question.options], [_plain(_bare(option)) for option in sample.options]
    if question.arity is Arity.MULTIPLE:
        given = given[: len(own)]
    if own == given:
        return places
    if sorted(own) == sorted(given) and len(set(own)) == len(own):
        return [own.index(option) for option in given]
    labels = [normalise_label(label) for label in question.option_ids]
    same = labels == [normalise_label(option) for option in sample.options]
    return places if same and any(_lists(text, labels, own) for text in texts) else None


def _bare(option: str) -> str:
    """Return an option without what `failwise export --to lm-eval` puts behind it: it is scored with the text."""
    return option.strip().removesuffix(prompts.TERMINATOR.strip())


def _lists(text: str, labels: Sequence[str], options: Sequence[str]) -> bool:
    pairs = zip(labels, options, strict=True)
    return all(re.search(rf"\b{re.escape(label.lower())}[).:\]]* {re.escape(option)}", text) for label, option in pairs)


def _answer(sample: Sample, question: Question, order: Sequence[int], student: str) -> Answer:
    """Return the answer. Letters of a sample with options of its own go by their order."""
    scores: tuple[float, ...] = ()
    choice: int | None = None
    chosen: tuple[int, ...] | None = None
    options = sample.options or question.options
    labels = LETTERS[: len(options)] if sample.options else question.option_ids
    if sample.scores:
        if finite(sample.scores):
            scores = tuple(sample.scores[order.index(place)] for place in range(len(order)))
            choice = best(scores)
    elif question.arity is Arity.MULTIPLE:
        chosen = _placed(read_several((sample.said, sample.reply), labels), order)
    else:
        named = read_one((sample.said, sample.reply), options, labels)
        choice = None if named is None else order[named]
    right = is_right(choice, chosen, question.correct)
    reasons = sample.reply.strip().rpartition("\n")[0].strip()
    return Answer(question.id, student, scores, choice, right, sample.latency_ms, reasons, sample.reply, chosen)


def _placed(named: Sequence[int] | None, order: Sequence[int]) -> tuple[int, ...] | None:
    """Return the question's options that were named: none where just the option for "none" was; None if unreadable."""
    if named is None or (len(named) > 1 and max(named) >= len(order)):
        return None
    return tuple(sorted(order[place] for place in named if place < len(order)))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
