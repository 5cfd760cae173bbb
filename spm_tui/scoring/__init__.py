"""Scoring: how often the selected response is the one nearest to the target."""
