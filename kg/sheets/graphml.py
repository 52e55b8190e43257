"""GraphML as our export writes it, read back: edges are facts, with asset class, relation and truth."""

import re
from pathlib import Path
from typing import Any

from failwise.kg.load import read_bytes
from failwise.kg.records import Finding, Truth
from failwise.kg.sheets.fields import ReadOptions
from failwise.kg.sheets.graph_draft import INFERRED
from failwise.kg.sheets.records import Claim, Draft, Mention, Place
from failwise.kg.vocabulary import FW, KINDS

_NEEDED = ("asset_class", "relation", "truth")
_KINDS = {kind.name: kind.iri for kind in KINDS.values()}


def draft_graphml(path: Path, draft: Draft, options: ReadOptions) -> None:
    """Add what a GraphML file says to a draft; what is no such file is found."""
    import networkx as nx

    content = read_bytes(path)
    if re.search(rb"<!(DOCTYPE|ENTITY)", content):
        _refuse(path, draft, "it declares XML entities, which are not read", "remove the DOCTYPE")
        return
    try:
        network: Any = nx.parse_graphml(content.decode("utf-8"), force_multigraph=True)
    except (nx.NetworkXError, SyntaxError, ValueError, KeyError, TypeError) as error:
        _refuse(path, draft, f"it is not GraphML: {error}", "export it with `failwise ontology export FILE.graphml`")
        return
    place = Place(path.name, "", 0)
    for source, target, edge in network.edges(data=True):
        if all(isinstance(edge.get(name), str) and edge[name] for name in _NEEDED):
            _take(network.nodes[source], network.nodes[target], edge, draft, options, place)
        else:
            draft.find(
                "WARN", place, "no-fact", f"the edge {source} → {target} names no {', '.join(_NEEDED)}; left out"
            )


def _take(
    source: dict[str, Any],
    target: dict[str, Any],
    edge: dict[str, Any],
    draft: Draft,
    options: ReadOptions,
    place: Place,
) -> None:
    label, relation = edge["asset_class"], edge["relation"]
    asset = draft.asset_class(label, place)
    if relation in ("kindOf", "twinOf"):
        (asset.kind_of if relation == "kindOf" else asset.twin_of).append(str(edge.get("object", "")))
    elif relation in ("altLabel", "notation") and edge.get("kind") in _KINDS:
        kind, name = _KINDS[edge["kind"]], str(edge.get("object", ""))
        owner = label if KINDS[kind].local else ""
        others = (name,) if relation == "altLabel" else ()
        notation = name if relation == "notation" else ""
        draft.mentions.append(Mention(kind, str(edge.get("subject", "")), owner, place, notation, others))
    elif edge.get("basis") in INFERRED:
        return
    elif relation in options.relations and edge["truth"] in set(Truth):
        of_class = options.relations[relation].domain == FW.AssetClass
        subject = "" if of_class else str(source.get("label", ""))
        draft.claims.append(
            Claim(label, relation, subject, str(target.get("label", "")), Truth(edge["truth"]), place,
                  str(edge.get("source", "")))
        )  # fmt: skip
    elif relation not in options.relations:
        draft.find("WARN", place, "unknown-relation", f"{relation!r} is no relation that can be stated; left out")


def _refuse(path: Path, draft: Draft, message: str, fix: str) -> None:
    draft.findings.append(Finding("ERROR", path.name, message, "", path.name, "unreadable", fix))
