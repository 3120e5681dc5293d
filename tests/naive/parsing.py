"""Slow, obvious twins of the parsers and of the writer, on bytes and strings."""

from __future__ import annotations


def lines_of(data: bytes) -> list[bytes]:
    """Lines without their ends."""
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
        return [line.removesuffix(b"\r") for line in lines]
    return [*(line.removesuffix(b"\r") for line in lines[:-1]), lines[-1]]


def conll_blocks(data: bytes) -> list[list[bytes]]:
    """Lines of each sentence; every blank line ends one."""
    blocks: list[list[bytes]] = []
    block: list[bytes] = []
    for line in lines_of(data):
        if line.strip():
            block.append(line)
        else:
            blocks.append(block)
            block = []
    return [*blocks, block] if block else blocks


def columns(line: bytes) -> list[bytes]:
    """Split at tabs where there is one, else at spaces."""
    line = line.rstrip(b" \t")
    return line.split(b"\t") if b"\t" in line else [c for c in line.split(b" ") if c]


def conll_sentence(block: list[bytes], labelled: bool) -> list[tuple[bytes, bytes]] | None:
    """Word and last column of each line; None where the fast reader must not take the sentence."""
    rows = []
    for line in block:
        try:
            line.decode()
        except UnicodeDecodeError:
            return None
        row = columns(line)
        if b"\0" in line or b"\r" in line or not row[0].strip() or (len(row) > 1) != labelled:
            return None
        rows.append((row[0], row[-1] if labelled else b""))
    return rows


def pharaoh_line(line: bytes) -> list[tuple[int, int]] | None:
    """Links of a line; None where it is not made of i-j of up to nine digits."""
    links = []
    for token in line.replace(b"\t", b" ").split(b" "):
        if token:
            sides = token.split(b"-")
            if len(sides) != 2 or not all(s and len(s) <= 9 and set(s) <= set(b"0123456789") for s in sides):
                return None
            links.append((int(sides[0]), int(sides[1])))
    return links


def spans(labels: list[str]) -> list[tuple[int, int, str]] | None:
    """Entities: B S U open, I E L go on or open, E L S U close; None for other labels."""
    found: list[tuple[int, int, str]] = []
    is_open = False
    for i, label in enumerate(labels):
        if label in ("O", ""):
            is_open = False
            continue
        if len(label) < 3 or label[0] not in "BIESLU" or label[1] != "-":
            return None
        kind = label[2:]
        if is_open and label[0] in "IEL" and found[-1][2] == kind:
            found[-1] = (found[-1][0], i + 1, kind)
        else:
            found.append((i, i + 1, kind))
        is_open = label[0] in "BI"
    return found


def conll_text(block: list[bytes], labelled: bool, entities: list[tuple[int, int, bytes]]) -> bytes:
    """The sentence with new IOB2 labels; of two entities on a word the first has it."""
    labels = [b"O"] * len(block)
    for start, end, kind in entities:
        prefix = b"B-"
        for i in range(start, end):
            if labels[i] == b"O":
                labels[i] = prefix + kind
                prefix = b"I-"
    out = b""
    for line, label in zip(block, labels, strict=True):
        row = columns(line)
        out += b"\t".join([*(row[:-1] if labelled else row), label]) + b"\n"
    return out + b"\n"
