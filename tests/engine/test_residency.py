from __future__ import annotations

import pytest

from fakes import FakeModels, FakeTranslator
from spanport import Engine
from spanport.errors import DeviceError, UsageError
from spanport.options import StreamOptions
from spanport.residency import BASE, choose, parse_bytes


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
    assert held[:3] == ["+translator", "-translator", "-encoder"]
    assert held.count("+translator") == 4
