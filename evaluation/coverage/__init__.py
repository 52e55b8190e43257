"""What a student knows, fact by fact: answers become masteries, masteries states, states roll-ups."""
