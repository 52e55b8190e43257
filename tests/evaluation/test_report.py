"""The report: its sentences, its missing parts, and that no label can break out of its place."""

import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from failwise.errors import MissingExtraError
from failwise.evaluation import report
from failwise.evaluation.coverage import findings as coverage
from failwise.evaluation.coverage.states import STATES
from failwise.evaluation.records import Accuracy, Answer, FactAudit, RollUp
from failwise.evaluation.report import ReportData, render_report, verdict, write_report
from failwise.generation.records import Question, Rationale
from failwise.kg.records import Direction, Polarity

ASSETS = {"pump": "Pump", "fan": "Fan"}
MODES = ("Bearing damage", "Misalignment", "Unbalance", "Impeller wear", "Seal leakage", "Looseness")
SENSORS = ("Vibration", "Temperature", "Oil debris", "Pressure", "Power", "Acoustic emission")
# State, number of questions, number of right answers.
OUTCOMES = tuple(zip(report.STATES, (6, 5, 6, 2, 0), (6, 0, 3, 1, 0), strict=True))
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
    states = {state: sum(fact.state == state for fact in some) for state in report.STATES}
    n, right = sum(fact.n for fact in some), sum(fact.right for fact in some)
    share = right / n if n else 0.0
    low, high = max(0.0, share - 0.1), min(1.0, share + 0.1)
    return RollUp(
        dimension, value, len(some), **states,
        n=n, right=right, accuracy=share, chance=0.25, low=low, high=high,
        share=share, share_low=low, share_high=high,
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
            Accuracy("smollm2-135m", "base", 812, 252, 0.31, 0.28, 0.34),
            Accuracy("highest degree", "anchor-blind", 812, 284, 0.35, 0.32, 0.38),
            Accuracy("chance", "chance", 812, 203, 0.25, 0.25, 0.25),
            Accuracy("graph", "graph", 812, 812, 1.0, 0.995, 1.0),
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
    )  # fmt: skip


def with_rows(**rows: tuple[float, float, float] | None) -> ReportData:
    """Return the sample with other shares (share, low, high); None takes the row out."""
    kept = []
    for row in sample().rows:
        share = rows.get(row.kind.replace("-", "_"), (row.accuracy, row.low, row.high))
        if share:
            kept.append(replace(row, accuracy=share[0], low=share[1], high=share[2]))
    return replace(sample(), rows=tuple(kept))


def told(data: ReportData) -> str:
    return " ".join(finding.text for finding in verdict(data)).translate({0xA0: " ", 0x2013: "-"})


