"""The vocabulary of ontology/schema.ttl as code: a term that is not in it is an error, not a new term.

Names are plain strings: the index of `triples.py` holds them by the million.
"""

from dataclasses import dataclass

BASE = "https://w3id.org/failwise/"
_FW = BASE + "ontology#"


class Prefix(str):
    """A namespace: `ASSET["pump"]` is the IRI of the asset class pump."""

    __slots__ = ()

    def __getitem__(self, name: object) -> str:
        return f"{self}{name}"


ASSET = Prefix(BASE + "asset-class/")
MODE = Prefix(BASE + "failure-mode/")
CONCEPT = Prefix(BASE + "concept/")
SENSOR = Prefix(BASE + "sensor/")
COMPONENT = Prefix(BASE + "component/")
COMPONENT_CONCEPT = Prefix(BASE + "component-concept/")
FUNCTION = Prefix(BASE + "function/")
CAUSE = Prefix(BASE + "cause/")
MECHANISM = Prefix(BASE + "mechanism/")
EFFECT = Prefix(BASE + "effect/")
DETECTION = Prefix(BASE + "detection-method/")
TASK = Prefix(BASE + "maintenance-task/")
RATING = Prefix(BASE + "rating/")
NUMBER = Prefix(BASE + "number/")
TABLE = Prefix(BASE + "table/")
SOURCE = Prefix(BASE + "source/")
FAMILY = Prefix(BASE + "family/")
REL = Prefix(BASE + "relation/")
NO = Prefix(BASE + "no/")
AXIOM = Prefix(BASE + "axiom/")
FIELD = Prefix(BASE + "field/")
DATASET = Prefix(BASE + "dataset/")


class FW:
    """Terms of schema.ttl (a test holds the two equal)."""

    AssetClass = _FW + "AssetClass"
    Cause = _FW + "Cause"
    Component = _FW + "Component"
    ComponentConcept = _FW + "ComponentConcept"
    DetectionMethod = _FW + "DetectionMethod"
    Effect = _FW + "Effect"
    FactTable = _FW + "FactTable"
    FailureMode = _FW + "FailureMode"
    FailureModeConcept = _FW + "FailureModeConcept"
    Field = _FW + "Field"
    Function = _FW + "Function"
    MaintenanceTask = _FW + "MaintenanceTask"
    Mechanism = _FW + "Mechanism"
    Number = _FW + "Number"
    QuestionFamily = _FW + "QuestionFamily"
    Rating = _FW + "Rating"
    Relation = _FW + "Relation"
    Sensor = _FW + "Sensor"
    Source = _FW + "Source"

    Elimination = _FW + "Elimination"
    Forward = _FW + "Forward"
    Inverse = _FW + "Inverse"
    Selection = _FW + "Selection"

    analysis = _FW + "analysis"
    assetClass = _FW + "assetClass"
    candidate = _FW + "candidate"
    closed = _FW + "closed"
    closedWorld = _FW + "closedWorld"
    concept = _FW + "concept"
    denial = _FW + "denial"
    direction = _FW + "direction"
    file = _FW + "file"
    forwardName = _FW + "forwardName"
    header = _FW + "header"
    inverseName = _FW + "inverseName"
    kindOf = _FW + "kindOf"
    ofAssetClass = _FW + "ofAssetClass"
    polarity = _FW + "polarity"
    productOf = _FW + "productOf"
    reading = _FW + "reading"
    relation = _FW + "relation"
    relevancy = _FW + "relevancy"
    role = _FW + "role"
    row = _FW + "row"
    statement = _FW + "statement"
    suffix = _FW + "suffix"
    template = _FW + "template"
    multipleTemplate = _FW + "multipleTemplate"
    NoneOfThese = _FW + "NoneOfThese"
    twinOf = _FW + "twinOf"


class RDF:
    """Terms of RDF that we use."""

    type = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    value = "http://www.w3.org/1999/02/22-rdf-syntax-ns#value"
    first = "http://www.w3.org/1999/02/22-rdf-syntax-ns#first"
    rest = "http://www.w3.org/1999/02/22-rdf-syntax-ns#rest"
    nil = "http://www.w3.org/1999/02/22-rdf-syntax-ns#nil"
    langString = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"


class RDFS:
    """Terms of RDF Schema that we use."""

    comment = "http://www.w3.org/2000/01/rdf-schema#comment"
    domain = "http://www.w3.org/2000/01/rdf-schema#domain"
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    range = "http://www.w3.org/2000/01/rdf-schema#range"
    subClassOf = "http://www.w3.org/2000/01/rdf-schema#subClassOf"
    subPropertyOf = "http://www.w3.org/2000/01/rdf-schema#subPropertyOf"


