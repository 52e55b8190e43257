"""The shipped documents are in order, and say nothing that the shipped facts deny."""

import re

import pytest

from failwise.kg.evidence.build import shipped_evidence
from failwise.kg.evidence.documents import list_documents, parse_document, read_content
from failwise.kg.evidence.records import Document
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Finding, Truth

FINDINGS: list[Finding] = []
FOUND = {found.slug: found for found in list_documents(shipped_evidence(), FINDINGS)}

# What a document says of an asset class, by relation and failure mode: each of these is a fact that holds.
SAID = {
    "rotor-unbalance": ["pump electric-motor fan compressor | indicatedBy | unbalance | vibration"],
    "shaft-misalignment": [
        "pump compressor | indicatedBy | misalignment | length-measurement vibration",
        "electric-motor fan steam-turbine electric-generator | indicatedBy | misalignment | vibration",
    ],
    "rolling-bearing-damage": [
        "pump | indicatedBy | bearing-damage | vibration oil-debris temperature oil-leakage coast-down-time",
        "electric-motor | causedBy | bearing-damage | bearing-currents inadequate-lubrication shaft-misalignment",
    ],
    "pump-cavitation": [
        "centrifugal-pump | indicatedBy | cavitation | noise vibration fluid-flow input-power efficiency-derived",
        "centrifugal-pump | hasMechanism | cavitation | erosion fatigue",
    ],
    "mechanical-seal-leakage": [
        "pump | indicatedBy | damaged-seals | fluid-leakage pressure-or-vacuum vibration speed length-measurement",
    ],
    "dry-running-of-pumps": [
        "centrifugal-pump | indicatedBy | dry-running | fluid-flow pressure-or-vacuum power temperature",
    ],
    "stator-winding-faults": [
        "electric-motor | indicatedBy | stator-windings-fault | current temperature vibration axial-flux cooling-gas",
        "electric-motor | indicatedBy | insulation-deterioration | resistance current voltage partial-discharge",
    ],
    "partial-discharge-in-transformers": [
        "power-transformer | indicatedBy | arcing-electrical-discharge | partial-discharge ultrasound noise visual "
        "dissolved-gas-analysis oil-condition",
    ],
    "dissolved-gas-analysis": [
        "power-transformer | indicatedBy | insulation-deterioration oil-quality-deterioration low-oil-level "
        "moisture-ingress-content connection-bushing-faults | dissolved-gas-analysis",
    ],
    "compressor-valve-damage": [
        "compressor | indicatedBy | valve-fault | pressure-or-vacuum temperature vibration fluid-leakage",
    ],
    "engine-misfire": [
        "reciprocating-internal-combustion-engine | indicatedBy | ignition-fault fuel-injector-fault | "
        "cylinder-pressure exhaust-temperature engine-temperature fuel-flow oil-consumption output-power vibration",
    ],
    "gas-turbine-fouling": [
        "industrial-gas-turbine | indicatedBy | compressor-fouled | air-flow compressor-efficiency compressor-pressure "
        "compressor-temperature fuel-pressure-fuel-flow output-power speed",
    ],
    "lubrication": [
        "pump electric-motor fan | causedBy | bearing-damage | inadequate-lubrication lubricant-contamination",
        "pump fan | causedBy | bearing-wear | inadequate-lubrication lubricant-contamination",
    ],
    "oil-analysis": [
        "pump electric-motor compressor fan steam-turbine | indicatedBy | bearing-damage | oil-debris",
        "reciprocating-internal-combustion-engine | indicatedBy | gear-defects piston-ring-fault | oil-debris",
    ],
    "thermography": ["pump electric-motor | detectedBy | misalignment | infrared-thermography"],
    "motor-current-signature-analysis": [
        "electric-motor | detectedBy | rotor-windings-fault eccentric-rotor-fault | motor-current-signature-analysis",
        "electric-motor | indicatedBy | eccentric-rotor-fault | axial-flux vibration current",
    ],
}
# And what it says does not: facts that are denied.
DENIED = {
    "oil-analysis": ["pump | indicatedBy | unbalance misalignment mounting-fault | oil-debris"],
    "dissolved-gas-analysis": [
        "power-transformer | indicatedBy | winding-distortion core-looseness winding-looseness | dissolved-gas-analysis"
    ],
}


def parsed(slug: str) -> Document:
    document = parse_document(FOUND[slug], read_content(FOUND[slug]), FINDINGS)
    assert document is not None
    return document


@pytest.mark.parametrize("slug", sorted(FOUND))
def test_each_document_states_what_it_is_and_has_a_proper_size(slug: str) -> None:
    document = parsed(slug)
    front = document.front
    assert front.title
    assert front.sources
    assert (front.author, front.licence) == ("failwise", "CC BY 4.0")
    assert 150 <= sum(len(b.text.split()) for b in document.blocks) <= 400
    assert not re.search(r"https?://", " ".join(b.text for b in document.blocks))
    assert not FINDINGS


@pytest.mark.parametrize(
    ("slug", "line", "truth"),
    [
        (slug, line, truth)
        for said, truth in ((SAID, Truth.YES), (DENIED, Truth.NO))
        for slug in said
        for line in said[slug]
    ],
)
def test_documents_agree_with_the_shipped_facts(shipped: KnowledgeGraph, slug: str, line: str, truth: Truth) -> None:
    assert slug in FOUND
    assets, (relation,), subjects, objects = (part.split() for part in line.split("|"))
    for fact in (f"{a}/{relation}/{s}/{o}" for a in assets for s in subjects for o in objects):
        assert shipped.facts[fact].truth is truth, fact
