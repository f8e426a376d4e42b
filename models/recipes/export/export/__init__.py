"""Turns Hugging Face reward models into model bundles of the gateway."""
