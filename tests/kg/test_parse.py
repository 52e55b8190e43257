"""Files of triples: every format gives the same triples, and nothing that they point to is opened."""

import socket
from pathlib import PurePath

import pytest

from failwise.errors import OntologyError
from failwise.kg.parse import parse
from failwise.kg.triples import Literal
from failwise.kg.vocabulary import RDF, RDFS, XSD

RDF_XML = (
    '<?xml version="1.0"?>{doctype}<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#"><rdf:Description rdf:about="http://example.org/a">'
    '<rdfs:label xml:lang="en">{label}</rdfs:label></rdf:Description></rdf:RDF>'
)
SAME = {
    "a.ttl": '<http://example.org/a> <http://www.w3.org/2000/01/rdf-schema#label> "x"@en .',
    "a.nt": '<http://example.org/a> <http://www.w3.org/2000/01/rdf-schema#label> "x"@en .',
    "a.rdf": RDF_XML.format(doctype="", label="x"),
    "a.owl": RDF_XML.format(doctype='<!DOCTYPE r [<!ENTITY short "x">]>', label="&short;"),
    "a.jsonld": '{"@id": "http://example.org/a", "http://www.w3.org/2000/01/rdf-schema#label": '
    '{"@value": "x", "@language": "en"}}',
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("name", SAME)
def test_all_formats_say_the_same(name: str) -> None:
    triples = list(parse(PurePath(name), SAME[name].encode()))
    assert triples == [("http://example.org/a", RDFS.label, Literal("x", "en", RDF.langString))]


@pytest.mark.parametrize("name", SAME)
def test_a_byte_order_mark_is_no_part_of_the_text(name: str) -> None:
    assert len(parse(PurePath(name), SAME[name].encode("utf-8-sig"))) == 1


def test_the_case_of_an_ending_does_not_matter() -> None:
    assert len(parse(PurePath("A.TTL"), SAME["a.ttl"].encode())) == 1


def test_what_stands_in_a_named_graph_is_read_without_its_name() -> None:
    named = f'{{"@id": "http://example.org/plant", "@graph": [{SAME["a.jsonld"]}]}}'
    triples = list(parse(PurePath("a.jsonld"), named.encode()))
    assert triples == [("http://example.org/a", RDFS.label, Literal("x", "en", RDF.langString))]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a\\"b\\\\c\\nd\\te"', Literal('a"b\\c\nd\te')),
        ('"""two .\nlines"""', Literal("two .\nlines")),
        ('"\\u00e9\\U0001F600"', Literal("é😀")),
        ("42", Literal("42", "", XSD.integer)),
        ("true", Literal("true", "", XSD.boolean)),
        ('"x" ^^ <http://example.org/t>', Literal("x", "", "http://example.org/t")),
        ("<http://example.org/b>", "http://example.org/b"),
        ('" . "', Literal(" . ")),
        ('"x\\u0020.\\u000Ay"', Literal("x .\ny")),
    ],
)
def test_terms_survive(text: str, value: object) -> None:
    ((_, _, found),) = parse(PurePath("a.ttl"), f"<http://example.org/a> <http://example.org/p> {text} .".encode())
    assert found == value


def test_blank_nodes_of_two_files_stay_apart() -> None:
    text = b"_:x <http://example.org/p> 1 ."
    both = parse(PurePath("a.nt"), b'_:x <http://example.org/p> "1" .', blank="a.")
    parse(PurePath("b.ttl"), text, both, blank="b.")
    assert len({s for s, _, _ in both}) == 2


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]>'
LONG = f'<!DOCTYPE r [<!ENTITY l "{"ha" * 501}">]>'
OUTSIDE = '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.rdf", RDF_XML.format(doctype=BOMB, label="&l9;"), "declares XML entities"),
        ("a.rdf", RDF_XML.format(doctype=OUTSIDE, label="&e;"), "declares XML entities"),
        ("a.rdf", RDF_XML.format(doctype='<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">', label="x"), "not fetched"),
        ("a.rdf", "<!DOCTYPE r [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/'> %p;]><r/>", "declares XML entities"),
        ("a.rdf", RDF_XML.format(doctype=LONG, label="&l;" * 9), "longer than 1,000 characters"),
        ("a.jsonld", '{"@context": "http://127.0.0.1:9/c", "@id": "http://example.org/a"}', "nothing is fetched"),
        ("a.jsonld", '{"@context": {"@import": "http://127.0.0.1:9/c"}, "@id": "urn:a"}', "nothing is fetched"),
        ("a.ttl", "<a> <b> <c> ;\n x", "line 2: not Turtle"),
        ("a.ttl", "a:b a:c 1 .", "line 1: not Turtle: The prefix a: has not been declared"),
        ("a.nt", "<http://example.org/a> .", "line 1: not N-Triples"),
        ("a.ttl", "<<( <a> <b> <c> )>> <d> <e> .", "not Turtle"),
        ("a.ttl", '<a> <b> "W\udce4rme" .', "UTF-8.*; save it as UTF-8"),
    ],
)  # fmt: skip
def test_what_is_refused(name: str, text: str, said: str) -> None:
    with pytest.raises(OntologyError, match=said) as error:
        parse(PurePath(name), text.encode(errors="surrogateescape"))
    assert str(error.value).startswith(name)


def test_owl_imports_are_triples_and_no_more() -> None:
    text = b"<http://example.org/o> <http://www.w3.org/2002/07/owl#imports> <http://127.0.0.1:9/other.ttl> ."
    assert len(parse(PurePath("a.ttl"), text)) == 1
