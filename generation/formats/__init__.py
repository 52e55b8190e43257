"""Question files of others: FailureSensorIQ, ARC, anything by a field map."""