class OWL:
    """Terms of OWL 2 that we use: chains of properties (§9.2.1), stated negatives (§9.6.5), annotations (§10.2)."""

    Axiom = "http://www.w3.org/2002/07/owl#Axiom"
    FunctionalProperty = "http://www.w3.org/2002/07/owl#FunctionalProperty"
    NegativePropertyAssertion = "http://www.w3.org/2002/07/owl#NegativePropertyAssertion"
    Ontology = "http://www.w3.org/2002/07/owl#Ontology"
    annotatedProperty = "http://www.w3.org/2002/07/owl#annotatedProperty"
    annotatedSource = "http://www.w3.org/2002/07/owl#annotatedSource"
    annotatedTarget = "http://www.w3.org/2002/07/owl#annotatedTarget"
    assertionProperty = "http://www.w3.org/2002/07/owl#assertionProperty"
    inverseOf = "http://www.w3.org/2002/07/owl#inverseOf"
    propertyChainAxiom = "http://www.w3.org/2002/07/owl#propertyChainAxiom"
    sourceIndividual = "http://www.w3.org/2002/07/owl#sourceIndividual"
    targetIndividual = "http://www.w3.org/2002/07/owl#targetIndividual"


class SKOS:
    """Terms of SKOS that we use."""

    altLabel = "http://www.w3.org/2004/02/skos/core#altLabel"
    notation = "http://www.w3.org/2004/02/skos/core#notation"


class DCTERMS:
    """Terms of Dublin Core that we use."""

    bibliographicCitation = "http://purl.org/dc/terms/bibliographicCitation"
    license = "http://purl.org/dc/terms/license"
    rights = "http://purl.org/dc/terms/rights"
    source = "http://purl.org/dc/terms/source"
    subject = "http://purl.org/dc/terms/subject"


class XSD:
    """Datatypes that we use."""

    boolean = "http://www.w3.org/2001/XMLSchema#boolean"
    integer = "http://www.w3.org/2001/XMLSchema#integer"
    string = "http://www.w3.org/2001/XMLSchema#string"


_NONE = Prefix("")


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of things: where its IRIs stand, and how a person calls it.

    A local kind belongs to one asset class and has a concept, which it shares with its like on other asset
    classes; any other kind is shared as it is.
    """

    iri: str
    namespace: Prefix
    name: str
    concept: str = ""
    concept_namespace: Prefix = _NONE

    @property
    def local(self) -> bool:
        """Whether things of this kind belong to one asset class."""
        return bool(self.concept)


KINDS = {
    kind.iri: kind
    for kind in (
        Kind(FW.AssetClass, ASSET, "asset class"),
        Kind(FW.FailureMode, MODE, "failure mode", FW.FailureModeConcept, CONCEPT),
        Kind(FW.Component, COMPONENT, "component", FW.ComponentConcept, COMPONENT_CONCEPT),
        Kind(FW.Sensor, SENSOR, "sensor"),
        Kind(FW.Function, FUNCTION, "function"),
        Kind(FW.Cause, CAUSE, "cause"),
        Kind(FW.Mechanism, MECHANISM, "mechanism"),
        Kind(FW.Effect, EFFECT, "effect"),
        Kind(FW.DetectionMethod, DETECTION, "detection method"),
        Kind(FW.MaintenanceTask, TASK, "maintenance task"),
        Kind(FW.Rating, RATING, "rating"),
        Kind(FW.Number, NUMBER, "number"),
    )
}

# Kinds whose things are given: a document can point to them, not add to them.
FIXED = (FW.Rating, FW.Number)

PREFIXES = {
    "asset": ASSET,
    "cause": CAUSE,
    "component": COMPONENT,
    "component-concept": COMPONENT_CONCEPT,
    "concept": CONCEPT,
    "dcterms": Prefix("http://purl.org/dc/terms/"),
    "detection": DETECTION,
    "effect": EFFECT,
    "family": FAMILY,
    "function": FUNCTION,
    "fw": Prefix(_FW),
    "mechanism": MECHANISM,
    "mode": MODE,
    "number": NUMBER,
    "owl": Prefix("http://www.w3.org/2002/07/owl#"),
    "rating": RATING,
    "rdf": Prefix("http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    "rdfs": Prefix("http://www.w3.org/2000/01/rdf-schema#"),
    "rel": REL,
    "sensor": SENSOR,
    "skos": Prefix("http://www.w3.org/2004/02/skos/core#"),
    "source": SOURCE,
    "table": TABLE,
    "task": TASK,
    "xsd": Prefix("http://www.w3.org/2001/XMLSchema#"),
}
