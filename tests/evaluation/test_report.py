"""The report: its sentences, its missing parts, and that no label can break out of its place."""

import base64
import gzip
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from failwise.errors import MissingExtraError
from failwise.evaluation.coverage import findings as coverage
from failwise.evaluation.coverage import states
from failwise.evaluation.records import Accuracy, Answer, Conformal, FactAudit, Perturbed, RollUp
from failwise.evaluation.reliability import Bin
from failwise.evaluation.reporting.data import STATES, ReportData
from failwise.evaluation.reporting.page import render_report, write_report
from failwise.evaluation.reporting.payload import pack
from failwise.evaluation.reporting.verdict import verdict
from failwise.evaluation.reporting.view import css_text, view, worst_first
from failwise.evaluation.reporting.words import DASH, percent
from failwise.generation.balance.certificate import BalanceCertificate
from failwise.generation.balance.exposure import Exposure, Spread
from failwise.generation.balance.shortcuts import GuesserRow, Offender, Shortcuts
from failwise.generation.records import Arity, Question, Rationale
from failwise.generation.splitting.crossings import Crossing
from failwise.generation.splitting.leakage import LeakageCertificate
from failwise.generation.splitting.near_duplicates import NearDuplicates
from failwise.kg.records import Direction, Polarity

ASSETS = {"pump": "Pump", "fan": "Fan"}
MODES = ("Bearing damage", "Misalignment", "Unbalance", "Impeller wear", "Seal leakage", "Looseness")
SENSORS = ("Vibration", "Temperature", "Oil debris", "Pressure", "Power", "Acoustic emission")
# State, number of questions, number of right answers.
OUTCOMES = tuple(zip(STATES, (6, 5, 6, 2, 0), (6, 0, 3, 1, 0), strict=True))
HOSTILE = "</script><script>alert('1')</script><img src=x onerror=\"alert(2)\">\u2028&amp;]]><!--"


def slug(label: str) -> str:
    return label.lower().replace(" ", "-")


def audit(asset: str, relation: str, subject: str, thing: str, place: int) -> FactAudit:
    """Return a fact whose truth and state follow from its place alone."""
    truth = "unknown" if place % 11 == 10 else "no" if place % 3 == 1 else "yes"
    state, n, right = OUTCOMES[(0, 0, 1, 0, 2, 3, 0, 4)[place % 8]] if truth != "unknown" else OUTCOMES[-1]
    bounds = {"known": (0.61, 1.0), "wrong": (0.0, 0.43), "inconsistent": (0.19, 0.81)}
    low, high = bounds.get(state, (0.0, 1.0))
    name = f"{asset}/{relation}/{slug(subject)}/{slug(thing)}"
    sure = {"known": (0.97, 0.0), "wrong": (0.0, 0.98), "inconsistent": (0.01, 0.02)}.get(state, (0.4, 0.3))
    return FactAudit(
        name, asset, relation, subject, thing, truth, n, right, 0.25, (low + high) / 2, low, high, *sure, state
    )


def audits() -> tuple[FactAudit, ...]:
    found = []
    for shift, (asset, label) in enumerate(ASSETS.items()):
        pairs = [("hasFailureMode", label, mode) for mode in MODES]
        pairs += [("monitoredBy", label, sensor) for sensor in SENSORS]
        pairs += [("indicatedBy", mode, sensor) for mode in MODES for sensor in SENSORS]
        found += [audit(asset, *pair, place + 3 * shift) for place, pair in enumerate(pairs)]
    return tuple(found)


def sentence(fact: FactAudit) -> str:
    thing, never = fact.object.lower(), "never " if fact.truth == "no" else ""
    if fact.relation == "hasFailureMode":
        return f"A {fact.asset_class} {never}fails by {thing}."
    if fact.relation == "monitoredBy":
        return f"A {fact.asset_class} is {never}monitored by {thing}."
    return f"On a {fact.asset_class}, {fact.subject.lower()} is {never}indicated by {thing}."


