from __future__ import annotations

from spanport.report import markdown_table


def test_table() -> None:
    rows = [{"system": "a|b", "f1": 0.5, "n": 3}, {"system": "c", "p": None}]
    assert markdown_table(rows) == (
        "| system | f1 | n | p |\n| --- | --- | --- | --- |\n| a\\|b | 0.5000 | 3 |  |\n| c |  |  |  |\n"
    )
