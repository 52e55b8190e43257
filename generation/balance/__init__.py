"""What a question set holds, and what guessing is worth on it."""
