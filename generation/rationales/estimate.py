"""What a job will take, before it runs: requests, tokens, time, money; by rule, or by what the folder's log tells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from statistics import mean
from typing import Any

from failwise.generation.config import RationalesConfig
from failwise.generation.rationales.accounting import CHARACTERS_PER_TOKEN, Ledger, read_attempts
from failwise.generation.rationales.requests import Offers, Requests
from failwise.generation.rationales.standing import done_before
from failwise.generation.records import Question
from failwise.generation.teachers import prompts
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.generation.teachers.teacher import TeacherRequest
from failwise.kg.graph import KnowledgeGraph

LOOKED_AT = 200  # questions whose prompts are counted, evenly over all
PER_MESSAGE = 4  # tokens that a chat template puts around a message, about
GRAPH_PER_SECOND = 3_000  # rationales that the graph teacher writes, verified, on one core
FEWEST = 5  # replies from which the log is believed

Counter = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is left to do and what it takes; None: not known (no price given, no reply measured yet).

    `by` says how tokens were counted. `replies` is how many replies of the folder's log the figures are from.
    """

    questions: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float | None
    cost: float | None
    spent: float | None
    by: str
    replies: int = 0


def estimate(
    questions: Sequence[Question],
    graph: KnowledgeGraph,
    config: RationalesConfig,
    folder: Path,
    offers: Offers | None = None,
) -> Estimate:
    """Return what `write_rationales` would take from here; nothing is asked and nothing is written."""
    requests, ledger = Requests(graph, config, offers, questions), Ledger(config)
    done = done_before(folder, questions, requests.fingerprint, ledger)
    todo = [q for q in questions if q.id not in done]
    if config.teacher == "graph":
        return Estimate(len(todo), 0, 0, 0, len(todo) / GRAPH_PER_SECOND, None, None, "no model is asked")
    if not todo:
        return Estimate(0, 0, 0, 0, 0.0, _money(config, 0, 0), ledger.money, "nothing is left to do", ledger.attempts)
    tries = _tries(folder, len(done), config)
    asked = round(len(todo) * tries)
    if ledger.attempts >= FEWEST and ledger.completion_tokens:
        prompt, written = ledger.prompt_tokens / ledger.attempts, ledger.completion_tokens / ledger.attempts
        by = f"{ledger.attempts:,} replies in {folder}"
    else:
        prompt, written, by = _by_rule(todo, graph, config, requests)
    tokens = round(asked * prompt), round(asked * written)
    seconds = asked / ledger.rate if ledger.rate else None
    return Estimate(len(todo), asked, *tokens, seconds, _money(config, *tokens), ledger.money, by, ledger.attempts)


def _by_rule(
    todo: Sequence[Question], graph: KnowledgeGraph, config: RationalesConfig, requests: Requests
) -> tuple[float, float, str]:
    """Count some prompts, and what the graph teacher would write to them."""
    count, how = _counter(config)
    graph_teacher = GraphTeacher(config.model_copy(update={"teacher": "graph"}), graph)
    sizes = [
        (_prompt(request, count), _reply(request, graph_teacher, count))
        for request in map(requests.first, todo[:: max(1, len(todo) // LOOKED_AT)])
    ]
    written = min(float(config.max_tokens), mean(w for _, w in sizes))
    return mean(p for p, _ in sizes), written, f"{how}; replies as long as the graph teacher's; one try per question"


def _prompt(request: TeacherRequest, count: Counter) -> int:
    return sum(count(m["content"]) + PER_MESSAGE for m in prompts.render(request))


def _reply(request: TeacherRequest, teacher: GraphTeacher, count: Counter) -> int:
    reply = teacher.reason(request)
    return count(prompts.ideal_reply(request.question, reply.text, reply.answer or "none", request.evidence))


def _counter(config: RationalesConfig) -> tuple[Counter, str]:
    """Return what counts tokens: the model's own tokenizer where it lies in a folder here, else the rule."""
    path = Path(config.model) / "tokenizer.json"
    if config.model and path.is_file():
        try:
            from tokenizers import Tokenizer
        except ImportError:
            return _by_length, f"{CHARACTERS_PER_TOKEN:.0f} characters per token (tokenizers is not installed)"
        return partial(_by_tokenizer, Tokenizer.from_file(str(path))), f"counted by {path}"
    return _by_length, f"{CHARACTERS_PER_TOKEN:.0f} characters per token"


def _by_tokenizer(tokenizer: Any, text: str) -> int:
    return len(tokenizer.encode(text).ids)


def _by_length(text: str) -> int:
    return round(len(text) / CHARACTERS_PER_TOKEN)


def _tries(folder: Path, done: int, config: RationalesConfig) -> float:
    """Return how many replies a question took so far; 1 where too few are done to tell."""
    if done < FEWEST:
        return 1.0
    keys = sorted((a.question_id, a.fingerprint) for a in read_attempts(folder))
    counts = [len(list(same)) for _, same in groupby(keys)]
    return min(float(config.attempts), mean(counts)) if counts else 1.0


def _money(config: RationalesConfig, prompt: int, written: int) -> float | None:
    if config.model not in config.prices:
        return None
    per_prompt, per_written = config.prices[config.model]
    return (prompt * per_prompt + written * per_written) / 1e6
