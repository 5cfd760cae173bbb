"""Importers: files in the world's formats become benchmarks."""
