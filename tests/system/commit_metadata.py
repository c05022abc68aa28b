"""Reads and writes the metadata of a commit after docs/commit-metadata.md, and nothing else: a second reader, not ours."""

import base64


class Told:
    """What the text says: above `base` these offsets are done."""

    def __init__(self, topic_id, base, done):
        self.topic_id = topic_id
        self.base = base
        self.done = done


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def numbers(data):
    """Seven bits a byte, the lowest first."""
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0


def of_runs(base, data):
    done, place, lengths = set(), base, list(numbers(data))
    for waiting, ended in zip(lengths[::2], lengths[1::2]):
        done.update(range(place + waiting, place + waiting + ended))
        place += waiting + ended
    return done


def of_bitmap(base, data):
    return {base + 8 * index + bit for index, byte in enumerate(data) for bit in range(8) if byte >> bit & 1}


def read(text):
    """None for no text, or another program's."""
    if not text or not text.startswith("mill"):
        return None
    assert len(text) <= 3072
    data = base64.b64decode(text, validate=True)
    assert data[3] == 1
    assert int.from_bytes(data[4:8], "big") == crc32c(data[8:])
    base = int.from_bytes(data[24:32], "big")
    return Told(data[8:24], base, (of_bitmap, of_runs)[data[32]](base, data[33:]))


def write_bitmap(topic_id, base, done):
    """A text with the right checksum, true or not."""
    bits = sum(1 << offset - base for offset in done)
    body = topic_id + base.to_bytes(8, "big") + b"\0" + bits.to_bytes(bits.bit_length() // 8 + 1, "little").rstrip(b"\0")
    return base64.b64encode(b"\x9a\x29\x65\x01" + crc32c(body).to_bytes(4, "big") + body).decode()
