from __future__ import annotations

from spanport.report import markdown_table, markdown_text


def test_table() -> None:
    rows = [{"system": "a|b", "f1": 0.5, "n": 3}, {"system": "c", "p": None}]
    assert markdown_table(rows) == (
        "| system | f1 | n | p |\n| --- | --- | --- | --- |\n| a\\|b | 0.5000 | 3 |  |\n| c |  |  |  |\n"
    )


def test_names_and_labels_are_text_and_nothing_else() -> None:
    table = markdown_table([{"f1_<script>alert(1)</script>": 1.0, "system": "<b>&\n| x"}])
    assert "<" not in table
    assert "f1_&lt;script&gt;alert(1)&lt;/script&gt;" in table
    assert "&lt;b&gt;&amp; \\| x" in table
    assert len(table.splitlines()) == 3
    assert markdown_text("![a](http://x) [b](y) `c` *d* \\") == (
        "\\!\\[a\\](http://x) \\[b\\](y) \\`c\\` \\*d\\* \\\\"
    )
    assert markdown_text("f1_PER ngram:score=pairs") == "f1_PER ngram:score=pairs"
