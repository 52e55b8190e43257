"""The vocabulary of ontology/schema.ttl as code: a term that is not in it is an error, not a new term."""

from rdflib import Namespace, URIRef
from rdflib.namespace import DefinedNamespace

BASE = "https://w3id.org/failwise/"

ASSET = Namespace(BASE + "asset-class/")
MODE = Namespace(BASE + "failure-mode/")
CONCEPT = Namespace(BASE + "concept/")
SENSOR = Namespace(BASE + "sensor/")
TABLE = Namespace(BASE + "table/")
SOURCE = Namespace(BASE + "source/")
FAMILY = Namespace(BASE + "family/")
REL = Namespace(BASE + "relation/")


class FW(DefinedNamespace):
    """Terms of schema.ttl (a test holds the two equal)."""

    _NS = Namespace(BASE + "ontology#")
    _fail = True

    AssetClass: URIRef
    FailureMode: URIRef
    FailureModeConcept: URIRef
    FactTable: URIRef
    QuestionFamily: URIRef
    Relation: URIRef
    Sensor: URIRef
    Source: URIRef

    Elimination: URIRef
    Forward: URIRef
    Inverse: URIRef
    Selection: URIRef

    analysis: URIRef
    assetClass: URIRef
    candidate: URIRef
    closed: URIRef
    closedWorld: URIRef
    concept: URIRef
    denial: URIRef
    direction: URIRef
    file: URIRef
    forwardName: URIRef
    inverseName: URIRef
    ofAssetClass: URIRef
    polarity: URIRef
    reading: URIRef
    relation: URIRef
    relevancy: URIRef
    row: URIRef
    statement: URIRef
    suffix: URIRef
    template: URIRef
    twinOf: URIRef


PREFIXES = {
    "asset": ASSET,
    "concept": CONCEPT,
    "family": FAMILY,
    "fw": FW._NS,
    "mode": MODE,
    "rel": REL,
    "sensor": SENSOR,
    "source": SOURCE,
    "table": TABLE,
}
