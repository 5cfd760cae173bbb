"""Steerable pluralistic models in the terminal: run, steer, inspect, score."""
