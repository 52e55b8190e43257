"""Do the generated exemplars carry knowledge? An untuned model answers with none, with random and with curated ones."""
