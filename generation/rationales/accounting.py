"""What was asked and what it cost: a line per reply, kept for good, and the budget that it is held against."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from failwise.errors import FailwiseError, InputError
from failwise.files import read_records
from failwise.generation.config import RationalesConfig

ATTEMPTS = "attempts.jsonl"
MILLION = 1_000_000
CHARACTERS_PER_TOKEN = 4.0  # of English text, by OpenAI's own rule of thumb


class BudgetReached(FailwiseError):
    """The budget is used up; what is done is kept, and the same command goes on with a higher one."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Attempt:
    """One reply of a teacher, written down before anything is made of it, so that it is paid for once.

    `fault`, `text`, `answer` and `raw` are the reply's; `seconds` is how long it took with `in_flight` requests on
    their way, `refused` and `lost` how often it was turned away or broke off before. `asked` is the length of what
    was asked, in characters.
    """

    question_id: str
    fingerprint: str
    attempt: int
    temperature: float
    text: str
    answer: str | None
    raw: str
    fault: str
    prompt_tokens: int
    completion_tokens: int
    asked: int = 0
    seconds: float = 0.0
    in_flight: int = 1
    refused: int = 0
    lost: int = 0
    logprob: float | None = None


def read_attempts(folder: Path) -> Iterator[Attempt]:
    """Yield what a folder's log holds; a last line that was torn is no reply."""
    path = folder / ATTEMPTS
    return read_records(path, Attempt, torn_tail=True) if path.is_file() else iter(())


def price(config: RationalesConfig) -> tuple[float, float] | None:
    """Return what a token of the prompt and a written one cost; None where no price is given.

    Raises:
        InputError: there is a budget in money and no price.
    """
    if config.model in config.prices:
        prompt, written = config.prices[config.model]
        return prompt / MILLION, written / MILLION
    if config.budget is not None:
        raise InputError(
            f"rationales.budget is set, but rationales.prices has no price for the model {config.model!r}; add "
            f"{config.model!r}: [per million prompt tokens, per million written ones], or set rationales.budget_tokens"
        )
    return None


class Ledger:
    """Sums up what was used in a folder, and says whether one more request fits the budget."""

    def __init__(self, config: RationalesConfig) -> None:
        self._config, self._price = config, price(config)
        self.prompt_tokens = self.completion_tokens = self.attempts = self.lost = self._timed = 0
        self._share = 0.0  # seconds of replies, each divided by what was in flight
        self._asked = self._asked_tokens = self._most_written = 0
        self._flying = self._flying_characters = 0

    def add(self, attempt: Attempt) -> None:
        """Count a reply."""
        self.attempts += 1
        self.lost += attempt.lost
        self.prompt_tokens += attempt.prompt_tokens
        self.completion_tokens += attempt.completion_tokens
        self._most_written = max(self._most_written, attempt.completion_tokens)
        self._timed += attempt.seconds > 0  # replies of a batch are not
        self._share += attempt.seconds / max(1, attempt.in_flight)
        if attempt.prompt_tokens and attempt.asked:
            self._asked += attempt.asked
            self._asked_tokens += attempt.prompt_tokens

    def send(self, characters: int) -> None:
        """Count a request as in flight; `characters` is the length of what is asked."""
        self._flying, self._flying_characters = self._flying + 1, self._flying_characters + characters

    def land(self, characters: int) -> None:
        """Count a request as in flight no more."""
        self._flying, self._flying_characters = self._flying - 1, self._flying_characters - characters

    def affords(self, characters: int) -> bool:
        """Say whether one more request fits, what is in flight and what broke off taken as used at what is expected.

        A request is expected to have as many tokens per character as those before it, and a reply as many as the
        longest so far; before the first reply, as many as may be written.
        """
        if self._config.budget is None and self._config.budget_tokens is None:
            return True
        count = self._flying + 1 + self.lost
        prompt = self.prompt_tokens + self.tokens_per_character * (
            self._flying_characters + characters * (1 + self.lost)
        )
        written = self.completion_tokens + count * (self._most_written or self._config.max_tokens)
        tokens, money = self._config.budget_tokens, self._config.budget
        return (tokens is None or prompt + written <= tokens) and (
            money is None or (self._money(prompt, written) or 0.0) <= money
        )

    @property
    def tokens_per_character(self) -> float:
        """How many tokens a character of a request is: as measured, or by rule."""
        return self._asked_tokens / self._asked if self._asked else 1 / CHARACTERS_PER_TOKEN

    @property
    def money(self) -> float | None:
        """What was spent; None where no price is given."""
        return self._money(self.prompt_tokens, self.completion_tokens)

    @property
    def rate(self) -> float | None:
        """Replies per second while requests were in flight (in flight divided by latency); None before the first."""
        return self._timed / self._share if self._share else None

    def _money(self, prompt: float, written: float) -> float | None:
        return prompt * self._price[0] + written * self._price[1] if self._price else None

    def spent(self) -> str:
        """Return in words what was used."""
        tokens = f"{self.prompt_tokens:,} prompt and {self.completion_tokens:,} written tokens"
        return tokens if self.money is None else f"{tokens}, {self.money:,.4f} by rationales.prices"

    def reached(self, done: int, left: int, accepted: int) -> BudgetReached:
        """Return the error that ends a job whose budget is used up."""
        which = "budget" if self._config.budget is not None else "budget_tokens"
        value = self._config.budget if self._config.budget is not None else self._config.budget_tokens
        return BudgetReached(
            f"stopped before the next request would go over rationales.{which} ({value:,}): {done:,} questions are "
            f"done ({accepted:,} rationales), {left:,} are left, {self.spent()} were used; nothing is lost: raise "
            f"rationales.{which} and run the same command again to go on"
        )
