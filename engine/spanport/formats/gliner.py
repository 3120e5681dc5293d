"""GLiNER's training data: a JSON list of ``{"tokenized_text": [...], "ner": [[first, last, label], ...]}``.

Words are numbered from 0 and ``last`` belongs to the span. A span takes every word that it touches.
"""

from __future__ import annotations

import msgspec

from spanport.formats.staged import Staged
from spanport.words import with_words


def save_gliner(path: str, records: Staged) -> None:
    """Write the records."""
    with open(path, "wb") as file:
        start = b"[\n"
        for _, sentence in records.sentences():
            sentence = with_words(sentence)
            ner = [(first, end - 1, label) for first, end, label in sentence.word_spans()]
            file.write(start + msgspec.json.encode({"tokenized_text": sentence.word_texts(), "ner": ner}))
            start = b",\n"
        file.write(b"\n]\n" if start == b",\n" else b"[]\n")
