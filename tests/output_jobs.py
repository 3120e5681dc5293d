"""Jobs with an output, for the tests of what is committed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spanport.output import Output, Reject

COUNT = 1500
"""Lines of the input."""


def job(tmp_path: Path, source: Path, **options: Any) -> Output:
    options = {"interval": 1000.0, **options}
    return Output(tmp_path / "out", tmp_path / "rejects", inputs=[source], **options)


def interrupted(tmp_path: Path, source: Path, **options: Any) -> None:
    def work() -> None:
        with job(tmp_path, source, **options) as running:
            running.write(b"one\n")
            running.write(b"", rejects=[Reject.of(2, ValueError("no"), "zwei")])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
