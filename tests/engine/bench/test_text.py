"""Generated text."""

from __future__ import annotations

import statistics

import pytest

from spanport.bench import generate
from spanport.errors import UsageError

SAMPLES = ["El tren llega a Sevilla.", "Ana vive aquí"]


def test_generated_text_is_fixed_and_made_of_the_samples_words() -> None:
    texts = generate(SAMPLES, 500)
    assert texts == generate(SAMPLES, 500)
    assert texts != generate(SAMPLES, 500, seed=2)
    known = {word for sample in SAMPLES for word in sample.split()}
    assert {word for text in texts for word in text.removesuffix(".").split()} <= known | {"Sevilla"}
    lengths = [len(text.split()) for text in texts]
    assert 1 <= min(lengths) <= max(lengths) <= 80
    assert 17 <= statistics.median(lengths) <= 23


def test_without_samples_a_file_is_needed() -> None:
    with pytest.raises(UsageError, match="give a file"):
        generate([], 3)
