"""Autoencoder Lab's core: data, models, training, runs and analysis, without any screen."""

__version__ = "0.1.0"
