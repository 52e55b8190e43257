"""What is read once, and the branches off it, as one row of tokens: the way examples are learned and options scored.

A mask lets every branch see the prompt and itself alone, and its positions go on from the prompt's end; so each gets
what it would get in a sequence of its own, and the prompt is computed once. Where options are scored, prompts that
begin alike share that beginning, too. The vocabulary head runs only where
something is foretold: it is a quarter of a small model's work, and most positions are prompt.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor

from failwise.errors import StudentError


@dataclass(frozen=True, slots=True)
class Tree:
    """A prompt and what may follow, in tokens. Of each branch the tokens from `given` on are foretold."""

    prompt: tuple[int, ...]
    branches: tuple[tuple[int, ...], ...]
    given: tuple[int, ...]

    @property
    def width(self) -> int:
        """Tokens of the row."""
        return len(self.prompt) + sum(map(len, self.branches))

    @property
    def foretold(self) -> int:
        """Tokens that are foretold."""
        return self.width - len(self.prompt) - sum(self.given)


@dataclass(frozen=True, slots=True)
class Grove:
    """Trees in rows, padded on the right. Trees of one row share what their prompts begin with.

    `tokens` and `positions` are [rows, width]. So are `branch`, 0 in prompts, 1… in the branches, -1 in padding, and
    `end`, the column from which on nothing goes on from a token. The others have one entry per foretold token, tree by
    tree: the row and column it is foretold from, what it is, to which branch of which tree it belongs, and how many
    tokens of the branch stand before it.
    """

    tokens: Tensor
    positions: Tensor
    branch: Tensor
    end: Tensor
    rows: Tensor
    columns: Tensor
    targets: Tensor
    tree: Tensor
    branch_of: Tensor
    offset: Tensor

    def to(self, device: torch.device) -> "Grove":
        """Return the same on another device."""
        return Grove(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def plant(trees: Sequence[Tree], padding: int = 0) -> Grove:
    """Return trees as tensors, one row for each."""
    return plant_rows([[tree] for tree in trees], padding)


def plant_rows(rows: Sequence[Sequence[Tree]], padding: int = 0) -> Grove:
    """Return rows of trees as tensors; what a prompt begins with as the one before it is not written again."""
    grown = [_Row(row) for row in rows]
    shape = (len(grown), max(len(row.tokens) for row in grown))
    tokens, positions = torch.full(shape, padding), torch.zeros(shape, dtype=torch.long)
    branch, end = torch.full(shape, -1), (torch.arange(shape[1]) + 1).repeat(shape[0], 1)
    found: list[tuple[int, ...]] = []
    planted = 0
    for place, row in enumerate(grown):
        width = len(row.tokens)
        columns = (row.tokens, row.positions, row.branch, row.end)
        for whole, part in zip((tokens, positions, branch, end), columns, strict=True):
            whole[place, :width] = torch.tensor(part)
        found += [(place, column, token, planted + tree, *rest) for column, token, tree, *rest in row.foretold]
        planted += len(rows[place])
    return Grove(tokens, positions, branch, end, *torch.tensor(found).T.contiguous())


class _Row:
    """Trees one behind the other: the tokens of each are those that the one before it does not have."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        self.tokens: list[int] = []
        self.positions: list[int] = []
        self.branch: list[int] = []
        self.end: list[int] = []
        self.foretold: list[tuple[int, int, int, int, int]] = []
        path: list[int] = []  # the columns of the prompt
        before: tuple[int, ...] = ()
        for number, tree in enumerate(trees):
            shared = common(before, tree.prompt)
            self._close(path[shared:])
            path = path[:shared] + self._grow(tree.prompt[shared:], shared, 0)
            for name, (text, given) in enumerate(zip(tree.branches, tree.given, strict=True)):
                columns = self._grow(text, len(tree.prompt), name + 1)
                self._close(columns)
                # A branch's first token is foretold by the prompt's last, each further one by the one before it.
                sources = [path[-1], *columns]
                self.foretold += [(sources[i], text[i], number, name, i) for i in range(given, len(text))]
            before = tree.prompt
        self._close(path)

    def _grow(self, tokens: Sequence[int], position: int, branch: int) -> list[int]:
        start = len(self.tokens)
        self.tokens += tokens
        self.positions += range(position, position + len(tokens))
        self.branch += [branch] * len(tokens)
        self.end += [-1] * len(tokens)
        return list(range(start, len(self.tokens)))

    def _close(self, columns: Sequence[int]) -> None:
        for column in columns:
            self.end[column] = len(self.tokens)


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """Return with how many equal tokens two prompts begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def width_of(trees: Sequence[Tree]) -> int:
    """Return how many tokens a row of trees has."""
    shared = (common(one.prompt, other.prompt) for one, other in pairwise(trees))
    return sum(tree.width for tree in trees) - sum(shared)


def packed(trees: Sequence[Tree], width: int) -> list[list[int]]:
    """Return the places of trees, row by row: those whose prompts begin alike together, in at most `width` tokens.

    A tree that is longer than that has a row of its own.
    """
    rows: list[list[int]] = []
    room = 0
    before: tuple[int, ...] = ()
    for place in sorted(range(len(trees)), key=lambda place: trees[place].prompt):
        tree = trees[place]
        more = tree.width - common(before, tree.prompt)
        if not rows or more > room:
            rows.append([])
            more, room = tree.width, width
        rows[-1].append(place)
        room, before = room - more, tree.prompt
    return rows


def foretell(model: Any, grove: Grove) -> Tensor:
    """Return the logits [foretold tokens, vocabulary] from which each foretold token is read, in fp32.

    Raises:
        StudentError: an example is longer than the window of a model that sees so far back only.
    """
    if model.config.is_encoder_decoder:
        return _foretell_by_decoder(model, grove)
    _refuse_beyond_window(model, grove)
    seen = visible(grove.end)
    dtype = next(model.parameters()).dtype
    blocked = torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, torch.finfo(dtype).min)
    with head_reads(model, lambda states: states[grove.rows, grove.columns][None]):
        logits = model(
            input_ids=grove.tokens, attention_mask=blocked[:, None], position_ids=grove.positions, use_cache=False
        ).logits
    return cast(Tensor, logits[0].float())


def visible(end: Tensor) -> Tensor:
    """Return which position sees which [rows, width, width]: those before it that it goes on from, and itself.

    Padding sees itself: a row that sees nothing would be divided by zero, and trains to NaN on CUDA.

    Args:
        end: [rows, width], of each token the column from which on nothing goes on from it.
    """
    column = torch.arange(end.shape[1], device=end.device)
    return (column[:, None] >= column) & (column[:, None] < end[:, None, :])


def _refuse_beyond_window(model: Any, grove: Grove) -> None:
    """Hold the mask of a tree to what such a model would see: within its window that is everything."""
    settings, longest = model.config.get_text_config(), int(grove.positions.max()) + 1
    most, window = (getattr(settings, name, None) for name in ("max_position_embeddings", "sliding_window"))
    if most and longest > most:
        raise StudentError(
            f"an example of {longest:,} tokens is longer than the {most:,} that this model reads; set max_length to "
            f"{most} or less, or ask shorter questions"
        )
    if window and longest > window:
        raise StudentError(
            f"an example of {longest} tokens is longer than the {window} that some layers of this model look back; "
            f"set max_length to {window} or less, or ask shorter questions"
        )


@contextmanager
def head_reads(model: Any, chosen: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Have the vocabulary head read what is chosen of the states [rows, width, hidden], in their place."""
    head = cast(torch.nn.Module, unwrapped(model).get_output_embeddings())
    handle = head.register_forward_pre_hook(lambda _, inputs: (chosen(inputs[0]), *inputs[1:]))
    try:
        yield
    finally:
        handle.remove()


