"""What an int8 encoder loses and gains: labels, F1, hidden states and time of one network in several precisions.

    python benchmarks/int8.py MODEL --data DATA [--sentences 900] [--layer 8]

MODEL is a Hugging Face token classifier with CoNLL's labels, DATA the folder that holds ``conll-parallel``: every
n-th sentence of the dev sets is labelled, so that ``--sentences`` of each remain. *fp32* and *int8* are what
``spanport export encoder`` makes, *per tensor* the float graph through ONNX Runtime's dynamic quantization (a scale
per output channel, one for all activations of a batch). Prints entity F1, the share of words with float's label, the
mean cosine of the hidden states, and subwords per CPU second; exports and loading are left out.
"""

import argparse
import shutil
import time
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from seqeval.metrics import f1_score

from spanport_kernels.tagging import best_tags
from spanport_models import Encoder
from spanport_models.bundle import sha256_of
from spanport_models.export import EncoderOptions, export_encoder
from spanport_models.export.compare import read_labelled
from spanport_models.manifest import EncoderManifest, read_manifest, write_manifest

SETS = ("es", "de", "en")
Sentences = list[list[tuple[str, str]]]


def per_tensor(source: Path, folder: Path) -> Path:
    """A float bundle with ONNX Runtime's own int8 in place of its products."""
    shutil.copytree(source, folder)
    for graph in folder.glob("*.onnx"):
        raw = graph.rename(graph.with_suffix(".raw"))
        quantize_dynamic(raw, graph, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"])
        raw.unlink()
    manifest = read_manifest(folder)
    assert isinstance(manifest, EncoderManifest)
    files = {name: sha256_of(folder / name) for name in manifest.files}
    write_manifest(folder, msgspec.structs.replace(manifest, files=files, precision="int8"))
    return folder


def labelled(encoder: Encoder, sentences: Sentences) -> tuple[list[list[str]], NDArray[np.float32], float]:
    """Labels of the words, hidden states of the subwords, and subwords per CPU second."""
    words = [[word for word, _ in sentence] for sentence in sentences]
    encoder.encode(words[:20])
    start = time.process_time()
    encoded = encoder.encode(words)
    seconds = time.process_time() - start
    best = best_tags(encoded.word_probabilities, encoded.word_offsets, encoder.labels)
    rows = [[encoder.labels[k] for k in best[start:end]] for start, end in pairwise(encoded.word_offsets)]
    return rows, encoded.hidden, len(encoded.hidden) / seconds


def cosine(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Mean cosine of two arrays' rows."""
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return float(((first * second).sum(axis=1) / norms).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=900)
    parser.add_argument("--layer", type=int, default=8)
    arguments = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        for precision in ("fp32", "int8"):
            options = EncoderOptions(layer=arguments.layer, precision=precision, least_cosine=0.0)
            export_encoder(arguments.model, folder / precision, options)
        per_tensor(folder / "fp32", folder / "per tensor")
        encoders = {how: Encoder(folder / how, device="cpu") for how in ("fp32", "int8", "per tensor")}
        print("| dev set | precision | F1 | same labels | cosine | subwords/CPU s |\n|---|---|---|---|---|---|")
        for code in SETS:
            whole = read_labelled(arguments.data / "conll-parallel" / "original" / f"{code}.dev.tsv")
            sentences = whole[:: max(1, len(whole) // arguments.sentences)][: arguments.sentences]
            gold = [[label for _, label in sentence] for sentence in sentences]
            found = {how: labelled(encoder, sentences) for how, encoder in encoders.items()}
            flat = {how: np.concatenate(rows) for how, (rows, _, _) in found.items()}
            for how, (rows, states, speed) in found.items():
                same, near = (flat[how] == flat["fp32"]).mean(), cosine(states, found["fp32"][1])
                print(f"| {code} | {how} | {f1_score(gold, rows):.4f} | {same:.4f} | {near:.5f} | {speed:,.0f} |")


if __name__ == "__main__":
    main()
