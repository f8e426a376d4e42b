"""Recipe of the chat judges: data, training, export and evaluation of one trunk with two sets of heads."""
