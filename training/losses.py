"""What a step's units cost: one mean per task, put together by the recipe's weights."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from failwise.training.batches import Part
from failwise.training.encoding import Unit
from failwise.training.recipe import Loss, Task
from failwise.training.tree import Grove, foretell, plant


def task_losses(model: Any, part: Part, tasks: Sequence[Task], padding: int) -> dict[int, Tensor]:
    """Return this part's share of each task's mean loss, by number; the shares of all parts add up to the mean.

    Each task is a forward pass of its own: a row as long as the longest of all tasks would be mostly padding.
    """
    losses: dict[int, Tensor] = {}
    for number, units in _by_task(part.units):
        task, (main, several) = tasks[number], part.counts[number]
        counted = 0.0 if number in part.idle else 1.0
        grove = plant([tree for unit in units for tree in unit.trees], padding).to(model.device)
        logits = foretell(model, grove)
        if task.loss is Loss.LIKELIHOOD:
            losses[number] = counted * cross_entropy(logits, grove.targets, reduction="sum") / main
            continue
        scores = _branch_scores(logits, grove)
        losses[number] = counted * _listwise(scores, units) / main
        if several:
            apart = task.consistency * _disagreement(scores, units) / several
            losses[number] = losses[number] + counted * apart
    return losses


def combined(losses: dict[int, Tensor], tasks: Sequence[Task]) -> Tensor:
    """Return the weighted mean of the tasks' losses."""
    total = torch.stack([tasks[number].weight * loss for number, loss in losses.items()]).sum()
    return total / sum(task.weight for task in tasks)


def _by_task(units: Sequence[Unit]) -> Iterator[tuple[int, list[Unit]]]:
    for number, group in groupby(sorted(units, key=lambda unit: unit.task), key=lambda unit: unit.task):
        yield number, list(group)


def _branch_scores(logits: Tensor, grove: Grove) -> Tensor:
    """Return the summed log-likelihood [trees, most branches] of each branch; -inf where a tree has no such branch."""
    shape = len(grove.tokens), int(grove.branch_of.max()) + 1
    place = grove.tree * shape[1] + grove.branch_of
    chosen = -cross_entropy(logits, grove.targets, reduction="none")
    scores = torch.zeros(shape[0] * shape[1], device=logits.device).index_add(0, place, chosen)
    there = torch.zeros_like(scores, dtype=torch.bool).index_fill(0, place, True)
    return scores.masked_fill(~there, -torch.inf).view(shape)


def _listwise(scores: Tensor, units: Sequence[Unit]) -> Tensor:
    """Return the summed cross-entropy of the right options among all of their question."""
    right = [right for unit in units for right in unit.right]
    rows = [_right_and_all(row[: len(wanted)], wanted) for row, wanted in zip(scores, right, strict=True)]
    return torch.stack(rows).sum()


def _right_and_all(row: Tensor, wanted: Sequence[bool]) -> Tensor:
    return row.logsumexp(0) - row[torch.tensor(wanted, device=row.device)].logsumexp(0)


def _disagreement(scores: Tensor, units: Sequence[Unit]) -> Tensor:
    """Return the summed Jensen-Shannon divergence, in nats, of the views' choices among the options they share."""
    at, total = 0, torch.zeros((), device=scores.device)
    for unit in units:
        rows, at = scores[at : at + len(unit.trees)], at + len(unit.trees)
        shared = set.intersection(*(set(names) for names in unit.names))
        if len(rows) < 2 or len(shared) < 2:
            continue
        views = torch.stack([_choice(row, names, shared) for row, names in zip(rows, unit.names, strict=True)])
        middle = views.logsumexp(0) - torch.log(torch.tensor(float(len(views))))
        total = total + (views.exp() * (views - middle)).sum(1).mean()
    return total


def _choice(row: Tensor, names: Sequence[str], shared: set[str]) -> Tensor:
    """Return log probabilities of the shared options, by name."""
    order = [names.index(name) for name in sorted(shared)]
    return row[torch.tensor(order, device=row.device)].log_softmax(0)
