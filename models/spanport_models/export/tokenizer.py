"""Tokenizers as ``tokenizer.json``, with proof that nothing changed."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spanport_models.errors import ExportError
from spanport_models.tokenization import load_tokenizer

VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json")
"""Files of which a tokenizer has one, or one that ends in ``.model``."""


def write_tokenizer(model: Path, target: Path) -> Any:
    """Write a model's tokenizer as ``tokenizer.json`` and return the original (a transformers tokenizer).

    A ``tokenizer.json`` of the model is copied as it is: re-saving through transformers can lose its normalizer.

    Raises:
        ExportError: The model has no tokenizer that can be converted.
    """
    from transformers import AutoTokenizer

    if not any((model / name).is_file() for name in VOCABULARIES) and not any(model.glob("*.model")):
        raise ExportError(f"{model} has no tokenizer", expected=f"one of {', '.join(VOCABULARIES)} or *.model")
    try:
        original = AutoTokenizer.from_pretrained(model, use_fast=True, trust_remote_code=False)
    except Exception as error:  # transformers raises OSError, ValueError, ImportError, KeyError, ...
        raise ExportError(
            f"the tokenizer of {model} cannot be loaded: {error}", expected="tokenizer files beside the model"
        ) from error
    if (model / "tokenizer.json").is_file():
        shutil.copyfile(model / "tokenizer.json", target)
    elif getattr(original, "is_fast", False):
        original.backend_tokenizer.save(str(target))
    else:
        raise ExportError(
            f"{type(original).__name__} of {model} cannot be converted to tokenizer.json",
            expected="a tokenizer with a fast version",
        )
    return original


def prove_words(original: Any, path: Path, texts: Sequence[str]) -> None:
    """Compare ids of pre-split words.

    Raises:
        ExportError: The converted tokenizer gives other ids.
    """
    converted = load_tokenizer(path)
    for text in texts:
        words = text.split()
        expected = original(words, is_split_into_words=True, add_special_tokens=False)["input_ids"]
        actual = converted.encode(words, is_pretokenized=True, add_special_tokens=False).ids
        _compare(text, expected, actual)


def prove_text(original: Any, path: Path, texts: Sequence[str]) -> None:
    """Compare ids of running text.

    Raises:
        ExportError: The converted tokenizer gives other ids.
    """
    converted = load_tokenizer(path)
    for text in texts:
        expected = original(text, add_special_tokens=False)["input_ids"]
        _compare(text, expected, converted.encode(text, add_special_tokens=False).ids)


def _compare(text: str, expected: list[int], actual: list[int]) -> None:
    if list(expected) != list(actual):
        raise ExportError(
            f"the converted tokenizer turns {text!r} into {actual}", expected=f"{list(expected)}, as the original"
        )
