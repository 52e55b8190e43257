"""Decisions are read strictly, written the same each time, and found stale when names go."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from failwise.errors import InputError
from failwise.kg.decisions import KEYS, LARGEST, Decision, Decisions, read_decisions, write_decisions
from failwise.kg.resolve import Names
from failwise.kg.vocabulary import FW, KINDS, SENSOR

MEANT = Decision(FW.Sensor, "vibraton", same_as="vibration")
NEW = Decision(FW.Sensor, "oil mist density", new=True)
OPEN = Decision(FW.FailureMode, "bearing worn", suggestions=("bearing wear", "bearing damage"))


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "decisions.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def names(*labels: str) -> Names:
    known = Names()
    for label in labels:
        known.add(FW.Sensor, SENSOR[label], label)
    return known


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "decisions.yaml"
    write_decisions(path, Decisions((NEW, MEANT, OPEN)))
    assert read_decisions(path).entries == (OPEN, NEW, MEANT)
    assert read_decisions(path).file == "decisions.yaml"


def test_the_bytes_do_not_depend_on_the_order_and_the_undecided_stand_first(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    write_decisions(one, Decisions((NEW, MEANT, OPEN)))
    write_decisions(two, Decisions((OPEN, MEANT, NEW)))
    assert one.read_bytes() == two.read_bytes()
    assert [line for line in one.read_text().splitlines() if not line.startswith("#")] == [
        "",
        "- kind: failure mode",
        "  name: bearing worn",
        "  suggestions:",
        "  - bearing wear",
        "  - bearing damage",
        "",
        "- kind: sensor",
        "  name: oil mist density",
        "  new: true",
        "",
        "- kind: sensor",
        "  name: vibraton",
        "  same_as: vibration",
    ]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]\n"])
def test_an_empty_file_decides_nothing(tmp_path: Path, text: str) -> None:
    assert read_decisions(written(tmp_path, text)).entries == ()


def test_no_decisions_are_written_as_an_empty_list(tmp_path: Path) -> None:
    write_decisions(tmp_path / "d.yaml", Decisions())
    assert read_decisions(tmp_path / "d.yaml").entries == ()


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)
_ENTRIES = st.builds(
    Decision, st.sampled_from(sorted(KINDS)), _TEXTS, suggestions=st.lists(_TEXTS, max_size=3).map(tuple)
) | st.builds(Decision, st.sampled_from(sorted(KINDS)), _TEXTS, same_as=_TEXTS)


@example([Decision(FW.Sensor, "a line\x85end")])
@example([Decision(FW.Sensor, "a line\n- kind: sensor")])
@given(st.lists(_ENTRIES, max_size=5, unique_by=lambda d: (d.kind, d.name)))
def test_any_name_comes_back(tmp_path_factory: pytest.TempPathFactory, entries: list[Decision]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    write_decisions(path, Decisions(tuple(entries)))
    assert set(read_decisions(path).entries) == set(entries)


@pytest.mark.parametrize("name", ["no", "5", "1.0", "2024-01-01", "~x", "off", "null"])
def test_a_name_may_look_like_something_else(tmp_path: Path, name: str) -> None:
    write_decisions(tmp_path / "d.yaml", Decisions((Decision(FW.Sensor, name, new=True),)))
    assert read_decisions(tmp_path / "d.yaml").entries[0].name == name


@pytest.mark.parametrize("name", ["no", "5", "2024-01-01"])
def test_a_name_typed_without_quotes_is_read_as_typed(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, f"- {{kind: sensor, name: {name}, new: true}}\n")
    assert read_decisions(path).entries[0].name == name


def test_suggestions_may_stay_beside_a_decision(tmp_path: Path) -> None:
    text = "- kind: sensor\n  name: vibraton\n  same_as: vibration\n  suggestions: [vibration]\n"
    assert read_decisions(written(tmp_path, text)).same_as() == {(FW.Sensor, "vibraton"): "vibration"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("kind: sensor\n", r"line 1: a list of entries is needed"),
        ("- sensor\n", r"line 1: an entry has the keys kind, name"),
        ("\n- kind: sensor\n", r"line 2: the entry has no 'name'"),
        ("- name: x\n", r"line 1: the entry has no 'kind'"),
        ("- kind: sensr\n  name: x\n", r"line 1: kind is 'sensr'; did you mean 'sensor'\?; allowed are asset class"),
        ("- kind: sensor\n  name: x\n  sameas: y\n", r"line 3: unknown key 'sameas'; did you mean 'same_as'\?"),
        ("- kind: sensor\n  name: x\n  name: y\n", r"line 3: the key 'name' stands twice"),
        ("- kind: sensor\n  name: x\n  same_as: y\n  new: true\n", r"line 1: the entry has same_as and new"),
        ("- kind: sensor\n  name: x\n  new: false\n", r"line 3: new can only be true"),
        ("- kind: sensor\n  name: x\n  new: 'true'\n", r"line 3: new can only be true"),
        ("- kind: sensor\n  name:\n", r"line 2: name needs a text"),
        ("- kind: sensor\n  name: x\n  same_as: ' '\n", r"line 3: same_as needs a text"),
        ("- kind: sensor\n  name: [x]\n", r"line 2: name needs a text"),
        ("- kind: sensor\n  name: x\n  suggestions: y\n", r"line 3: suggestions is a list"),
        ("- kind: sensor\n  name: !!python/name:os.system x\n", r"line 2: name needs a text"),
        ("- &a {kind: sensor, name: x}\n- *a\n", r"line 1: aliases \(\*\) are not read"),
        ("- {kind: sensor, name: &a x, same_as: *a}\n", r"line 1: aliases"),
        ("- {kind: sensor, name: x}\n- {kind: sensor, name: x}\n", r"line 2: sensor 'x' has an entry in line 1"),
        ("[{kind: sensor, name: x}, {kind: sensor, name: x}]\n", r"line 1: sensor 'x' has an entry in line 1"),
        ("- kind: sensor\n name: x\n", r"is not YAML: .*line 2"),
        ("- {kind: sensor, name: x}\n---\n- {kind: sensor, name: y}\n", r"is not YAML: expected a single document"),
        ("- kind: \x00\n", r"is not YAML"),
        (b"- kind: \xff\n", r"is not UTF-8 text"),
        ("[" * 5000, r"nests too deep"),
        (" " * (LARGEST + 1), r"has 4,194,305 bytes; a decisions file has at most 4,194,304"),
    ],
)
def test_a_wrong_file_is_refused_by_line(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_decisions(written(tmp_path, text))


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_decisions(tmp_path / "none.yaml")


def test_every_key_is_explained_in_the_file_itself(tmp_path: Path) -> None:
    write_decisions(tmp_path / "d.yaml", Decisions((NEW, MEANT, OPEN)))
    text = (tmp_path / "d.yaml").read_text()
    assert all(f"{key}:" in text for key in KEYS)


def test_an_update_keeps_what_is_decided_and_renews_what_is_not() -> None:
    unknown = [(FW.Sensor, "vibraton", ["x"]), (FW.Sensor, "humidty", ["humidity"])]
    updated = Decisions((MEANT, NEW, OPEN)).updated(unknown)
    assert updated.entries == (MEANT, NEW, Decision(FW.Sensor, "humidty", suggestions=("humidity",)))
    assert [d.name for d in updated.undecided()] == ["humidty"]


def test_the_decided_are_told_apart() -> None:
    decisions = Decisions((MEANT, NEW, OPEN))
    assert decisions.same_as() == {(FW.Sensor, "vibraton"): "vibration"}
    assert decisions.new() == {(FW.Sensor, "oil mist density")}
    assert decisions.undecided() == [OPEN]


def test_decisions_that_fit_find_nothing() -> None:
    used = {(FW.Sensor, "vibraton"), (FW.Sensor, "oil mist density")}
    assert Decisions((MEANT, NEW)).check(used, names("vibration")) == []


def test_a_name_that_no_document_holds_any_more_is_found(tmp_path: Path) -> None:
    path = written(tmp_path, "- {kind: sensor, name: vibraton, same_as: vibration}\n")
    (finding,) = read_decisions(path).check(set(), names("vibration"))
    assert (finding.level, finding.rule, finding.node, finding.file) == (
        "WARN",
        "decision-unused",
        "line 1",
        "decisions.yaml",
    )


def test_a_target_that_is_not_known_is_found() -> None:
    decisions = Decisions((Decision(FW.Sensor, "vib", same_as="vibratoin"),))
    (finding,) = decisions.check({(FW.Sensor, "vib")}, names("vibration"))
    assert (finding.level, finding.rule, finding.value) == ("ERROR", "decision-target", "vibratoin")
    assert "did you mean 'vibration'?" in finding.message


def test_a_target_that_may_mean_two_things_is_found() -> None:
    decisions = Decisions((Decision(FW.Sensor, "leak", same_as="AIR LEAK"),))
    (finding,) = decisions.check({(FW.Sensor, "leak")}, names("air leak", "air leaks"))
    assert "may mean 2 things: air leak, air leaks" in finding.message
