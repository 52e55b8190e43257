"""Rationales: asked for, kept, counted, never lost."""
