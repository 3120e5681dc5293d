"""Which Parquet tables are read in blocks of arrays, and what their columns are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spanport.errors import LanguageError
from spanport.formats.arrow import class_names
from spanport.formats.extras import library
from spanport.formats.layouts import FIELDS
from spanport.formats.records import Reading
from spanport.languages import resolve
from spanport.ports import BoolArray

EXTRA = "parquet"


class Layout(NamedTuple):
    """Columns of a table of words: words, their tags ("" where none are read), and those that are carried along."""

    tokens: str
    tags: str
    extras: tuple[str, ...]


def layout_of(schema: Any, reading: Reading) -> Layout | None:
    """How a table is read in blocks; None where it is to be read row by row.

    In blocks: words as lists of text, at most one column of labels where these are wanted (tags as text or as numbers
    with names, or spans in code points), and other columns of types that JSON has too.
    """
    types = library("pyarrow.types", EXTRA)
    kinds = {field.name: field.type for field in schema}
    tokens, lists = reading.tokens_column or "tokens", {name for name in kinds if types.is_list(kinds[name])}
    if tokens not in lists or not types.is_string(kinds[tokens].value_type) or len(kinds) < len(schema):
        return None
    if reading.text_column is not None or (tokens != "tokens" and "tokens" in kinds):
        return None
    if not all(types.is_string(kinds[name]) for name in ("text", "language") if name in kinds):
        return None
    found = [name for name in FIELDS if name in kinds and (name in lists or name in ("spans", "ner_tags"))]
    tags = reading.labels_column or (found[0] if len(found) == 1 else "")
    if reading.labels:
        inner = kinds[tags].value_type if tags in lists else None
        if inner is None or (tags == "spans") != types.is_struct(inner):
            return None
        if types.is_struct(inner):
            if reading.offsets != "codepoints" or not _are_spans(inner):
                return None
        elif not types.is_string(inner) and not (
            types.is_integer(inner) and tags in class_names(schema.metadata or {})
        ):
            return None
    elif {"entities", "label"} & set(found):
        return None  # whether these are labels, the values say
    exact = (types.is_string, types.is_int64, types.is_float64, types.is_boolean)
    extras = [name for name in kinds if name not in (tokens, "text", "language", *found)]
    if not reading.labels and not all(any(test(kinds[name]) for test in exact) for name in extras):
        return None
    return Layout(tokens, tags if reading.labels else "", tuple(extras))


def _are_spans(kind: Any) -> bool:
    """Whether a structure is a span: offsets, a label, at most its text and a score besides what is not read."""
    types = library("pyarrow.types", EXTRA)
    tests = {"start": types.is_integer, "end": types.is_integer, "label": types.is_string}
    optional = {"text": types.is_string, "score": types.is_floating}
    kinds = {field.name: field.type for field in kind}
    return kinds.keys() >= tests.keys() and all(
        test(kinds[name]) for name, test in (tests | optional).items() if name in kinds
    )


def languages_of(batch: Any, default: str) -> tuple[Any, BoolArray]:
    """The language of every row (else ``default``), as an Arrow dictionary, and which rows name an unknown one."""
    pa = library("pyarrow", EXTRA)
    codes = np.zeros(batch.num_rows, np.int32)
    if "language" not in batch.schema.names:
        return pa.DictionaryArray.from_arrays(codes, [default]), np.zeros(batch.num_rows, np.bool_)
    given = batch.column("language").dictionary_encode()
    codes = given.indices.fill_null(len(given.dictionary)).to_numpy(zero_copy_only=False)
    names, known = [], []
    for name in [*given.dictionary.to_pylist(), ""]:
        try:
            names.append(resolve(name) if name else default)
            known.append(True)
        except LanguageError:
            names.append(default)
            known.append(False)
    return pa.DictionaryArray.from_arrays(codes, names), ~np.array(known)[codes]
