"""What models may take of memory, and that freed memory goes back to the system."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fakes import FakeModels, FakeTranslator
from spanport import Engine, memory
from spanport.errors import DeviceError, UsageError
from spanport.memory import BASE, Trimmer, choose, parse_bytes, trim
from spanport.options import StreamOptions


@pytest.mark.parametrize(
    ("text", "size"), [("500M", 500_000_000), ("1.5 G", 1_500_000_000), ("2gb", 2 * 10**9), ("1024", 1024)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1G", "5 X"])
def test_no_size(text: str) -> None:
    with pytest.raises(UsageError, match="such as 500M"):
        parse_bytes(text)


def test_choice_says_why() -> None:
    needs = {"encoder": 300_000_000, "translator": 500_000_000}
    assert choose(needs, BASE + 800_000_000)[0] == "all"
    resident, why = choose(needs, BASE + 799_999_999)
    assert resident == "one"
    assert "together about 1,100 MB" in why
    with pytest.raises(DeviceError, match="largest model needs about 800 MB"):
        choose(needs, BASE + 499_999_999)


_PEAK = """
from spanport import Engine
with Engine.from_bundle("mini", threads=1) as engine:
    list(engine.label(["Marta Oliveira vive en Lisboa desde 1999."] * 40, lang="es"))
    print(BASE + sum(engine.models.memory_needs(1024, 2048).values()))
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures by /proc")
def test_what_the_bundled_models_are_expected_to_take_is_what_they_take() -> None:
    """A job of any length takes more than forty short sentences, by a third at most."""
    code = f"BASE = {BASE}\n{_PEAK}"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    expected, peak = (int(line) for line in done.stdout.split())
    assert 1.0 < expected / (1024 * peak) < 1.6


def test_one_model_at_a_time_gives_the_same_results() -> None:
    held: list[str] = []

    class Watching(FakeModels):
        def release(self, *parts: str) -> None:
            held.append(f"-{parts[0]}" if parts else "-all")

        def translator(self) -> FakeTranslator:
            held.append("+translator")
            return super().translator()

    texts = ["Ana vive en Lima", "", "hola"] * 40
    together = list(Engine(FakeModels()).label(texts, lang="es"))  # type: ignore[arg-type]
    options = StreamOptions(resident="one", lookahead=16, window=32, spill_block=32)
    apart = list(Engine(Watching(), stream=options).label(texts, lang="es"))  # type: ignore[arg-type]
    assert apart == together
    assert held == ["+translator", "+translator", "-translator", "-encoder"] * 4


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(memory._malloc_trim() is None, reason="the C library has no malloc_trim")
def test_freed_memory_goes_back() -> None:
    if sys.platform != "linux":
        pytest.skip("needs /proc")
    blocks = [bytearray(100_000) for _ in range(1000)]
    kept = blocks[-1]
    full = resident()
    del blocks
    trim()
    assert resident() < full - 60_000_000
    assert len(kept) == 100_000


def test_trimming_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed = []
    now = [0.0]
    monkeypatch.setattr(memory, "trim", lambda: trimmed.append(now[0]))
    monkeypatch.setattr(memory.time, "monotonic", lambda: now[0])
    trimmer = Trimmer()
    for second in range(35):
        now[0] = float(second)
        trimmer.maybe()
    assert trimmed == [10.0, 20.0, 30.0]
