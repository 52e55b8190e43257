"""failwise: an FMEA ontology in, a small expert language model and an honest picture of it out."""

__version__ = "0.1.0"
