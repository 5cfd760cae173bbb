"""The remote engine: requests are answered by OpenAI-compatible servers."""
