"""Trains a small judge of steps and measures it against guesses that read no text."""
