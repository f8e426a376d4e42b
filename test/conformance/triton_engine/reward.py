"""What the models of serve.py say of a text: any number between −8 and 8, the same each time."""

import zlib


def reward(text):
    return zlib.crc32(text.encode()) % 16_001 / 1_000 - 8
