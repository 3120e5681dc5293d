"""What the recipe's choices are measured with: students of fewer layers, and a vocabulary without its tail."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertForTokenClassification

import spanport_models
from mini.__main__ import main
from mini.choices import _alike
from mini.cut import cut
from mini.layers import KEPT, distilling
from mini.layers import cut as keep_layers
from spanport.types import Sentence, Span
from spanport_models.encoder import Encoder

MINI = Path(spanport_models.__file__).parent / "mini"


@pytest.mark.parametrize(("count", "aligning"), [(12, 8), (10, 8), (8, 6)])
def test_a_student_keeps_its_layers_and_aligns_on_the_last_of_the_first_eight(count: int, aligning: int) -> None:
    model = BertForTokenClassification(
        BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=12, num_attention_heads=2, intermediate_size=8)
    )
    before = list(model.bert.encoder.layer)
    assert keep_layers(model, count) == aligning
    assert list(model.bert.encoder.layer) == [before[k] for k in KEPT[count]]
    assert KEPT[count][aligning - 1] == 7
    hidden = model(torch.tensor([[2, 3]]), output_hidden_states=True).hidden_states
    assert len(hidden) == count + 1


def test_distilling_is_nothing_for_a_student_that_is_the_teacher() -> None:
    torch.manual_seed(1)
    logits, vectors = torch.randn(5, 3), torch.nn.functional.normalize(torch.randn(5, 4), dim=-1)
    assert float(distilling((logits + 2, vectors), (logits, vectors))) == pytest.approx(0, abs=1e-6)
    p, q = logits.softmax(-1), torch.full((5, 3), 1 / 3)
    found = distilling((torch.zeros(5, 3), -vectors), (logits, vectors))
    assert float(found) == pytest.approx(float((p * (p / q).log()).sum(1).mean()) + 2, rel=1e-5)


def test_a_cut_vocabulary_spells_what_it_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone, size = cut(MINI, tmp_path / "small", 20_000)
    whole, small = (
        Tokenizer.from_file(str(one / "encoder" / "tokenizer.json")) for one in (MINI, tmp_path / "small")
    )
    text = "Die Bundesverfassungsgerichtspräsidentin wohnt in Łódź"
    assert max(whole.encode(text).ids) >= 20_000
    pieces = small.encode(text, add_special_tokens=False)
    assert max(k for k, token in zip(pieces.ids, pieces.tokens, strict=True) if len(token.strip("▁")) > 1) < 20_000
    assert "".join(pieces.tokens).replace("▁", " ").strip() == text
    assert 150_000 < gone < 230_000
    assert size == pytest.approx(gone * 216 / 1e6, rel=1e-3)
    assert Encoder(tmp_path / "small" / "encoder").labels  # its manifest holds
    with pytest.raises(SystemExit):
        main(["cut", "--data", str(tmp_path), "--bundle", str(MINI)])
    assert "--out DIR" in capsys.readouterr().err


def test_agreement_is_asked_of_what_is_surely_read_alike_on_both_sides() -> None:
    def read(text: str, *spans: tuple[int, int, str, float]) -> Sentence:
        return Sentence(text, spans=tuple(Span(*span) for span in spans))

    english = [
        read("Ana in Rome", (0, 3, "PER", 0.9), (7, 11, "LOC", 0.9)),
        read("Ana", (0, 3, "PER", 0.9)),
        read("x"),
    ]
    other = [
        read("A Roma Ana", (2, 6, "LOC", 0.95), (7, 10, "PER", 0.9)),
        read("Ana", (0, 3, "PER", 0.5)),
        read("x"),
    ]
    pairs, gold = _alike(english, other)
    assert gold == other[:1]
    assert [(pair.source, pair.target) for pair in pairs] == [(english[0], Sentence("A Roma Ana"))]
    assert _alike(english[:1], english[1:2]) == ([], [])
