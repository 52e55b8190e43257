"""A student's answers become scores, a fact-by-fact audit and a report."""
