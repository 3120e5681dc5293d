"""Option records refuse what does not fit, in words, however they are made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spanport.checked import parse_option
from spanport.errors import UsageError
from spanport.options import AlignOptions, Mixture, StreamOptions
from spanport.systems.base import make_system, system_names, system_settings
from spanport.systems.heuristic import HeuristicOptions
from spanport.systems.ngram import NgramOptions


@pytest.mark.parametrize(
    ("record", "values", "message"),
    [
        (NgramOptions, {"max_length": -5}, "max_length=-5: expected int >= 0"),
        (NgramOptions, {"solver": "exakt"}, "solver='exakt': expected 'exact' or 'greedy'"),
        (NgramOptions, {"max_length": True}, "max_length=True: expected int, got bool"),
        (NgramOptions, {"stop_words": ("!", 3)}, r"expected str, got int"),
        (HeuristicOptions, {"threshold": float("nan")}, "threshold=nan: expected float >= 0"),
        (AlignOptions, {"threshold": 1.5}, "threshold=1.5: expected float <= 1"),
        (Mixture, {"lexicon": -0.1}, "lexicon=-0.1: expected float >= 0"),
        (StreamOptions, {"linger": -1.0}, "linger=-1.0: expected float >= 0"),
        (StreamOptions, {"resident": "two"}, "resident='two': expected 'all' or 'one'"),
    ],
)
def test_values_that_do_not_fit(record: Any, values: dict[str, Any], message: str) -> None:
    for make in (record.of, lambda given: record(**given)):
        with pytest.raises(UsageError, match=message):
            make(values)


def test_json_lists_and_numbers_of_numpy_fit() -> None:
    assert NgramOptions.of({"stop_words": ["a"], "max_length": 3}) == NgramOptions(stop_words=("a",), max_length=3)
    assert HeuristicOptions(threshold=np.float64(0.5)).threshold == 0.5  # type: ignore[arg-type]


def test_no_number_of_any_system_may_be_far_below_zero() -> None:
    refused = 0
    for name in system_names():
        for option, default in ((o, getattr(make_system(name).settings, o)) for o in fields(name)):
            if isinstance(default, (int, float)) and not isinstance(default, bool):
                with pytest.raises(UsageError, match=f"system '{name}': {option}=-9: expected (int|float) >= "):
                    system_settings(name, {option: -9})
                refused += 1
    assert refused > 15


def fields(system: str) -> tuple[str, ...]:
    return type(make_system(system).settings).__struct_fields__


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x=null", None),
        ("x=.4", 0.4),
        ("x=0.4", 0.4),
        ("x=-1", -1),
        ("x=false", False),
        ('x=["a"]', ["a"]),
        ("x=pairs", "pairs"),
        ("x=a=b", "a=b"),
        ("x=", ""),
    ],
)
def test_options_as_written(text: str, value: Any) -> None:
    assert parse_option(text) == ("x", value)


def test_options_without_a_name_or_a_value() -> None:
    for text in ("tau", "=3"):
        with pytest.raises(UsageError, match=f"'{text}': expected NAME=VALUE"):
            parse_option(text)
