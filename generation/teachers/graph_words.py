"""The phrases of the graph teacher in each language; the facts themselves are worded by the ontology.

A sentence holds one polarity, so that a rule can read it: what holds and what does not never share a sentence with
citations. No phrase names a label; only conclusions do, and they stand last.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Wordings = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class GraphWords:
    """Phrases of one language.

    `each`, `neither` and `none` let one affirmative sentence speak of several options; a language without them says
    it in follow-up sentences. `shorter` gives what a statement can leave out once its asset class was named.
    `nor` goes on from a denial. `{s}` is a sentence's words, `{S}` the same with a capital.
    `conclusions` are by what is found: "one", "several" or "nothing" right, and whether the right ones hold.
    """

    conjunction: str
    disjunction: str
    each: str
    neither: str
    none: str
    quotes: tuple[str, str]
    shorter: Mapping[str, str]
    kinds: Mapping[str, str]
    openings: Wordings
    about: Wordings
    about_asset: Wordings
    about_kin: Wordings
    background: Wordings
    also: Wordings
    not_so: Wordings
    nor: Wordings
    silent: str
    observed: tuple[tuple[str, str], ...]
    patterns: Mapping[str, Wordings]
    none_drops_out: str
    conclusions: Mapping[tuple[str, bool], Wordings]
    concise: Mapping[tuple[str, bool], Wordings]


ENGLISH = GraphWords(
    conjunction=" and ",
    disjunction=" or ",
    each="each of {list}",
    neither="neither {first} nor {second}",
    none="none of {list}",
    quotes=("", ""),
    shorter={"on the {asset}, ": "", "in the {asset}, ": "", " on the {asset}": ""},
    kinds={
        "AssetClass": "the asset class ",
        "Cause": "the cause ",
        "Component": "the component ",
        "DetectionMethod": "the detection method ",
        "Effect": "the effect ",
        "FailureMode": "the failure mode ",
        "Function": "the function ",
        "MaintenanceTask": "the maintenance task ",
        "Mechanism": "the mechanism ",
        "Number": "the number ",
        "Rating": "the rating ",
        "Sensor": "the measurement ",
    },
    openings=("", "Let us take the options in turn.", "We go through the options one by one."),
    about=(
        "The question is about {anchor} on the {asset}.",
        "In an FMEA of the {asset}, {anchor} is to be judged.",
        "What has to be judged here is {anchor}, on the {asset}.",
    ),
    about_asset=("The question is about the asset class {asset}.", "What has to be judged here is the {asset}."),
    about_kin=(
        "The question is on which asset classes {anchor} matters.",
        "What has to be judged here is {anchor}, for one asset class after the other.",
    ),
    background=(
        "As background, {s} [{id}].",
        "It helps to know that {s} [{id}].",
        "It is on record that {s} [{id}].",
    ),
    also=("The same is true of {list}.", "This also holds for {list}.", "It is true of {list} as well."),
    not_so=("This is not true of {list}.", "It does not hold for {list}.", "This does not apply to {list}."),
    nor=(),
    silent="Nothing is stated about {list}.",
    observed=(("Observation: {s}.", "Another observation: {s}."), ("We see that {s}.", "We also see that {s}.")),
    patterns={
        "one": (
            "The pattern is that one option is confirmed and every other one is denied.",
            "Together the observations give one rule: it holds for a single option and for no other.",
        ),
        "but one": (
            "The pattern is that every option is confirmed but one.",
            "Together the observations give one rule: it holds for the options, with one exception.",
        ),
        "all": ("The pattern is that every option is confirmed.", "The observations agree: there is no exception."),
        "none": ("The pattern is that no option is confirmed.", "The observations agree: nothing is confirmed."),
        "mixed": (
            "The pattern is that some options are confirmed and the others denied.",
            "Together the observations divide the options into those that hold and those that do not.",
        ),
    },
    none_drops_out="This leaves no room for \u201c{none}\u201d.",
    conclusions={
        ("one", True): (
            "Only {names} holds, so the answer is {labels}.",
            "So {names} is the one that holds, and the answer is {labels}.",
            "That leaves {names} as the one that holds, which makes {labels} the answer.",
        ),
        ("one", False): (
            "Only {names} does not hold, so the answer is {labels}.",
            "So {names} is the one that does not hold, and the answer is {labels}.",
            "That leaves {names} as the one that does not hold, which makes {labels} the answer.",
        ),
        ("several", True): (
            "So those that hold are {names}, and the answer is {labels}.",
            "Hence {names} hold, which makes the answer {labels}.",
        ),
        ("several", False): (
            "So those that do not hold are {names}, and the answer is {labels}.",
            "Hence {names} do not hold, which makes the answer {labels}.",
        ),
        ("these", True): (
            "None of the other options holds, so the answer is {labels}.",
            "No other option is confirmed, which makes the answer {labels}.",
        ),
        ("these", False): (
            "Each of the other options holds, so the answer is {labels}.",
            "Every other option is confirmed, which makes the answer {labels}.",
        ),
        ("nothing", True): (
            "None of the options holds, so none of them is right.",
            "So not a single option is right.",
        ),
        ("nothing", False): (
            "Each of the options holds, so there is no exception to name.",
            "So every option holds, and none of them is asked for.",
        ),
    },
    concise={
        ("labels", True): ("The answer is {labels}.", "So the answer is {labels}."),
        ("labels", False): ("The answer is {labels}.", "So the answer is {labels}."),
        ("nothing", True): ("So none of them is right.",),
        ("nothing", False): ("So there is no exception.",),
    },
)

GERMAN = GraphWords(
    conjunction=" und ",
    disjunction=" und ",
    each="",
    neither="",
    none="",
    quotes=("„", "\u201c"),
    shorter={"bei der Anlagenklasse „{asset}\u201c ": "dort "},
    kinds={
        "AssetClass": "die Anlagenklasse ",
        "Cause": "die Ursache ",
        "Component": "das Bauteil ",
        "DetectionMethod": "die Entdeckungsmethode ",
        "Effect": "die Auswirkung ",
        "FailureMode": "die Fehlerart ",
        "Function": "die Funktion ",
        "MaintenanceTask": "die Instandhaltungsmaßnahme ",
        "Mechanism": "den Schädigungsmechanismus ",
        "Number": "die Zahl ",
        "Rating": "die Bewertung ",
        "Sensor": "die Messgröße ",
    },
    openings=("", "Gehen wir die Optionen der Reihe nach durch.", "Wir prüfen eine Option nach der anderen."),
    about=(
        "Es geht um {anchor} bei der Anlagenklasse „{asset}\u201c.",
        "In einer FMEA der Anlagenklasse „{asset}\u201c geht es hier um {anchor}.",
    ),
    about_asset=("Es geht um die Anlagenklasse „{asset}\u201c.", "Zu beurteilen ist die Anlagenklasse „{asset}\u201c."),
    about_kin=("Es geht um {anchor} bei verschiedenen Anlagenklassen.",),
    background=("Zum Hintergrund: {S} [{id}].", "Bekannt ist: {S} [{id}]."),
    also=("Das gilt auch für {list}.", "Auf {list} trifft das ebenfalls zu."),
    not_so=("Für {list} gilt das nicht.", "Auf {list} trifft das nicht zu."),
    nor=("Auch für {list} gilt das nicht.", "Auch auf {list} trifft das nicht zu."),
    silent="Über {list} ist nichts ausgesagt.",
    observed=(
        ("Beobachtung: {S}.", "Weitere Beobachtung: {S}."),
        ("Festgestellt ist: {S}.", "Festgestellt ist auch: {S}."),
    ),
    patterns={
        "one": (
            "Das Muster: Eine einzige Option wird bestätigt, alle anderen werden verneint.",
            "Die gemeinsame Regel: Es gilt für eine einzige Option und für keine andere.",
        ),
        "but one": (
            "Das Muster: Alle Optionen bis auf eine werden bestätigt.",
            "Die gemeinsame Regel: Es gilt für die Optionen, mit einer Ausnahme.",
        ),
        "all": (
            "Das Muster: Jede Option wird bestätigt.",
            "Die Beobachtungen stimmen überein: Es gibt keine Ausnahme.",
        ),
        "none": (
            "Das Muster: Keine Option wird bestätigt.",
            "Die Beobachtungen stimmen überein: Nichts wird bestätigt.",
        ),
        "mixed": (
            "Das Muster: Einige Optionen werden bestätigt, die übrigen verneint.",
            "Die Beobachtungen teilen die Optionen in solche, die zutreffen, und solche, die es nicht tun.",
        ),
    },
    none_drops_out="Damit entfällt „{none}\u201c.",
    conclusions={
        ("one", True): (
            "Nur {names} trifft zu, also lautet die Antwort {labels}.",
            "Es trifft allein {names} zu, und die Antwort lautet {labels}.",
        ),
        ("one", False): (
            "Nur {names} trifft nicht zu, also lautet die Antwort {labels}.",
            "Es trifft allein {names} nicht zu, und die Antwort lautet {labels}.",
        ),
        ("several", True): (
            "Damit treffen {names} zu, und die Antwort lautet {labels}.",
            "Zutreffend sind also {names}, das heißt {labels}.",
        ),
        ("several", False): (
            "Damit treffen {names} nicht zu, und die Antwort lautet {labels}.",
            "Nicht zutreffend sind also {names}, das heißt {labels}.",
        ),
        ("these", True): (
            "Von den anderen Optionen trifft keine zu, also lautet die Antwort {labels}.",
            "Damit bleibt nach allem, was verneint wurde, nur {labels}.",
        ),
        ("these", False): (
            "Jede der anderen Optionen trifft zu, also lautet die Antwort {labels}.",
            "Damit bleibt nach allem, was bestätigt wurde, nur {labels}.",
        ),
        ("nothing", True): (
            "Keine der Optionen trifft zu, also ist keine richtig.",
            "Damit ist keine einzige Option richtig.",
        ),
        ("nothing", False): (
            "Jede der Optionen trifft zu, also ist keine als Ausnahme zu nennen.",
            "Damit trifft jede Option zu, und nach keiner von ihnen ist gefragt.",
        ),
    },
    concise={
        ("labels", True): ("Also lautet die Antwort {labels}.", "Die Antwort lautet {labels}."),
        ("labels", False): ("Also lautet die Antwort {labels}.", "Die Antwort lautet {labels}."),
        ("nothing", True): ("Also ist keine davon richtig.",),
        ("nothing", False): ("Also gibt es keine Ausnahme.",),
    },
)

_LANGUAGES = {"en": ENGLISH, "de": GERMAN}


def graph_words(language: str) -> GraphWords:
    """Return the phrases of a language; the English ones where there are none."""
    return _LANGUAGES.get(language, ENGLISH)
