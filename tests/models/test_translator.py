import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import spanport_models
import tiny_models as tiny
from spanport_models import Translator
from spanport_models.errors import LanguageError

NEWS = [
    ("Ana Ruiz", "Lima", "."),
    ("El presidente", "la ciudad de Quito", " para hablar con el gobierno sobre el agua y la energía."),
    ("María", "Oslo", ", dijo la radio."),
    ("Un grupo de médicos", "Bogotá", ", donde trabajará en tres hospitales hasta el mes de mayo del año que viene."),
    ("Nadie", "Roma", ""),
]
TEXTS = [*tiny.TEXTS, "", "   ", "x"]


@pytest.fixture(scope="module")
def translator(translator_bundle: Path) -> Translator:
    return Translator(translator_bundle, device="cpu", inter_threads=2)


@pytest.fixture(scope="module")
def pytorch(recorded: Path) -> dict[str, Any]:
    """What PyTorch says of each text; see ``record.py``."""
    return dict(np.load(recorded / "translator.npz"))


def test_sources_have_language_pieces_and_end(translator: Translator) -> None:
    (tokens,) = translator.tokenize(["Oslo"], "spa_Latn")
    assert tokens[0] == "spa_Latn"
    assert tokens[-1] == "</s>"
    assert "".join(tokens[1:-1]) == "▁Oslo"


def test_greedy_translation_equals_pytorch(translator: Translator, pytorch: dict[str, Any]) -> None:
    texts = pytorch["texts"].tolist()
    assert len(set(texts)) == len(tiny.TEXTS)
    for text, expected in zip(tiny.TEXTS, texts, strict=True):
        (tokens,) = translator.tokenize([text], "spa_Latn")
        (actual,) = translator.generate([tokens], "eng_Latn", max_decoding_length=20)
        assert actual.text == expected


def test_scores_equal_pytorch(translator: Translator, pytorch: dict[str, Any]) -> None:
    targets = [tiny.TEXTS[i - 1] for i in range(len(tiny.TEXTS))]
    for i, scores in enumerate(translator.score(tiny.TEXTS, targets, "spa_Latn", "eng_Latn")):
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores, pytorch[f"scores_{i}"], atol=1e-3)


@pytest.mark.parametrize("batch_tokens", [1, 30, 4000])
def test_order_is_kept_and_blank_texts_stay_blank(translator: Translator, batch_tokens: int) -> None:
    results = translator.translate(TEXTS, "spa_Latn", "eng_Latn", batch_tokens=batch_tokens, max_decoding_length=8)
    for text, result in zip(TEXTS, results, strict=True):
        (alone,) = translator.translate([text], "spa_Latn", "eng_Latn", max_decoding_length=8)
        assert result.text == alone.text
    assert results[6].text == results[7].text == ""


def test_a_text_gets_the_same_in_every_batch() -> None:
    translator = Translator(Path(spanport_models.__file__).parent / "mini" / "translator", device="cpu")
    texts = [f"{name} llegó ayer a {place}{end}" for name, place, end in NEWS]
    pieces = translator.tokenize(texts, "spa_Latn", "eng_Latn")
    alone = [translator.generate([own], "eng_Latn")[0] for own in pieces]
    random = Random(4)
    for _ in range(6):
        rows = random.choices(range(len(texts)), k=random.randint(2, 12))
        for i, result in zip(rows, translator.generate([pieces[i] for i in rows], "eng_Latn"), strict=True):
            assert result.text == alone[i].text


def test_runaway_output_is_cut_and_said(translator: Translator) -> None:
    (result,) = translator.translate(["x"], "spa_Latn", "eng_Latn", length_ratio=1.0)
    assert not result.finished
    assert len(result.text) < 200


@pytest.mark.parametrize("options", [{}, {"length_ratio": 1.5}, {"max_decoding_length": 8}])
@pytest.mark.parametrize("texts", [["Oslo"], ["Oslo", "Oslo Oslo Oslo", "Ana"], ["Oslo " * 50]])
def test_how_long_a_batch_is_decoded(
    translator: Translator, monkeypatch: pytest.MonkeyPatch, texts: list[str], options: dict[str, Any]
) -> None:
    """The language token and 24 tokens more than so many times the longest source, in 64 positions."""

    class Model:
        def translate_batch(self, tokens: Any, *, max_decoding_length: int, **_: Any) -> list[Any]:
            asked.append(max_decoding_length)
            assert all(row[-1] == "</s>" and len(row) <= translator.max_length for row in tokens)
            return []

    asked: list[int] = []
    monkeypatch.setattr(translator, "runtime", Model())
    tokens = translator.tokenize(texts, "spa_Latn")
    with pytest.raises(ValueError, match="zip"):
        translator.generate(tokens, "eng_Latn", **options)
    longest = 24 + math.ceil(options.get("length_ratio", 2) * max(map(len, tokens)))
    assert asked == [min(1 + min(longest, options.get("max_decoding_length", 512)), 63)]


@pytest.mark.parametrize("options", [{}, {"length_ratio": 0.5}, {"max_decoding_length": 8}])
def test_a_runaway_is_cut_by_its_own_length(translator: Translator, options: dict[str, Any]) -> None:
    """Random weights do not stop by themselves: a short source, alone and beside a long one."""
    short, long = translator.tokenize(["Oslo", "Oslo Ana Lima Oslo Ana Lima"], "spa_Latn")
    (alone,) = translator.generate([short], "eng_Latn", **options)
    beside, other = translator.generate([short, long], "eng_Latn", **options)
    assert beside == alone
    assert options.get("max_decoding_length") or len(other.text) > len(beside.text)


def test_a_long_source_is_cut_and_said(translator: Translator) -> None:
    (result,) = translator.translate(["Oslo " * 300], "spa_Latn", "eng_Latn", max_decoding_length=4)
    assert result.truncated_source > 200


def test_nothing_outgrows_the_models_positions(translator: Translator) -> None:
    text = "Oslo " * 300
    (result,) = translator.translate([text], "spa_Latn", "eng_Latn")
    assert not result.finished
    (scores,) = translator.score([text], [text], "spa_Latn", "eng_Latn")
    assert 50 < len(scores) <= translator.max_length


@pytest.mark.parametrize(("source", "target"), [("xxx_Latn", "eng_Latn"), ("eng_Latn", "deu_Latin")])
def test_unknown_languages_are_errors(translator: Translator, source: str, target: str) -> None:
    with pytest.raises(LanguageError, match="has no language"):
        translator.translate(["x"], source, target)


def test_threads_share_one_translator(translator: Translator) -> None:
    def run(_: int) -> list[str]:
        return [result.text for result in translator.translate(TEXTS, "spa_Latn", "eng_Latn", max_decoding_length=8)]

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(run, range(6)))
    assert all(result == results[0] for result in results)
