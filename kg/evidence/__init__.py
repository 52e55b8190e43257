"""Evidence that a rationale may cite: facts in words, and passages of documents, found by words, meaning or graph."""
