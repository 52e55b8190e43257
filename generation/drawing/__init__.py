"""Facts to questions: tables, contrast groups, option sets, words."""
