"""Findings as people read them: gravest first, by address, in a terminal, a spreadsheet, a browser."""

import csv
import random
from html.parser import HTMLParser

import pytest

from failwise.errors import InputError
from failwise.kg.findings import LEVELS, address_key, as_html, as_table, as_tsv, counts, failing, in_order
from failwise.kg.records import Finding


def finding(level: str = "ERROR", node: str = "FM!C7", **more: str) -> Finding:
    return Finding(level, node, more.pop("message", "sensor is not declared"), **more)


def test_addresses_go_as_a_reader_does() -> None:
    wanted = ["FM", "FM!row 2", "FM!C7", "FM!D7", "FM!AA7", "FM!C12", "FM2!A1", "FM10!A1"]
    shuffled = random.Random(1).sample(wanted, len(wanted))
    assert shuffled != wanted
    assert sorted(shuffled, key=address_key) == wanted


@pytest.mark.parametrize("odd", ["", "!", "C" + "9" * 50, "FM!C7!D8", "²", "https://example.org/a#7", "9" * 10_000])
def test_any_address_can_be_sorted(odd: str) -> None:
    assert len(sorted([odd, "FM!C7", "row 3", "C2"], key=address_key)) == 4


def test_gravest_first_then_file_then_address() -> None:
    found = [
        finding("INFO", "A!A1", file="a.xlsx"),
        finding("ERROR", "FM!C12", file="b10.xlsx"),
        finding("ERROR", "FM!C12", file="b2.xlsx"),
        finding("ERROR", "FM!C7", file="b10.xlsx"),
        finding("WARN", "A!A1", file="a.xlsx"),
    ]
    assert [(f.level, f.file, f.node) for f in in_order(found)] == [
        ("ERROR", "b2.xlsx", "FM!C12"),
        ("ERROR", "b10.xlsx", "FM!C7"),
        ("ERROR", "b10.xlsx", "FM!C12"),
        ("WARN", "a.xlsx", "A!A1"),
        ("INFO", "a.xlsx", "A!A1"),
    ]
    assert counts(found) == "3 ERROR, 1 WARN, 1 INFO"


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_fails_on_itself_and_what_is_graver(level: str) -> None:
    expected = [LEVELS.index(one) <= LEVELS.index(level) for one in LEVELS]
    assert [failing([finding(one)], level) for one in LEVELS] == expected
    assert not failing([], level)


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(InputError, match="unknown level 'ERRORS'; allowed are ERROR, WARN, INFO"):
        failing([], "ERRORS")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("vibration", "vibration"),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1+1", "'  =1+1"),
        ('"=1+1"', '\'"=1+1"'),
        ("＝1+1", "'＝1+1"),  # noqa: RUF001
        ("a\tb\nc\r", "a\\tb\\nc\\r"),
        ("C:\\temp", "C:\\\\temp"),
        ("a\x00\x1b[31m\u202eb", "a\\u0000\\u001b[31m\\u202eb"),
        ("ポンプ", "ポンプ"),
    ],
)
def test_a_spreadsheet_runs_no_cell_and_loses_none(value: str, cell: str) -> None:
    lines = as_tsv([finding(value=value), finding(value="after")]).splitlines()
    assert len(lines) == 3
    rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert sorted(row["value"] for row in rows) == sorted([cell, "after"])
    assert {row["where"] for row in rows} == {"FM!C7"}


def test_a_terminal_shows_hidden_characters_and_cuts_long_cells() -> None:
    columns, rows = as_table([finding(value="a\u200bb\x1b[2J"), finding(value="x" * 10_000)])
    values = [row[columns.index("value")] for row in rows]
    assert values[0] == "a\\u200bb\\u001b[2J"
    assert values[1].endswith("… (10,000 characters)")
    assert len(values[1]) < 500


class Page(HTMLParser):
    """Collects the cells of a page, the tags used, and where they point."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.links, self.cells = set[str](), list[str](), list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [str(v) for k, v in attrs if k in ("src", "href", "onclick", "onerror")]
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def test_the_page_stands_alone_and_obeys_no_cell() -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    text = as_html([finding("WARN", value=evil, file='"><b>', fix="{title} & more")], "Findings of <pump>.xlsx")
    page = Page(text)
    assert not page.tags & {"script", "img", "b", "link", "iframe"}
    assert page.links == []
    assert page.cells[3] == evil
    assert page.cells[5] == "{title} & more"
    assert "<h1>Findings of &lt;pump&gt;.xlsx</h1>" in text
    assert "<p>0 ERROR, 1 WARN, 0 INFO</p>" in text
    assert text.index("<p>0 ERROR") < text.index("<table>")


def test_the_page_of_no_finding_says_so() -> None:
    text = as_html([], "pump.xlsx")
    assert "<p>No finding.</p>" in text
    assert "<table>" not in text
