"""A model that failwise did not train, behind a server with OpenAI's chat completions: it is asked in plain words."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from failwise.evaluation.calibration import best
from failwise.evaluation.config import EvaluationConfig, Method
from failwise.evaluation.engines.server import Client
from failwise.evaluation.ways import Said
from failwise.files import content_id
from failwise.generation.records import Arity, Question
from failwise.training import prompts
from failwise.training.records import Mode

# What is asked for behind the options, in place of a student's closing word.
INSTRUCTIONS: Mapping[Method, str] = {
    "likelihood": "Reply with the letter of the right option alone.",
    "generation": "Reason step by step, and end with a line of its own: Answer: <text of the option> (<its letter>)",
    "constrained": 'Reply with JSON that names the letter of the right option: {"answer": "A"}',
}
SEVERAL = 'Reply with JSON that names the letters of all right options: {"answer": ["A", "C"]}'
TOP = 20  # of the likeliest first tokens; more are told by no server that was looked at
LONGEST = 1024  # tokens of a reply with its reasoning


class Foreign:
    """Asks such a model; its name and address are its fingerprint.

    likelihood    the option whose letter is the likeliest first token, of the `TOP` likeliest that the server tells
    generation    it writes what it likes, and the last line is read as strictly as a student's
    constrained   the server holds it to JSON that names one of the letters, or some where all right ones are asked for
    """

    def __init__(self, config: EvaluationConfig) -> None:
        self._client, self._method = Client(config), config.method
        self.fingerprint = content_id("foreign", config.model, config.base_url)

    def say(self, questions: Sequence[Question]) -> list[Said]:
        """Return what it says to each question.

        Raises:
            TeacherError: the server cannot be used.
        """
        return self._client.each(self._said, questions)

    def _said(self, question: Question) -> Said:
        labels = [prompts.clean_label(label) for label in question.option_ids]
        several = question.arity is Arity.MULTIPLE
        form = self._form(labels, several)
        choice = self._client.post("chat/completions", messages=self._messages(question, several), **form)
        text = _text(choice)
        if self._method == "likelihood":
            scores = _of_letters(choice, labels)
            return Said(scores, best(scores))
        reply = self._client.clean(text)
        if self._method == "constrained":
            chosen = _named(text, labels)
            if several:
                return Said(reply=reply, chosen=chosen)
            return Said((), chosen[0] if chosen and len(chosen) == 1 else None, "", reply)
        read = prompts.parse_reply(text, question.options, question.option_ids, Mode.RATIONALE)
        return Said((), read.choice if read else None, self._client.clean(read.rationale) if read else "", reply)

    def _messages(self, question: Question, several: bool) -> list[dict[str, str]]:
        asked, _, _ = prompts.ask(question, Mode.DIRECT).rpartition("\n")
        return prompts.messages(f"{asked}\n{SEVERAL if several else INSTRUCTIONS[self._method]}")

    def _form(self, labels: Sequence[str], several: bool) -> dict[str, Any]:
        if self._method == "likelihood":
            return {"max_tokens": 1, "logprobs": True, "top_logprobs": TOP}
        if self._method == "generation":
            return {"max_tokens": LONGEST}
        letter = {"type": "string", "enum": [*labels]}
        answer = {"type": "array", "items": letter} if several else letter
        schema = {"type": "object", "properties": {"answer": answer}, "required": ["answer"]}
        form = {"name": "answer", "strict": True, "schema": {**schema, "additionalProperties": False}}
        return {"max_tokens": 64, "response_format": {"type": "json_schema", "json_schema": form}}


def _text(choice: dict[str, Any]) -> str:
    message = choice.get("message")
    text = message.get("content") if isinstance(message, dict) else None
    return text if isinstance(text, str) else ""


def _of_letters(choice: dict[str, Any], labels: Sequence[str]) -> tuple[float, ...]:
    """Return the log-probability of each letter as the reply's first token; none where no letter is among the likely.

    Tokens that differ in blanks or case alone are one letter. A letter that is not told has at most the probability of
    the least likely token that is, and gets that.
    """
    try:
        told = [(str(t["token"]), float(t["logprob"])) for t in choice["logprobs"]["content"][0]["top_logprobs"]]
    except (KeyError, IndexError, TypeError, ValueError):
        return ()
    told = [(token, likely) for token, likely in told if math.isfinite(likely)]
    shares = [sum(math.exp(x) for token, x in told if _same(token, label)) for label in labels]
    if not any(shares):
        return ()
    least = min(likely for _, likely in told)
    return tuple(math.log(share) if share else least for share in shares)


def _named(text: str, labels: Sequence[str]) -> tuple[int, ...] | None:
    """Return the places of the letters that a reply names; None where it names what is no letter, or is no JSON."""
    try:
        said = json.loads(text)["answer"]
    except (ValueError, KeyError, TypeError):
        return None
    names = said if isinstance(said, list) else [said]
    found = {p for p, label in enumerate(labels) if any(isinstance(n, str) and _same(n, label) for n in names)}
    return tuple(sorted(found)) if len(found) == len(names) else None


def _same(token: str, label: str) -> bool:
    return prompts.clean_label(token.strip()).casefold() == label.casefold()
