"""Layers of flows, one to a file."""
