"""Labels of options: what stands between their brackets, and the letters that options get where they have none."""

import re

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def bare_label(label: str) -> str:
    """Return a label without its dress: P), (P), P. and $P$ are all P; 1. is 1."""
    return re.sub(r"[^0-9A-Za-z]", "", label) or label.strip()


def normalise_label(label: str) -> str:
    """Return a label for comparing: without its dress, in capitals."""
    return bare_label(label).upper()
