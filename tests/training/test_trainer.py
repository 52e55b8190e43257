"""Only what is foretold is learned, and its loss is what each example alone would have in the plain model."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from failwise.training.batches import Part, divided
from failwise.training.encoding import Unit
from failwise.training.losses import combined, task_losses
from failwise.training.recipe import Loss, Task
from failwise.training.records import Mode
from failwise.training.tree import Tree, foretell, packed, plant, plant_rows, visible, width_of

SHORT = Tree((5, 6, 7), ((8,),), (0,))
LONG = Tree((9, 10), ((11, 12, 13, 14),), (1,))
OPTIONS = Tree((5, 6, 7), ((8, 9), (10, 11, 12), (13, 14)), (0, 0, 0))


def unit(*trees: Tree, task: int = 0, right: int = 0) -> Unit:
    marks = tuple(tuple(i == right for i in range(len(t.branches))) for t in trees)
    return Unit(task, trees, marks, tuple(tuple(f"o{i}" for i in range(len(t.branches))) for t in trees))


@pytest.fixture(scope="module")
def model(tiny_base: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(tiny_base, dtype=torch.float32)


@torch.no_grad()
def plain(model: Any, tree: Tree, branch: int) -> list[float]:
    """Return the log-likelihood of each foretold token of a branch, in a sequence of its own."""
    tokens = (*tree.prompt, *tree.branches[branch])
    likely = model(torch.tensor([tokens])).logits[0].log_softmax(-1)
    first = len(tree.prompt) + tree.given[branch]
    return [float(likely[at - 1, tokens[at]]) for at in range(first, len(tokens))]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def one_step(units: list[Unit], tasks: list[Task]) -> Part:
    (part,) = divided([units], tasks, 1)
    return part


def test_a_tree_is_one_row_and_padding_stands_on_the_right() -> None:
    grove = plant([SHORT, LONG, OPTIONS], padding=1)
    assert grove.tokens.tolist()[:2] == [[5, 6, 7, 8, 1, 1, 1, 1, 1, 1], [9, 10, 11, 12, 13, 14, 1, 1, 1, 1]]
    assert grove.positions[2].tolist() == [0, 1, 2, 3, 4, 3, 4, 5, 3, 4]
    assert grove.branch[2].tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]
    assert grove.targets.tolist() == [8, 12, 13, 14, 8, 9, 10, 11, 12, 13, 14]
    assert grove.columns.tolist() == [2, 2, 3, 4, 2, 3, 2, 5, 6, 2, 8]


def test_a_position_sees_the_prompt_and_its_own_branch_up_to_itself() -> None:
    seen = [[at for at, there in enumerate(row) if there] for row in visible(plant([OPTIONS]).end)[0].tolist()]
    assert seen == [
        [0], [0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3, 4], [0, 1, 2, 5], [0, 1, 2, 5, 6], [0, 1, 2, 5, 6, 7],
        [0, 1, 2, 8], [0, 1, 2, 8, 9],
    ]  # fmt: skip


def test_padding_sees_itself_alone() -> None:
    seen = visible(plant([SHORT, LONG]).end)[0]
    assert seen[4:].tolist() == [[at == row for at in range(6)] for row in (4, 5)]
    assert not seen[:4, 4:].any()


ALIKE = (
    Tree((1, 2, 3), ((4, 5), (6,)), (0, 0)),
    Tree((1, 2, 3, 7), ((4,), (8, 9, 10)), (0, 1)),
    Tree((1, 2, 11), ((4, 5),), (0,)),
    Tree((12, 2), ((3,),), (0,)),
)


def test_prompts_that_begin_alike_share_that_beginning() -> None:
    grove = plant_rows([ALIKE])
    assert grove.tokens.tolist() == [[1, 2, 3, 4, 5, 6, 7, 4, 8, 9, 10, 11, 4, 5, 12, 2, 3]]
    assert grove.positions.tolist() == [[0, 1, 2, 3, 4, 3, 3, 4, 4, 5, 6, 2, 3, 4, 0, 1, 2]]
    assert width_of(ALIKE) == 17 < sum(tree.width for tree in ALIKE)
    seen = [[at for at, there in enumerate(row) if there] for row in visible(grove.end)[0].tolist()]
    assert seen[5] == [0, 1, 2, 5]  # the second branch of the first
    assert seen[10] == [0, 1, 2, 6, 8, 9, 10]  # that of the second, whose prompt is the first's and more
    assert seen[13] == [0, 1, 11, 12, 13]  # the third parts from them earlier
    assert seen[16] == [14, 15, 16]  # the fourth has nothing in common with them
    assert (grove.tree.tolist(), grove.columns.tolist()) == (
        [0, 0, 0, 1, 1, 1, 2, 2, 3], [2, 3, 2, 6, 8, 9, 11, 12, 15]
    )  # fmt: skip


def test_sharing_changes_nothing_that_is_foretold(model: Any) -> None:
    with torch.no_grad():
        together = foretell(model, plant_rows([ALIKE[:3], ALIKE[3:]]))
        alone = torch.cat([foretell(model, plant([tree])) for tree in ALIKE])
    assert together.shape == alone.shape
    assert torch.allclose(together, alone, atol=1e-4)


def test_rows_are_filled_with_what_begins_alike() -> None:
    shuffled = [ALIKE[3], ALIKE[1], ALIKE[0], ALIKE[2]]
    assert packed(shuffled, 100) == [[2, 1, 3, 0]]
    assert packed(shuffled, 14) == [[2, 1, 3], [0]]
    assert packed(shuffled, 1) == [[2], [1], [3], [0]]
    assert packed([], 10) == []


def test_what_is_foretold_is_what_the_plain_model_foretells(model: Any) -> None:
    trees = [SHORT, LONG, OPTIONS]
    grove = plant(trees)
    with torch.no_grad():
        likely = foretell(model, grove).log_softmax(-1)
    ours = likely.gather(1, grove.targets[:, None])[:, 0].tolist()
    alone = [value for tree in trees for number in range(len(tree.branches)) for value in plain(model, tree, number)]
    assert ours == pytest.approx(alone, rel=1e-4)


def test_the_loss_is_the_mean_over_learned_tokens(model: Any) -> None:
    tasks = [Task(mode=Mode.DIRECT)]
    (loss,) = task_losses(model, one_step([unit(SHORT), unit(LONG)], tasks), tasks, 0).values()
    assert loss.item() == pytest.approx(-mean(plain(model, SHORT, 0) + plain(model, LONG, 0)), rel=1e-4)


def test_each_task_has_a_mean_of_its_own(model: Any) -> None:
    tasks = [Task(mode=Mode.DIRECT), Task(mode=Mode.REASONS, weight=3.0)]
    losses = task_losses(model, one_step([unit(SHORT), unit(LONG, task=1)], tasks), tasks, 0)
    first, second = -mean(plain(model, SHORT, 0)), -mean(plain(model, LONG, 0))
    assert [losses[i].item() for i in (0, 1)] == pytest.approx([first, second], rel=1e-4)
    assert combined(losses, tasks).item() == pytest.approx((first + 3 * second) / 4, rel=1e-4)


def test_options_compete_by_their_likelihood(model: Any) -> None:
    tasks = [Task(mode=Mode.DIRECT, loss=Loss.LISTWISE)]
    (loss,) = task_losses(model, one_step([unit(OPTIONS, right=1)], tasks), tasks, 0).values()
    scores = torch.tensor([sum(plain(model, OPTIONS, i)) for i in range(3)])
    assert loss.item() == pytest.approx(float(-scores.log_softmax(0)[1]), rel=1e-4)


@pytest.mark.parametrize("same", [True, False])
def test_views_that_agree_cost_nothing(model: Any, same: bool) -> None:
    other = Tree(OPTIONS.prompt if same else (20, 21, 22), OPTIONS.branches[::-1], OPTIONS.given)
    names = ("o0", "o1", "o2")
    views = Unit(0, (OPTIONS, other), ((True, False, False), (False, False, True)), (names, names[::-1]))
    alone = [Task(mode=Mode.DIRECT, loss=Loss.LISTWISE)]
    held = [Task(mode=Mode.DIRECT, loss=Loss.LISTWISE, views=("labels",), consistency=2.0)]
    (without,) = task_losses(model, one_step([views], alone), alone, 0).values()
    (within,) = task_losses(model, one_step([views], held), held, 0).values()
    choices = [
        torch.tensor([sum(plain(model, t, i)) for i in o]).softmax(0)
        for t, o in ((OPTIONS, (0, 1, 2)), (other, (2, 1, 0)))
    ]
    middle = (choices[0] + choices[1]) / 2
    divergence = sum(float((c * (c / middle).log()).sum()) for c in choices) / 2
    assert (divergence < 1e-6) is same
    assert (within - without).item() == pytest.approx(2 * divergence, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("parts", [2, 3, 4, 7])
def test_parts_add_up_to_the_whole(model: Any, parts: int) -> None:
    tasks = [Task(mode=Mode.DIRECT), Task(mode=Mode.REASONS)]
    units = [unit(SHORT), unit(LONG), unit(LONG, task=1), unit(SHORT, task=1), unit(LONG, task=1)]
    whole = combined(task_losses(model, one_step(units, tasks), tasks, 0), tasks).item()
    pieces = [combined(task_losses(model, part, tasks, 0), tasks).item() for part in divided([units], tasks, parts)]
    assert sum(pieces) == pytest.approx(whole, rel=1e-5)
