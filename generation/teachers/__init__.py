"""Who writes rationales: the graph itself, a model behind a server, a model here."""
