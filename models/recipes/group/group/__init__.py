"""Recipe of chat-group: one pass over a prompt and all of its candidates."""
