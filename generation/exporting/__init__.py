"""Question sets for other tools."""
