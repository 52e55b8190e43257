"""How the table was measured, in words."""

from collections.abc import Sequence

from benchmarks.students.plan import Settings


def protocol(settings: Settings, asked: int | None, folds: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the protocol as items of a list."""
    most = f"{asked:,} questions of each set, spread evenly over it" if asked else "all questions of each set"
    left_out = "; ".join(" with ".join(fold) for fold in folds)
    taught = ", ".join(settings.classes) if settings.classes else "FailureSensorIQ's ten asset classes"
    overrides = f", with {', '.join(settings.overrides)}" if settings.overrides else ""
    return [
        f"**Learned**: questions that failwise makes of the facts of {taught} (failure modes "
        f"and sensors, up to {settings.per_fact} for each fact and way of asking), with the graph teacher's rationales "
        "where a recipe learns reasons. No wording and no set of options of FailureSensorIQ is ever learned.",
        f"**Budget**: about {settings.tokens:,} tokens for every recipe, prompts counted, both stages together where "
        f"there are two; steps follow from the tokens of a recipe's step. All else is the default{overrides}.",
        "**new-question**: every fact may be learned, the questions are new. **held-out-asset**: the questions are "
        f"about asset classes that training never names, twins together; {len(folds)} of the folds, drawn once, a "
        f"student for each: {left_out}. A value is over all of them.",
        f"**Asked**: {most}. *our audit* is the test split of our questions, *FailureSensorIQ* its single-answer file, "
        "*simple perturbed* the same questions with other letters and another order, *both right* those that are right "
        "in both. Under held-out-asset only questions about the asset classes held out are asked.",
        "**Scored**: a recipe is asked as it was taught; the option of the highest summed log-likelihood is the answer "
        "(recipe verdicts: of the highest log-odds). *base, constrained* is the untrained base scored the same way, so "
        "that it must answer with an option. *base, free reply* writes what it likes; a strict parser reads it, and no "
        "answer counts as wrong.",
        "**Rows without a model**: *other-assets prior* takes the pair of names that most often holds in other asset "
        "classes, *degree in the asset* the name with most facts and never reads the anchor, *graph lookup* reads the "
        "fact. They know no asset class that no student learns, and never the twin of one that is held out. Options "
        "that tie share the point; of both right it is the smaller point.",
        "**Intervals**: 95 %, percentiles of 2,000 resamples of anchors (asset class and the entity asked about), "
        "fixed seed; seeds of a student are averaged question by question first, so that the interval does not cover "
        "how seeds differ: their values are listed.",
        "**Against the control**: McNemar's exact test on the same questions, seed by seed, the larger p; Holm over "
        "the rows of one column. It takes questions as independent, which the interval of the difference does not.",
        "**Minutes** are those of one student's training, loading included and what a stop lost counted twice; **GB** "
        "is the most memory that one training's process took, **GPU GB** what its tensors took of a GPU's.",
    ]
