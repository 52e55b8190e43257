"""Is a rationale fit to learn from? Claims, rules, scores."""
