"""Proposals for facts that the graph leaves unknown: models vote, a person reviews, nothing is stated by itself."""
