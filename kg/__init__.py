"""The ontology as a graph of three-valued facts: load, check, ask, export."""
