"""Facts become questions, questions get rationales."""
