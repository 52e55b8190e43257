"""What training may know and what the test keeps: partitions of facts, and what crosses."""