def unwrapped(model: Any) -> Any:
    """Return the transformers model inside the wrappers of data parallelism and of an adapter."""
    inner = getattr(model, "module", model)
    return inner.get_base_model() if hasattr(inner, "get_base_model") else inner


def _foretell_by_decoder(model: Any, grove: Grove) -> Tensor:
    """Do the same for an encoder and a decoder: prompts are encoded once, and each branch is a row of the decoder.

    Such models know relative positions alone, which leave no room for branches side by side.
    """
    base = unwrapped(model)
    prompt = grove.branch == 0
    prompt = prompt[:, : int(prompt.sum(1).max())]
    states = base.get_encoder()(input_ids=grove.tokens[:, : prompt.shape[1]], attention_mask=prompt.long())
    owner, texts, row_of = _decoder_rows(grove)
    start = torch.full((len(texts), 1), base.config.decoder_start_token_id, device=texts.device)
    rows = row_of[grove.tree, grove.branch_of]
    with head_reads(model, lambda states: states[rows, grove.offset][None]):
        logits = model(
            encoder_outputs=(states.last_hidden_state[owner],),
            attention_mask=prompt[owner].long(),
            decoder_input_ids=torch.cat((start, texts[:, :-1]), 1),
            use_cache=False,
        ).logits
    return cast(Tensor, logits[0].float())


def _decoder_rows(grove: Grove) -> tuple[Tensor, Tensor, Tensor]:
    """Return the tree of each branch, the branches' tokens padded on the right, and [tree, branch] -> its row."""
    places = [
        (tree, number) for tree, most in enumerate(grove.branch.amax(1).tolist()) for number in range(1, most + 1)
    ]
    texts = [grove.tokens[tree][grove.branch[tree] == number] for tree, number in places]
    device = grove.tokens.device
    row_of = torch.zeros(len(grove.tokens), max(number for _, number in places), dtype=torch.long, device=device)
    for row, (tree, number) in enumerate(places):
        row_of[tree, number - 1] = row
    owner = torch.tensor([tree for tree, _ in places], device=device)
    return owner, torch.nn.utils.rnn.pad_sequence(texts, batch_first=True), row_of
