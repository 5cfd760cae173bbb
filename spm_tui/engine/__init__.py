"""Engines: whatever answers requests. The heavy libraries are imported inside, never here."""