def question(fact: FactAudit, number: int, mentioned: str) -> Question:
    """Return the question `number` about a fact; its right option moves with the number."""
    right = number % 4
    others = [sensor for sensor in SENSORS if sensor != fact.object][:3]
    options = (*others[:right], fact.object, *others[right:])
    return Question(
        subject="fmea", id=f"{fact.fact_id}#{number}",
        question=f"{ASSETS[fact.asset_class]}: what goes with {fact.subject}, wording {number}?",
        options=options, option_ids=tuple("ABCD"), question_first=True,
        correct=tuple(place == right for place in range(4)), text_type="short", asset_name=fact.asset_class,
        relevancy="relevant", question_type="sensors", asset_class=fact.asset_class, relation=fact.relation,
        direction=Direction.FORWARD, polarity=Polarity.SELECTION, anchor=fact.subject,
        fact_ids=tuple(fact.fact_id if place == right else mentioned for place in range(4)),
        tested_fact=fact.fact_id, template="t1", distractor_kinds=(), difficulty="easy", seed=1,
        regime="new-question", split="test", ontology="toy",
    )  # fmt: skip


def answer(asked: Question, right: bool) -> Answer:
    choice = asked.answer if right else (asked.answer + 1) % 4
    scores = tuple(-1.0 if place == choice else -3.0 for place in range(4))
    return Answer(asked.id, "toy", scores, choice, right, 1.0)


def rollup(dimension: str, value: str, some: list[FactAudit]) -> RollUp:
    states = {state: sum(fact.state == state for fact in some) for state in STATES}
    n, right = sum(fact.n for fact in some), sum(fact.right for fact in some)
    share = right / n if n else 0.0
    low, high = max(0.0, share - 0.1), min(1.0, share + 0.1)
    return RollUp(
        dimension, value, len(some), **states,
        n=n, right=right, accuracy=share, chance=0.25, share=share, share_low=low, share_high=high,
    )  # fmt: skip


def sample() -> ReportData:
    """Return a report about two asset classes, six failure modes and six sensors, with all states in it."""
    facts = audits()
    judged = [fact for fact in facts if fact.truth != "unknown"]
    asked = [(question(fact, i, facts[0].fact_id), i < fact.right) for fact in facts for i in range(fact.n)]
    words = {fact.fact_id: sentence(fact) for fact in facts}
    rollups = [rollup("relation", "indicatedBy", [f for f in judged if f.relation == "indicatedBy"])]
    rollups += [rollup("asset_class", name, [f for f in judged if f.asset_class == name]) for name in ASSETS]
    rollups += [rollup("failure_mode", name, [f for f in judged if f.subject == name]) for name in MODES]
    return ReportData(
        title="Rotating machines, first student", created="2026-03-04T10:20:30Z", student="smollm2-135m-7f3a",
        base="smollm2-135m", regime="new-question",
        regime_text="The student may have been taught these facts; the questions themselves are new to it.",
        rows=(
            Accuracy("smollm2-135m-7f3a", "student", 812, 577, 0.71, 0.68, 0.74),
            Accuracy("smollm2-135m", "base", 812, 252, 0.31, 0.28, 0.34, 0.40, 0.36, 0.44),
            Accuracy("highest degree", "anchor-blind", 812, 284, 0.35, 0.32, 0.38, 0.36, 0.32, 0.40),
            Accuracy("chance", "chance", 812, 203, 0.25, 0.25, 0.25, 0.46, 0.43, 0.49),
            Accuracy("graph", "graph", 812, 812, 1.0, 0.995, 1.0, -0.29, -0.32, -0.26),
        ),
        audits=facts, rollups=tuple(rollups), questions=tuple(item for item, _ in asked),
        answers=tuple(answer(*pair) for pair in asked),
        base_answers=tuple(answer(item, i % 3 == 0) for i, (item, _) in enumerate(asked)),
        rationales=tuple(
            Rationale(item.id, "graph", "f", (item.tested_fact,), f"It holds, as [{item.tested_fact}] says.",
                      (item.tested_fact,), "A", "supported", 1, 0, 0)
            for item, _ in asked[::2]
        ),
        labels={**words, **ASSETS}, limits=("The base is already 4-bit quantised.",),
        manifest={"seed": "1", "ontology": "http://example.org/fmea"},
        kinds={"hasFailureMode": ("", "failure mode"), "monitoredBy": ("", "sensor"),
               "indicatedBy": ("failure mode", "sensor")},
        perturbed=(
            Perturbed("all", 80, 0.8, 0.7, -0.1, 0.6, 0.5, 0.7, 0.75, 0.65, 0.85, 0.04, 48, 16, 8, 4, 4, 0),
            Perturbed("reworded", 80, 0.8, 0.7, -0.1, 0.6, 0.5, 0.7, 0.75, 0.65, 0.85, 0.04, 48, 16, 8, 4, 4, 0),
        ),
        conformal=(
            Conformal("LAC", "all", "all", 812, 0.9, 0.87, 0.93, 1.6, 4.0, 0.71, 0.89),
            Conformal("LAC", "asset_class", "fan", 406, 0.8, 0.76, 0.84, 1.6, 4.0, 0.71, 0.89),
        ),
        reliability=(Bin(0.4, 0.5, 12, 0.45, 0.5, 0.2, 0.8, 0.7), Bin(0.9, 1.0, 800, 0.95, 0.71, 0.68, 0.74, 0.4)),
    )  # fmt: skip


