"""Every recipe that comes with failwise can be taught; what cannot is refused by name."""

from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.generation.perturbing.perturb import PERTURBATIONS
from failwise.training.recipe import Recipe, Task, all_recipes, load_recipe, recipe_names, task_names
from failwise.training.records import Mode

BOTH_PAPERS = {"answer", "rationale-answer", "answer-rationale", "multi-task", "two-stage", "facts", "listwise"}


def test_the_recipes_of_both_papers_are_there() -> None:
    assert set(recipe_names()) >= BOTH_PAPERS | {"perturbation-aware"}


@pytest.mark.parametrize(("name", "recipe"), list(all_recipes()))
def test_a_recipe_says_what_it_is(name: str, recipe: Recipe) -> None:
    assert recipe.summary.endswith(".")
    assert set(recipe.views) <= set(PERTURBATIONS)


def test_a_recipe_can_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("summary: Mine.\ntasks:\n  - {mode: direct, share: 2}\n  - {mode: reasons, weight: 0.5}\n")
    recipe = load_recipe(str(path))
    assert [(t.mode, t.share, t.weight) for t in recipe.tasks] == [(Mode.DIRECT, 2.0, 1.0), (Mode.REASONS, 1.0, 0.5)]
    assert recipe.needs_rationales


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("tasks: [{mode: dirct}]", "'direct'"),
        ("tasks: []", "at least 1"),
        ("tasks: [{mode: rationale, loss: listwise}]", "use 'direct'"),
        ("tasks: [{mode: direct, consistency: 1}]", "'views'"),
        ("tasks: [{mode: direct, named: false}]", "only mode 'verdict' can leave the asset class unnamed"),
        ("tasks: [{mode: rationale}]", "in which no task teaches it"),
        ("tasks: [{mode: inferred}]", "second of two stages"),
        ("asked: inferred\nfirst: [{mode: direct}]\ntasks: [{mode: inferred}]", "writes the reasons"),
        ("tasks: [{mode: direct, share: 0}]", "greater than 0"),
        ("[", "no YAML"),
    ],
)
def test_a_recipe_that_cannot_be_taught_is_refused(tmp_path: Path, written: str, said: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(f"summary: Mine.\n{written}\n" if written != "[" else written)
    with pytest.raises(InputError, match=said):
        load_recipe(str(path))


def test_an_unknown_recipe_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'multi-tusk'.*multi-task"):
        load_recipe("multi-tusk")


def test_two_tasks_of_one_name_are_told_apart() -> None:
    tasks = [Task(mode=Mode.DIRECT), Task(mode=Mode.REASONS), Task(mode=Mode.DIRECT, share=2)]
    assert task_names(tasks) == ["direct 1", "reasons", "direct 3"]
