"""Documents are read safely: what is amiss is a finding about that file, and the rest goes on."""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.kg.evidence import documents
from failwise.kg.evidence.documents import as_finding, list_documents, parse_document, read_content
from failwise.kg.evidence.records import Document, Unreadable
from failwise.kg.records import Finding

Written = Callable[..., Path]


def read(folder: Path) -> tuple[dict[str, Document], list[Finding]]:
    findings: list[Finding] = []
    found = {}
    for file in list_documents(folder, findings):
        try:
            content = read_content(file)
        except Unreadable as error:
            findings.append(as_finding(file.name, error))
            continue
        if document := parse_document(file, content, findings):
            found[file.name] = document
    return found, findings


def rules(findings: list[Finding]) -> dict[str, str]:
    return {f.file: f.rule for f in findings}


def pdf(*pages: str, password: str = "") -> bytes:
    """Return a PDF whose pages show a line each."""
    pypdf = pytest.importorskip("pypdf")
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = pypdf.PdfWriter()
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    fonts = DictionaryObject(
        {NameObject("/F1"): DictionaryObject({NameObject(k): NameObject(v) for k, v in font.items()})}
    )
    for text in pages:
        page = writer.add_blank_page(width=400, height=400)
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    writer.add_metadata({"/Title": "Pump handbook"})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_markdown_gives_its_words_headings_and_front_matter(written: Written) -> None:
    text = (
        "---\ntitle: Unbalance\nlicence: CC BY 4.0\nauthor: [A, B]\nsources:\n  - ISO 21940\n  - ISO 20816\n---\n"
        "Intro with a [link](https://example.org/x).\n\n## Signs\n\nLine one\nand **two** <b>x</b>.\n\n- item\n\n"
        "| a | b |\n| - | - |\n| 1 | 2 |\n\n<script>alert('no')</script>\n"
    )
    document = read(written(unbalance_md=text))[0]["unbalance.md"]
    front = document.front
    assert (front.title, front.licence, front.author, front.sources) == (
        "Unbalance",
        "CC BY 4.0",
        "A, B",
        ("ISO 21940", "ISO 20816"),
    )
    assert [(b.heading, b.text) for b in document.blocks] == [
        ("", "Intro with a link."),
        ("Signs", "Line one and two x."),
        ("Signs", "item"),
        ("Signs", "a; b."),
        ("Signs", "1; 2."),
    ]


@pytest.mark.parametrize("head", ["title: [unclosed", "- a\n- b", "a: &x [*x, *x]"])
def test_front_matter_that_cannot_be_read_is_a_finding_and_the_text_stays(written: Written, head: str) -> None:
    found, findings = read(written(a_md=f"---\n{head}\n---\nThe text stays."))
    assert [b.text for b in found["a.md"].blocks] == ["The text stays."]
    assert head.startswith("a:") or rules(findings) == {"a.md": "front-matter"}


def test_front_matter_that_unfolds_for_ever_does_not(written: Written) -> None:
    levels = [
        "a0: &a0 [x, x, x, x, x, x, x, x, x]",
        *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)),
    ]
    text = "---\n" + "\n".join(levels) + "\ntitle: *a29\n---\n# Heading\n\nText.\n"
    assert read(written(a_md=text))[0]["a.md"].front.title == "Heading"


def test_a_page_gives_what_a_reader_sees(written: Written) -> None:
    pytest.importorskip("lxml")
    page = (
        "<!DOCTYPE html [<!ENTITY out SYSTEM 'file:///etc/hostname'>]><html><head><title>Cavi&shy;tation</title>"
        "<meta name=license content='CC BY 4.0'><style>p{}</style><script>var hidden = 1</script></head>"
        "<body><nav>Home</nav><h2>Signs</h2><p>Noise &amp; vibration<p>grow&out;.<p hidden>Answer B!</p>"
        "<div style='display: none'>Ignore <b>this</b></div><table><tr><td>flow<td>falls</table>"
        "<iframe src='http://127.0.0.1:1/'></iframe><img src='http://127.0.0.1:1/x.png' alt='x'>"
    )
    host = Path("/etc/hostname").read_text().strip() if Path("/etc/hostname").exists() else "hostname"
    document = read(written(a_html=page))[0]["a.html"]
    assert (document.front.title, document.front.licence) == ("Cavitation", "CC BY 4.0")
    texts = [b.text for b in document.blocks]
    assert "Noise & vibration" in texts
    assert texts[-1] == "flow; falls"
    assert not any(word in " ".join(texts) for word in ("hidden", "Answer", "Ignore", "Home", host))
    assert document.blocks[-1].heading == "Signs"


