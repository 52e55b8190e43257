"""The same number of training tokens for every recipe: how many steps that is."""

from collections.abc import Sequence

from failwise.training.bases import resolve_base
from failwise.training.batches import plan_steps
from failwise.training.config import TrainingConfig
from failwise.training.encoding import Encoder
from failwise.training.models import load_tokenizer
from failwise.training.recipe import Task, load_recipe
from failwise.training.student import Material

# Steps whose tokens are counted; three of the windows in which steps are sorted by length.
COUNTED = 48


def steps_for(material: Material, config: TrainingConfig, tokens: int) -> int:
    """Return the steps after which a recipe has read about so many tokens, those of both stages where it has two."""
    recipe = load_recipe(config.recipe)
    encoder = Encoder(load_tokenizer(resolve_base(config.base)), config.max_length)
    each = sum(_tokens_per_step(material, tasks, encoder, config) for tasks in (recipe.first, recipe.tasks) if tasks)
    return max(1, round(tokens / each))


def _tokens_per_step(material: Material, tasks: Sequence[Task], encoder: Encoder, config: TrainingConfig) -> float:
    shown = [encoder.fitting(material.lessons(task, cite_facts=config.cite_facts)[0])[0] for task in tasks]
    steps = plan_steps(shown, tasks, encoder, config.model_copy(update={"max_steps": COUNTED, "epochs": None}))
    return sum(tree.width for step in steps for unit in step for tree in unit.trees) / COUNTED
