"""A student that vLLM computes, in this process."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from transformers import PreTrainedTokenizerBase

from failwise.errors import MissingExtraError, StudentError
from failwise.evaluation.engines.engine import odds_by_weighing
from failwise.evaluation.reading import Weights, foretold
from failwise.training import models
from failwise.training.bases import Base
from failwise.training.contract import DecodeContract
from failwise.training.handover import merge_student
from failwise.training.reasons import LONGEST
from failwise.training.tree import Tree


class VLLM:
    """A base model or a student, from safetensors and without code from its folder.

    An adapter is merged into its base first: vLLM 0.32 fails on the log-likelihoods of several prompts where they go
    through an adapter (on its build for CPUs). Merged, the weights are rounded to 16 bits once more: sums over a
    handful of tokens were 0.6 nats apart.
    """

    def __init__(self, base: Base, tokenizer: PreTrainedTokenizerBase, folder: Path | None) -> None:
        try:
            self._vllm = import_module("vllm")
        except ImportError as error:
            raise MissingExtraError("asking a student with vLLM", "vllm", "vllm") from error
        self._tokenizer = tokenizer
        with TemporaryDirectory() as scratch:
            source = base.source if folder is None else str(_whole(folder, Path(scratch)))
            pinned = base.pinned if folder is None else {}
            try:
                self._model: Any = self._vllm.LLM(
                    model=source, load_format="safetensors", trust_remote_code=False, **pinned
                )
            except (OSError, ValueError, RuntimeError) as error:
                raise StudentError(f"{source!r} cannot be loaded by vLLM: {str(error).splitlines()[0]}") from error

    def weigh(self, trees: Sequence[Tree]) -> list[Weights]:
        """Return the log-likelihood of every token that is foretold, branch by branch, in nats."""
        wholes = [[*tree.prompt, *text] for tree in trees for text in tree.branches]
        asked = iter(zip(wholes, self._generate(wholes, max_tokens=1, prompt_logprobs=0), strict=True))
        return [tuple(_last(*next(asked), count) for count in foretold(tree)) for tree in trees]

    def odds(self, trees: Sequence[Tree]) -> list[tuple[float, ...]]:
        """Return of every branch of verdicts the log-odds of yes against no, in nats."""
        return odds_by_weighing(self, self._tokenizer, trees)

    def write(self, users: Sequence[str]) -> list[str]:
        """Return what the student writes to each user message, the likeliest token each time."""
        prompts = [models.render_prompt(self._tokenizer, user) for user in users]
        return [str(output.outputs[0].text).strip() for output in self._generate(prompts, max_tokens=LONGEST)]

    def _generate(self, prompts: Sequence[Sequence[int]], **settings: int) -> list[Any]:
        sampling = self._vllm.SamplingParams(temperature=0.0, **settings)
        asked = [{"prompt_token_ids": [*prompt]} for prompt in prompts]
        return list(self._model.generate(asked, sampling, use_tqdm=False))


def _last(whole: Sequence[int], output: Any, count: int) -> tuple[float, ...]:
    """Return the log-likelihoods of a prompt's last tokens."""
    start = len(whole) - count
    return tuple(float(output.prompt_logprobs[i][whole[i]].logprob) for i in range(start, len(whole)))


def _whole(folder: Path, scratch: Path) -> Path:
    """Return a folder with all weights of a student."""
    if DecodeContract.load(folder).method == "full":
        return folder
    merge_student(folder, scratch / "student")
    return scratch / "student"
