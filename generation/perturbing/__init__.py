"""Variants of questions that ask for the same knowledge."""