def balanced() -> BalanceCertificate:
    """Return a certificate of 812 questions, with one guesser that is 10 points above chance."""
    row = GuesserRow("degree", Arity.SINGLE, 812, 0.35, 0.25, 10.0, 6.8, 13.4, 7.2)
    spread = Spread(1, 4.0, 12, 0.3)
    return BalanceCertificate(
        812, "toy", 0.05, False, (),
        Exposure(96, 80, 78, 80, spread, spread, {}, {0: 203, 2: 609}, 0, 0),
        Shortcuts((row,), (), (Offender(row, (row,), ()),), (), 0, 0, 0), (), {},
    )  # fmt: skip


def leaking() -> LeakageCertificate:
    """Return a certificate that breaks what its questions claim."""
    return LeakageCertificate(
        "held-out-fact", False, ("held-out-fact: 3 facts cross",), ("new-question",), "new-question", 900, 812, (0, 0),
        (Crossing("facts", 60, 78, 3, 30, 0.037),), NearDuplicates("trigrams", 0.8, 0, 0, 0, 0),
        "toy",
    )  # fmt: skip


def with_rows(**rows: tuple[float, float, float] | None) -> ReportData:
    """Return the sample with other shares (share, low, high); None takes the row out."""
    kept = []
    for row in sample().rows:
        share = rows.get(row.kind.replace("-", "_"), (row.accuracy, row.low, row.high))
        if share:
            kept.append(replace(row, accuracy=share[0], low=share[1], high=share[2]))
    return replace(sample(), rows=tuple(kept))


def alone(rows: Iterable[Accuracy]) -> tuple[Accuracy, ...]:
    """Return rows that are compared with no student."""
    return tuple(replace(row, ahead=None, ahead_low=None, ahead_high=None) for row in rows)


def with_ahead(kind: str, ahead: float, low: float, high: float) -> ReportData:
    """Return the sample with the student so far ahead of a row."""
    rows = sample().rows
    changed = {row: replace(row, ahead=ahead, ahead_low=low, ahead_high=high) for row in rows if row.kind == kind}
    return replace(sample(), rows=tuple(changed.get(row, row) for row in rows))


def told(data: ReportData) -> str:
    return " ".join(finding.text for finding in verdict(data)).translate({0xA0: " ", 0x2013: "-"})


