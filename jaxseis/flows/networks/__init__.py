"""Flows made of layers, for vectors, images and pairs."""
