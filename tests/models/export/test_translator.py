"""Every family of translators, exported and compared with PyTorch."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import tiny_models as tiny
from spanport_models import Translator
from spanport_models.errors import ExportError, LanguageError
from spanport_models.export import TranslatorOptions, export_translator
from spanport_models.export.translator import PRECISIONS

torch = pytest.importorskip("torch", reason="needs the extra spanport[export]")

TEXTS = tiny.TEXTS[:3]


def greedy(network: Any, tokenizer: Any, inputs: list[list[int]], **settings: Any) -> list[str]:
    texts = []
    for ids in inputs:
        output = network.generate(
            torch.tensor([ids]),
            num_beams=1,
            do_sample=False,
            bad_words_ids=[[tokenizer.unk_token_id]],
            **settings,
        )
        texts.append(tokenizer.decode(output[0], skip_special_tokens=True).strip())
    return texts


@pytest.mark.slow
def test_t5_says_the_target_in_the_source(tmp_path: Path) -> None:
    from transformers import AutoTokenizer, T5ForConditionalGeneration

    source = tiny.t5(tmp_path / "source")
    export_translator(source, tmp_path / "out", TranslatorOptions(precision="float32"))
    translator = Translator(tmp_path / "out", device="cpu")
    assert translator.languages == {"deu_Latn": "<2de>", "eng_Latn": "<2en>", "spa_Latn": "<2es>"}
    actual = translator.translate(TEXTS, "spa_Latn", "deu_Latn", max_decoding_length=12)
    network = T5ForConditionalGeneration.from_pretrained(source).eval()
    tokenizer = AutoTokenizer.from_pretrained(source)
    inputs = [tokenizer.convert_tokens_to_ids(["<2de>", *tokenizer.tokenize(text), "</s>"]) for text in TEXTS]
    assert [result.text for result in actual] == greedy(network, tokenizer, inputs, max_new_tokens=12)


@pytest.mark.slow
@pytest.mark.parametrize("targets", [(), (">>deu<<", ">>eng<<")])
def test_marian_with_one_or_several_targets(tmp_path: Path, targets: tuple[str, ...]) -> None:
    from transformers import MarianMTModel, MarianTokenizer

    source = tiny.marian(tmp_path / "source", targets=targets)
    export_translator(source, tmp_path / "out", TranslatorOptions(precision="float32", proof=TEXTS))
    translator = Translator(tmp_path / "out", device="cpu")
    actual = translator.translate(TEXTS, "spa_Latn", "eng_Latn", max_decoding_length=12)
    network = MarianMTModel.from_pretrained(source).eval()
    tokenizer = MarianTokenizer.from_pretrained(source)
    prefix = ">>eng<< " if targets else ""
    inputs = [tokenizer(prefix + text)["input_ids"] for text in TEXTS]
    expected = greedy(network, tokenizer, inputs, max_new_tokens=12)
    assert [result.text for result in actual] == expected
    assert any(expected)
    with pytest.raises(LanguageError):
        translator.translate(TEXTS, "eng_Latn", "spa_Latn")


@pytest.mark.slow
@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_can_be_stored(m2m100: Path, tmp_path: Path, precision: str) -> None:
    export_translator(m2m100, tmp_path / "out", TranslatorOptions(precision=precision))
    translator = Translator(tmp_path / "out", device="cpu")
    assert translator.manifest.precision == precision
    assert translator.translate(["Ana"], "spa_Latn", "eng_Latn", max_decoding_length=4)[0].text is not None


def test_an_unchanged_export_is_not_done_again(m2m100: Path, tmp_path: Path) -> None:
    options = TranslatorOptions(precision="int8")
    assert not export_translator(m2m100, tmp_path / "out", options).unchanged
    assert export_translator(m2m100, tmp_path / "out", options).unchanged


def test_other_architectures_are_refused(xlm_roberta: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is a 'xlm-roberta'; expected one of: m2m_100"):
        export_translator(xlm_roberta, tmp_path / "out")


def test_an_unknown_precision_is_refused(m2m100: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="precision 'int4'; expected one of: int8"):
        export_translator(m2m100, tmp_path / "out", TranslatorOptions(precision="int4"))


def test_a_translator_without_language_tokens_is_refused(m2m100: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(m2m100, tmp_path / "source"))
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        text = (source / name).read_text()
        (source / name).write_text(text.replace("_Latn", "-code"))
    with pytest.raises(ExportError, match="has no language tokens"):
        export_translator(source, tmp_path / "out")
    options = TranslatorOptions(languages={"eng_Latn": "eng-code", "spa_Latn": "spa-code"})
    export_translator(source, tmp_path / "out", options)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["languages"]["spa_Latn"] == "spa-code"


def test_a_shortlist_bounds_what_is_written_in_its_language_alone(m2m100: Path, tmp_path: Path) -> None:
    export_translator(m2m100, tmp_path / "plain")
    allowed = ("Lima sleeps",) * 3
    export_translator(m2m100, tmp_path / "out", TranslatorOptions(shortlist=allowed))
    plain, out = (Translator(tmp_path / name, device="cpu") for name in ("plain", "out"))
    assert "vmap.txt" in out.manifest.files
    sources = [plain.tokenize([text], "spa_Latn")[0] for text in ("Oslo Lima", "Ana duerme en Oslo", "Lima")]
    pieces = {piece for row in plain.tokenize(allowed[:1], "eng_Latn") for piece in row}
    words = set(allowed[0].split())
    assert not all(set(one.text.split()) <= words for one in plain.generate(sources, "eng_Latn"))
    for one in out.generate(sources, "eng_Latn"):
        (written,) = out.tokenize([one.text], "eng_Latn")
        assert set(written) <= pieces | {"▁"}
    assert out.generate(sources, "spa_Latn") == plain.generate(sources, "spa_Latn")


def test_shortlists_that_cannot_be_are_refused(m2m100: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no piece occurs 3 times in 1 texts"):
        export_translator(m2m100, tmp_path / "out", TranslatorOptions(shortlist=("Lima sleeps",)))
    options = TranslatorOptions(shortlist=("Lima",) * 9, shortlist_language="swe_Latn")
    with pytest.raises(ExportError, match=r"shortlist for swe_Latn"):
        export_translator(m2m100, tmp_path / "out", options)
    assert not (tmp_path / "out").exists()


def test_the_bundle_keeps_the_repetition_penalty(m2m100: Path, tmp_path: Path) -> None:
    export_translator(m2m100, tmp_path / "plain")
    export_translator(m2m100, tmp_path / "out", TranslatorOptions(repetition_penalty=5.0))
    plain, out = (Translator(tmp_path / name, device="cpu") for name in ("plain", "out"))
    (tokens,) = plain.tokenize(["Oslo Lima"], "spa_Latn")
    assert out.generate([tokens], "eng_Latn") == plain.generate([tokens], "eng_Latn", repetition_penalty=5.0)
    assert out.generate([tokens], "eng_Latn") != plain.generate([tokens], "eng_Latn")