class Page(HTMLParser):
    """What a browser would make elements, attributes and text of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.packed: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._inside = tag
        if ("type", "application/gzip") in attrs:
            self._inside = "packed"
            self.packed.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "packed":
            self.packed[-1] += data
        elif self._inside not in ("script", "style"):
            self.text += data + " "

    def facts(self) -> Any:
        return unpack(self.packed[0])

    def parts(self) -> list[Any]:
        return list(map(unpack, self.packed[1:]))


def unpack(letters: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(letters)))


# --- The verdict ------------------------------------------------------------------------------------------


def test_the_verdict_says_scores_with_intervals_and_facts_by_state() -> None:
    text = told(sample())
    assert "The student answers 71 % of 812 new questions right (68-74 %)" in text
    assert "the untrained base 31 % (28-34 %)" in text
    assert "On the 812 questions that both answered it differs by +40.0 points (+36.0 to +44.0)" in text
    assert "training made a clear difference" in text
    assert re.search(r"\d+ of \d+ facts are known, \d+ wrong, \d+ inconsistent, \d+ undersampled, \d+ unt", text)


def test_a_difference_that_may_be_none_is_said_to_show_nothing() -> None:
    findings = verdict(with_ahead("base", 0.04, -0.01, 0.09))
    doubt = next(finding for finding in findings if "both answered" in finding.text)
    assert doubt.caution
    assert "do not show that training helped" in doubt.text


def test_a_student_that_got_worse_is_called_worse() -> None:
    assert "training made the model worse" in told(with_ahead("base", -0.19, -0.23, -0.15))


def test_an_audit_of_an_earlier_version_compares_nothing() -> None:
    text = told(replace(sample(), rows=alone(sample().rows)))
    assert "both answered" not in text and "A guesser that never reads the question reaches 35 %" in text


def test_a_student_at_chance_is_called_a_guesser() -> None:
    assert "cannot be told from guessing" in told(with_rows(student=(0.27, 0.24, 0.30)))
    assert "That is worse than chance" in told(with_rows(student=(0.15, 0.12, 0.18)))


@pytest.mark.parametrize("ahead", [(0.01, -0.03, 0.05), (-0.09, -0.13, -0.05)])
def test_a_blind_guesser_as_good_as_the_student_is_named(ahead: tuple[float, float, float]) -> None:
    text = told(with_ahead("anchor-blind", *ahead))
    assert "A guesser that never reads the question reaches 35 %" in text
    assert "no evidence that it reads the question" in text


def test_a_weak_blind_guesser_is_reported_without_alarm() -> None:
    finding = next(found for found in verdict(sample()) if "never reads" in found.text)
    assert not finding.caution
    assert "clearly less than the student" in finding.text


def test_almost_nothing_and_almost_all_are_not_rounded_away() -> None:
    shares = [percent(share).removesuffix("\u00a0%") for share in (0, 0.001, 0.5, 0.999, 1)]
    assert shares == ["0", "<1", "50", ">99", "100"]
    assert percent(float("nan")) == DASH


def test_the_states_are_those_of_the_audit() -> None:
    assert tuple(STATES) == states.STATES


def test_findings_of_the_audit_stand_in_the_verdict() -> None:
    found = (
        coverage.Finding(coverage.Pattern.PART, "all", "The student knows 40 % of the 96 facts."),
        coverage.Finding(coverage.Pattern.SHORTCUT, "always A", "Its errors go by the rule <always A>."),
        coverage.Finding(coverage.Pattern.UNTIL_DECIDED, "all", coverage.HARD_TO_DECIDE),
    )
    *_, part, rule, hard = verdict(replace(sample(), findings=found))
    assert hard.caution
    assert (part.text, part.caution) == (found[0].text, False)
    assert (rule.text, rule.caution) == (found[1].text, True)
    page = render_report(replace(sample(), findings=found))
    assert "Its errors go by the rule &lt;always A&gt;." in page


def test_holes_stand_in_the_order_of_the_audit_and_leave_out_known_and_unknown() -> None:
    found = view(sample())["holes"]
    assert found == states.open_facts(audits())
    assert [fact.p_wrong for fact in found] == sorted((fact.p_wrong for fact in found), reverse=True)
    assert found[0].state == "wrong"
    assert all(fact.truth != "unknown" and fact.state != "known" for fact in found)


# --- What stands beside the scores -------------------------------------------------------------------------


def shown(data: ReportData) -> str:
    """Return the text of the page, spaces made one."""
    return " ".join(Page(render_report(data)).text.translate({0xA0: " ", 0x2013: "-", 0x2060: ""}).split())


def test_a_stamp_is_the_first_thing_on_the_page() -> None:
    text = shown(replace(sample(), stamp="Trained on this set: the student was taught 3 of its 9 questions."))
    assert text.index("Do not rely on this report. Trained on this set") < text.index("failwise · what")
    assert "Do not rely" not in shown(sample())
    assert css_text('Taught: 3"}') == r'"Taught\3a \20 3\22 \7d "'


def test_how_sure_it_is_stands_as_picture_and_as_table() -> None:
    page = render_report(sample())
    assert 'role="img" aria-labelledby="diagram-title"' in page
    # (12 * 5 + 800 * 24) / 812 points, (12 * 0.7 + 800 * 0.4) / 812
    assert "Calibration error 23.7 points" in shown(sample()) and "Brier score 0.404 of 2" in shown(sample())
    assert "95 % 71 % 68-74 %" in shown(sample())
    assert "Fewer than 50 of its answers" in shown(replace(sample(), reliability=()))


def test_asking_in_another_way_shows_what_was_right_before_after_and_both_times() -> None:
    assert "reworded 80 % 70 % 60 % 50-70 % 75 % 0.04 80" in shown(sample())
    assert "No question was asked in another way" in shown(replace(sample(), perturbed=()))


def test_certificates_are_shown_and_missing_ones_are_said_to_be_missing() -> None:
    text = shown(replace(sample(), balance=balanced(), leakage=leaking()))
    assert "REFUSED: guessing without knowing a fact gets more than 5 points above chance: 'degree'" in text
    assert "degree more than is allowed 35 % 25 % +10.0 812" in text
    assert "78 of 80 that the set's tables can ask" in text and "75 % of the questions stand in groups" in text
    assert "Claimed regime held-out-fact: BROKEN" in text and "held-out-fact: 3 facts cross." in text
    assert "facts 60 78 3 4 %" in text
    missing = shown(sample())
    assert "No balance certificate stands beside" in missing and "No leakage certificate stands beside" in missing


def test_of_very_many_groups_those_are_shown_of_which_least_is_known() -> None:
    rows = [rollup("sensor", f"s{i}", []) for i in range(205)]
    rows[-1] = replace(rows[-1], share=-1.0)
    kept, left_out = worst_first(rows)
    assert (len(kept), left_out, kept[0].value) == (200, 5, "s204")
    assert "roll-ups.csv holds 5 more" in shown(replace(sample(), rollups=tuple(rows)))


# --- Missing parts ----------------------------------------------------------------------------------------


def test_without_a_student_the_page_is_about_the_questions() -> None:
    rows = alone(with_rows(student=None, base=None).rows)
    bare = replace(sample(), rows=rows, student="", base=None, answers=(), base_answers=())
    assert "No student has been scored" in told(bare)
    assert "never reads the question reaches 35 % (32-38 %); chance is 25 %" in told(bare)
    assert "<main>" in render_report(bare)


def test_questions_from_elsewhere_need_no_graph() -> None:
    foreign = tuple(
        replace(item, direction=None, polarity=None, difficulty="", fact_ids=(), tested_fact="")
        for item in sample().questions
    )
    [part] = Page(render_report(replace(sample(), questions=foreign))).parts()
    assert "None" not in part["texts"]


def test_without_a_base_nothing_is_compared() -> None:
    bare = replace(with_rows(base=None), base=None, base_answers=())
    assert "base" not in told(bare)
    assert "<main>" in render_report(bare)


def test_untested_facts_alone_are_said_to_be_untested() -> None:
    fresh = tuple(replace(fact, n=0, right=0, state="untested") for fact in audits())
    assert "facts has been tested yet" in told(replace(sample(), audits=fresh))


def test_a_report_about_nothing_still_renders() -> None:
    nothing = replace(
        sample(), rows=(), audits=(), rollups=(), questions=(), answers=(), base_answers=(), rationales=(),
        labels={}, limits=(), manifest={}, student="", base=None,
    )  # fmt: skip
    page = Page(render_report(nothing))
    assert "No fact was audited" in page.text
    assert "Nothing was scored" in page.text


def test_scores_that_are_not_numbers_leave_probabilities_out() -> None:
    for scores in ((float("nan"),) * 4, (float("nan"), 0.0, 0.0, 0.0), (-float("inf"),) * 4):
        odd = replace(sample().answers[0], scores=scores, choice=None, right=False)
        [part] = Page(render_report(replace(sample(), answers=(odd, *sample().answers[1:])))).parts()
        assert [row[6] for row in part["questions"]].count([]) == 1


# --- Labels that attack -----------------------------------------------------------------------------------


def hostile(text: str) -> ReportData:
    """Return the sample with `text` wherever a text can come from outside."""
    data = sample()
    return replace(
        data, title=text, student=text, base=text, regime=text, regime_text=text, created=text,
        rows=tuple(replace(row, name=text) for row in data.rows),
        audits=tuple(replace(a, subject=text + a.subject, object=text + a.object) for a in data.audits),
        rollups=tuple(replace(row, value=text) for row in data.rollups),
        questions=tuple(replace(item, question=text, options=(text,) * 4) for item in data.questions),
        rationales=tuple(replace(reason, text=text, teacher=text) for reason in data.rationales),
        labels=dict.fromkeys(data.labels, text), limits=(text,), manifest={text: text}, stamp=text, part=text,
        perturbed=tuple(replace(row, kind=text) for row in data.perturbed),
        conformal=tuple(replace(row, value=text) for row in data.conformal),
        balance=replace(balanced(), ontology=text), leakage=replace(leaking(), broken=(text,)),
        answers=tuple(replace(said, reply=text) for said in data.answers),
    )  # fmt: skip


ATTACKS = (HOSTILE, "'\"`${{ 7*7 }}{% raw %}", "x" * 10_000, "lone \ud800 surrogate", "\0\r\n")


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_labels_stay_text(text: str) -> None:
    tame, page = Page(render_report(hostile("tame"))), Page(render_report(hostile(text)))
    assert page.tags == tame.tags
    assert [name for name, _ in page.attributes] == [name for name, _ in tame.attributes]
    assert text.encode("utf-8", "replace").decode() in page.facts()["texts"]


def test_what_is_packed_holds_nothing_that_html_could_read() -> None:
    assert re.fullmatch("[A-Za-z0-9+/=]+", pack({"text": HOSTILE}))
    assert unpack(pack({"text": HOSTILE + "\u2029"})) == {"text": HOSTILE + "\u2029"}
    assert pack(HOSTILE) == pack(HOSTILE)


# --- One file ---------------------------------------------------------------------------------------------


def test_nothing_is_loaded_from_elsewhere() -> None:
    html = render_report(sample())
    page = Page(html)
    links = [value for name, value in page.attributes if name in ("src", "href", "srcset", "action", "data")]
    assert all(value.startswith("#") for value in links)
    assert set(re.findall(r"https?://[^\s<\"]*", html)) == {"http://example.org/fmea"}
    assert "default-src 'none'" in html
    assert not re.search(r"@import|url\(", html)


def test_every_question_is_embedded_once_with_its_texts_shared() -> None:
    page = Page(render_report(sample()))
    [part] = page.parts()
    assert len(part["questions"]) == len(page.facts()["said"]) == len(sample().questions)
    assert len(part["texts"]) == len(set(part["texts"]))


def test_a_question_for_all_right_options_tests_each_of_its_facts() -> None:
    first, second = [fact for fact in audits() if fact.truth != "unknown"][:2]
    many = replace(
        sample().questions[0], id="many", arity=Arity.MULTIPLE, options=("a", "b"), option_ids=("A", "B"),
        correct=(True, True), fact_ids=(first.fact_id, second.fact_id), tested_fact="",
    )  # fmt: skip
    silent, none = replace(many, id="silent"), replace(many, id="none")
    said = [
        Answer("many", "toy", (0.0, -800.0), None, True, 1.0, chosen=(0, 1)),
        Answer("none", "toy", (0.0, 0.0), None, False, 1.0, chosen=()),
        Answer("silent", "toy", (), None, False, 1.0),
    ]
    page = Page(render_report(replace(sample(), questions=(many, silent, none), answers=tuple(said))))
    facts, [part] = page.facts(), page.parts()
    assert facts["said"] == [[[0, 1], 1], [-1, 0], [[], 0]]
    tested = {facts["texts"][row[0]]: tests for row, tests in zip(facts["facts"], facts["tests"], strict=True)}
    assert tested[first.fact_id] == tested[second.fact_id] == [0, 1, 2]
    assert [row[6] for row in part["questions"]] == [[500, 0], [], [500, 500]]


def test_questions_stand_by_fact_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("failwise.evaluation.reporting.payload.PART", 10)
    page = Page(render_report(replace(sample(), questions=sample().questions[::-1])))
    facts, parts = page.facts(), page.parts()
    assert [len(part["questions"]) for part in parts[:-1]] == [10] * (len(parts) - 1)
    for row, tests in zip(facts["facts"], facts["tests"], strict=True):
        assert tests == list(range(tests[0], tests[0] + row[8])) if row[8] else tests == []
        for number in tests:
            part = parts[number // 10]
            assert part["texts"][part["questions"][number % 10][4]] == facts["texts"][row[0]]


def test_the_file_is_written_whole(tmp_path: Path) -> None:
    path = write_report(sample(), tmp_path / "run" / "report.html")
    assert path.read_text(encoding="utf-8") == render_report(sample())
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_without_jinja_the_reader_learns_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"failwise\[report\]"):
        render_report(sample())