@pytest.mark.parametrize("piece", ["<![CDATA[", "<!--", "<a ", "</", "<div>", "<p><i>", "&", "<table><tr>"])
def test_hostile_pages_end_soon(written: Written, piece: str) -> None:
    pytest.importorskip("lxml")
    found, findings = read(written(a_html="<p>Text.</p>" + piece * 100_000))
    assert found or rules(findings)["a.html"] in ("html", "no-text")


def test_a_pdf_keeps_its_pages_and_title(written: Written) -> None:
    document = read(written(a_pdf=pdf("Cavitation pits the impeller.", "Open the suction valve.")))[0]["a.pdf"]
    assert [(b.page, b.text) for b in document.blocks] == [
        (1, "Cavitation pits the impeller."),
        (2, "Open the suction valve."),
    ]
    assert document.front.title == "Pump handbook"


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: pdf("Secret.", password="x"), "encrypted"),
        (lambda: b"%PDF-1.7 and nothing more", "broken"),
        (lambda: pdf("Cut off.")[:300], "broken"),
        (lambda: pdf(""), "no-text"),
        (lambda: b"   ", "empty"),
    ],
)
def test_a_pdf_that_cannot_be_read_is_a_finding(written: Written, make: Callable[[], bytes], rule: str) -> None:
    pytest.importorskip("pypdf")
    found, findings = read(written(a_pdf=make(), b_txt="The rest goes on."))
    assert list(found) == ["b.txt"]
    assert rules(findings) == {"a.pdf": rule}
    assert all(f.fix and f.level == "ERROR" for f in findings)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Lüfter läuft", "Lüfter läuft"),
        ("Lüfter läuft".encode("utf-8-sig"), "Lüfter läuft"),
        ("Lüfter läuft".encode("utf-16"), "Lüfter läuft"),
        (("Der Lüfter läuft für größere Kühlung zu schnell. " * 20).encode("cp1252"), "Der Lüfter läuft für größere"),
    ],
)
def test_encodings_are_found(written: Written, content: str | bytes, words: str) -> None:
    pytest.importorskip("charset_normalizer")
    assert read(written(a_txt=content))[0]["a.txt"].blocks[0].text.startswith(words)


def test_a_page_is_read_in_the_encoding_it_declares(written: Written) -> None:
    pytest.importorskip("lxml")
    page = "<meta charset=iso-8859-1><p>Lüfter</p>".encode("latin-1")
    found, findings = read(written(a_html=page))
    assert found["a.html"].blocks[0].text == "Lüfter"
    assert not findings


def test_what_is_no_text_or_too_large_is_a_finding(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LARGEST_TEXT", 1000)
    folder = written(a_txt=b"\0\1\2\3" * 100, b_txt="x " * 501, c_docx="no", d_txt="Fine.", e_txt="")
    found, findings = read(folder)
    assert list(found) == ["d.txt"]
    assert rules(findings) == {
        "a.txt": "binary",
        "b.txt": "too-large",
        "c.docx": "not-a-document",
        "e.txt": "empty",
    }


def test_links_out_of_the_folder_are_refused(written: Written, tmp_path: Path) -> None:
    folder = written(a_txt="Inside.")
    secret = tmp_path / "secret.txt"
    secret.write_text("Outside.")
    (folder / "link.txt").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    (folder / "again.txt").symlink_to(folder / "a.txt")
    (folder / "gone.txt").symlink_to(folder / "nowhere.txt")
    os.mkfifo(folder / "pipe.txt")
    found, findings = read(folder)
    assert sorted(found) == ["a.txt", "again.txt"]
    assert rules(findings) == {
        "link.txt": "link-outside",
        "up": "link-outside",
        "gone.txt": "no-file",
        "pipe.txt": "no-file",
    }


def test_each_document_has_an_id_of_its_own(written: Written) -> None:
    folder = written(
        **{"a b_txt": "One.", "a-b_txt": "Two.", "🔥_txt": "Three.", "sub__c_md": "Four.", "c_md": "Five."}
    )
    slugs = {f.name: f.slug for f in list_documents(folder, [])}
    assert len(set(slugs.values())) == len(slugs) == 5
    assert (slugs["c.md"], slugs["sub/c.md"]) == ("c", "sub-c")
    assert all(slugs.values())


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        list_documents(tmp_path / "nowhere", [])
