"""A model as teacher, in this process, with transformers: for small models and for machines without a server."""

import threading
from collections.abc import Sequence
from typing import Any

from failwise.errors import MissingExtraError, TeacherError
from failwise.generation.config import RationalesConfig
from failwise.generation.teachers.local_teacher import Job, LocalTeacher, Messages, Written, model_folder
from failwise.kg.graph import KnowledgeGraph

# Nothing here holds the model to the JSON asked for; put before its reply, this brings even small ones to write it.
PREFIX = '{"reasoning": "'
_ENDLESS = 1 << 20  # tokenizers without a limit name a number beyond all contexts


class TransformersTeacher(LocalTeacher):
    """Asks a model that transformers loads: from safetensors, and without code from its folder."""

    def __init__(self, config: RationalesConfig, graph: KnowledgeGraph) -> None:
        super().__init__(config, TransformersEngine(model_folder(config), config.seed))


class TransformersEngine:
    """Writes one reply at a time."""

    batch = 1

    def __init__(self, source: str, seed: int) -> None:
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
            from transformers.utils.logging import disable_progress_bar
        except ImportError as error:
            raise MissingExtraError("the transformers teacher", "transformers", "train") from error
        torch.manual_seed(seed)
        disable_progress_bar()  # type: ignore[no-untyped-call]
        self._lock = threading.Lock()
        self._torch = torch
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
            model: Any = AutoModelForCausalLM.from_pretrained(
                source, dtype="auto", use_safetensors=True, trust_remote_code=False
            )
        except (OSError, ValueError) as error:
            raise TeacherError(
                f"the model {source!r} cannot be loaded: {str(error).splitlines()[0]}; name a folder with config.json, "
                "a tokenizer and *.safetensors"
            ) from error
        if not self._tokenizer.chat_template:
            raise TeacherError(f"the model {source!r} has no chat template; use an instruction-tuned model")
        self._model = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        self.context = self._limit()

    def _limit(self) -> int:
        named = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        return min(int(named or _ENDLESS), int(self._tokenizer.model_max_length))

    def count(self, messages: Messages) -> int:
        """Return the tokens of a prompt, the beginning of the reply among them."""
        return len(self._tokens(messages))

    def write(self, jobs: Sequence[Job]) -> list[Written]:
        """Write the replies."""
        return [self._write(job) for job in jobs]

    def _write(self, job: Job) -> Written:
        torch, tokens = self._torch, self._tokens(job.messages)
        prompt = torch.tensor([tokens], device=self._model.device)
        warm = {"do_sample": True, "temperature": job.temperature} if job.temperature > 0 else {"do_sample": False}
        with torch.inference_mode():
            output = self._model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=job.max_tokens,
                pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id,
                **warm,
            )
        new = output[0][len(tokens) :].tolist()
        text = PREFIX + self._tokenizer.decode(new, skip_special_tokens=True)
        return Written(text, len(tokens), len(new), cut_off=len(new) >= job.max_tokens)

    def _tokens(self, messages: Messages) -> list[int]:
        template = self._tokenizer.apply_chat_template
        text = template(self._turns(messages), tokenize=False, add_generation_prompt=True)
        with self._lock:  # counting and writing may come from two threads, and tokenizers are made for one
            tokens: list[int] = self._tokenizer(text + PREFIX, add_special_tokens=False).input_ids
        return tokens

    def _turns(self, messages: Messages) -> Messages:
        """Return the messages; where a template knows no system turn, the first user's turn begins with it."""
        if "system" in str(self._tokenizer.chat_template):
            return messages
        first = {"role": "user", "content": f"{messages[0]['content']}\n\n{messages[1]['content']}"}
        return [first, *messages[2:]]
