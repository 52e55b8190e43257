"""Worksheets: what reliability engineers keep their FMEAs in, read and written."""
