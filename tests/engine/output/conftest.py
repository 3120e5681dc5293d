"""The input of jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from output_jobs import COUNT


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.txt"
    path.write_text("".join(f"{i}\n" for i in range(COUNT)))
    return path
