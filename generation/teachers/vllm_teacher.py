"""A model as teacher, in this process, with vLLM: all requests in flight are one batch, held to the JSON asked for."""

from collections.abc import Sequence
from copy import deepcopy
from importlib import import_module
from typing import Any

from failwise.errors import MissingExtraError, TeacherError
from failwise.generation.config import RationalesConfig
from failwise.generation.teachers.local_teacher import Job, LocalTeacher, Messages, Written, model_folder
from failwise.kg.graph import KnowledgeGraph


class VLLMTeacher(LocalTeacher):
    """Asks a model that vLLM loads: from safetensors, and without code from its folder."""

    def __init__(self, config: RationalesConfig, graph: KnowledgeGraph) -> None:
        super().__init__(config, VLLMEngine(model_folder(config), config.seed, config.concurrency))


class VLLMEngine:
    """Writes as many replies at a time as requests may be in flight.

    No request has a seed of its own: on a CPU vLLM cannot seed a request whose prompt it computes in parts.
    """

    def __init__(self, source: str, seed: int, batch: int) -> None:
        try:
            vllm, sampling = import_module("vllm"), import_module("vllm.sampling_params")
        except ImportError as error:
            raise MissingExtraError("the vllm teacher", "vllm", "vllm") from error
        self.batch = batch
        self._sampling, self._structure = sampling.SamplingParams, sampling.StructuredOutputsParams
        try:
            self._model: Any = vllm.LLM(model=source, seed=seed, load_format="safetensors", trust_remote_code=False)
        except (OSError, ValueError, RuntimeError) as error:
            raise TeacherError(
                f"the model {source!r} cannot be loaded by vLLM: {str(error).splitlines()[0]}"
            ) from error
        self.context = int(self._model.model_config.max_model_len)
        self._tokenizer: Any = deepcopy(self._model.get_tokenizer())  # for counting beside vLLM's own use

    def count(self, messages: Messages) -> int:
        """Return the tokens of a prompt."""
        text = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return len(self._tokenizer(text, add_special_tokens=False).input_ids)

    def write(self, jobs: Sequence[Job]) -> list[Written]:
        """Write the replies, all in one call."""
        outputs = self._model.chat([job.messages for job in jobs], self._parameters(jobs), use_tqdm=False)
        return [_written(output) for output in outputs]

    def _parameters(self, jobs: Sequence[Job]) -> list[Any]:
        return [
            self._sampling(
                temperature=job.temperature,
                max_tokens=job.max_tokens,
                structured_outputs=self._structure(json=dict(job.schema), disable_any_whitespace=True),
            )
            for job in jobs
        ]


def _written(output: Any) -> Written:
    first = output.outputs[0]
    return Written(first.text, len(output.prompt_token_ids), len(first.token_ids), first.finish_reason == "length")
