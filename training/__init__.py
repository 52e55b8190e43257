"""Questions and rationales become a student."""
