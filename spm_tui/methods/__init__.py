"""Methods: how a scenario becomes requests, and replies become scores or choices."""