class Page(HTMLParser):
    """What a browser would make elements, attributes and text of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.payload = ""
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._inside = "payload" if ("id", "payload") in attrs else tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "payload":
            self.payload += data
        elif self._inside not in ("script", "style"):
            self.text += data


# --- The verdict ------------------------------------------------------------------------------------------


def test_the_verdict_says_scores_with_intervals_and_facts_by_state() -> None:
    text = told(sample())
    assert "The student answers 71 % of 812 new questions right (68-74 %)" in text
    assert "the untrained base 31 % (28-34 %)" in text
    assert "do not overlap: training made a clear difference" in text
    assert re.search(r"\d+ of \d+ facts are known, \d+ wrong, \d+ inconsistent, \d+ undersampled, \d+ unt", text)


def test_overlapping_intervals_are_said_to_show_nothing() -> None:
    findings = verdict(with_rows(base=(0.67, 0.64, 0.70)))
    doubt = next(finding for finding in findings if "overlap" in finding.text)
    assert doubt.caution
    assert "do not show that training helped" in doubt.text


def test_a_student_that_got_worse_is_called_worse() -> None:
    assert "training made the model worse" in told(with_rows(base=(0.90, 0.88, 0.92)))


def test_a_student_at_chance_is_called_a_guesser() -> None:
    assert "cannot be told from guessing" in told(with_rows(student=(0.27, 0.24, 0.30)))
    assert "That is worse than chance" in told(with_rows(student=(0.15, 0.12, 0.18)))


@pytest.mark.parametrize("blind", [(0.70, 0.67, 0.73), (0.80, 0.77, 0.83)])
def test_a_blind_guesser_as_good_as_the_student_is_named(blind: tuple[float, float, float]) -> None:
    text = told(with_rows(anchor_blind=blind))
    assert f"A guesser that never reads the question reaches {blind[0]:.0%}".replace("%", " %") in text
    assert "no evidence that it reads the question" in text


def test_a_weak_blind_guesser_is_reported_without_alarm() -> None:
    finding = next(found for found in verdict(sample()) if "never reads" in found.text)
    assert not finding.caution
    assert "clearly less than the student" in finding.text


def test_almost_nothing_and_almost_all_are_not_rounded_away() -> None:
    shares = [report.percent(share).removesuffix("\u00a0%") for share in (0, 0.001, 0.5, 0.999, 1)]
    assert shares == ["0", "<1", "50", ">99", "100"]
    assert report.percent(float("nan")) == report.DASH


def test_the_states_are_those_of_the_audit() -> None:
    assert tuple(report.STATES) == STATES


def test_findings_of_the_audit_stand_in_the_verdict() -> None:
    found = (
        coverage.Finding(coverage.Pattern.PART, "all", "The student knows 40 % of the 96 facts."),
        coverage.Finding(coverage.Pattern.SHORTCUT, "always A", "Its errors go by the rule <always A>."),
    )
    *_, part, rule = verdict(replace(sample(), findings=found))
    assert (part.text, part.caution) == (found[0].text, False)
    assert (rule.text, rule.caution) == (found[1].text, True)
    page = render_report(replace(sample(), findings=found))
    assert "Its errors go by the rule &lt;always A&gt;." in page


def test_holes_come_worst_first_and_leave_out_known_and_unknown() -> None:
    found = report.holes(audits())
    order = [list(report.STATES).index(fact.state) for fact in found]
    assert order == sorted(order)
    assert order[0] == 1
    assert all(fact.truth != "unknown" for fact in found)


# --- Missing parts ----------------------------------------------------------------------------------------


def test_without_a_student_the_page_is_about_the_questions() -> None:
    bare = replace(with_rows(student=None, base=None), student="", base=None, answers=(), base_answers=())
    assert "No student has been scored" in told(bare)
    assert "never reads the question reaches 35 % (32-38 %); chance is 25 %" in told(bare)
    assert "<main>" in render_report(bare)


def test_questions_from_elsewhere_need_no_graph() -> None:
    foreign = tuple(
        replace(item, direction=None, polarity=None, difficulty="", fact_ids=(), tested_fact="")
        for item in sample().questions
    )
    rows = json.loads(Page(render_report(replace(sample(), questions=foreign))).payload)
    assert "None" not in rows["texts"]


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
    assert report.softmax([]) == report.softmax([float("nan"), 0.0]) == report.softmax([-float("inf")]) == []
    assert report.softmax([0.0, -float("inf")]) == [1.0, 0.0]
    odd = replace(sample().answers[0], scores=(float("nan"),) * 4, choice=None, right=False)
    assert Page(render_report(replace(sample(), answers=(odd, *sample().answers[1:])))).payload


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
        labels=dict.fromkeys(data.labels, text), limits=(text,), manifest={text: text},
    )  # fmt: skip


ATTACKS = (HOSTILE, "'\"`${{ 7*7 }}{% raw %}", "x" * 10_000, "lone \ud800 surrogate", "\0\r\n")


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_labels_stay_text(text: str) -> None:
    tame, page = Page(render_report(hostile("tame"))), Page(render_report(hostile(text)))
    assert page.tags == tame.tags
    assert [name for name, _ in page.attributes] == [name for name, _ in tame.attributes]
    assert text.encode("utf-8", "replace").decode() in json.loads(page.payload)["texts"]


def test_embedded_json_holds_nothing_that_html_could_read() -> None:
    written = report.embed({"text": HOSTILE + "\u2029"})
    assert not re.search("[<>&\u2028\u2029]", written)
    assert json.loads(written) == {"text": HOSTILE + "\u2029"}


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
    rows = json.loads(Page(render_report(sample())).payload)
    assert len(rows["questions"]) == len(sample().questions)
    assert len(rows["texts"]) == len(set(rows["texts"]))


def test_the_file_is_written_whole(tmp_path: Path) -> None:
    path = write_report(sample(), tmp_path / "run" / "report.html")
    assert path.read_text(encoding="utf-8") == render_report(sample())
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_without_jinja_the_reader_learns_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"failwise\[report\]"):
        render_report(sample())
