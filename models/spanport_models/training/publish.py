"""From a trained network to the two folders that people use: a bundle and a Hugging Face folder."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from spanport_models.assembly import assemble_pipeline
from spanport_models.atomic import new_folder
from spanport_models.bundle import sha256_of
from spanport_models.export import EncoderOptions, ExportReport
from spanport_models.export.encoder import export_encoder
from spanport_models.manifest import read_manifest, write_manifest
from spanport_models.training.network import HUGGING_FACE, Network
from spanport_models.training.options import Progress

_LEAST_AGREEMENT = 0.99
_LEAST_COSINE = 0.95
"""Of a tagger the labels count; its hidden states may move further than those of an aligner."""
CARD, REPORT = "MODEL_CARD.md", "train.json"


def export_tagger(
    network: Network,
    folder: Path,
    *,
    name: str,
    languages: Sequence[str],
    licence: str,
    proof: Sequence[str],
    say: Progress,
) -> ExportReport:
    """Write the network as `folder/huggingface` and as the bundle `folder/encoder` (int8, compared with it).

    A network whose labels int8 changes too often (more than one subword in a hundred of the proof texts) is exported
    in float32.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / HUGGING_FACE).mkdir(parents=True)
    network.save(folder / HUGGING_FACE)
    options = EncoderOptions(
        languages=tuple(languages), licence=licence, name=name, proof=tuple(proof), least_cosine=_LEAST_COSINE
    )
    made = export_encoder(folder / HUGGING_FACE, folder / "encoder", options, progress=say)
    if made.label_agreement is not None and made.label_agreement < _LEAST_AGREEMENT:
        say(f"int8 keeps {made.label_agreement:.2%} of the labels: exporting in float32")
        options = replace(options, precision="fp32", replace=True)
        made = export_encoder(folder / HUGGING_FACE, folder / "encoder", options, progress=say)
    return made


def publish_tagger(parts: Path, out: Path, card: str, report: bytes, *, name: str, overwrite: bool) -> Path:
    """Put what `export_tagger` wrote into the bundle `out`, with its card and its report.

    Raises:
        BundleError: `out` exists and is not to be overwritten.
    """
    with new_folder(out, replace=overwrite) as staging:
        staging.rmdir()
        assemble_pipeline(staging, name=name, encoder=parts / "encoder")
        shutil.copytree(parts / HUGGING_FACE, staging / HUGGING_FACE)
        (staging / CARD).write_text(card, encoding="utf-8")
        (staging / HUGGING_FACE / "README.md").write_text(card, encoding="utf-8")
        (staging / REPORT).write_bytes(msgspec.json.format(report, indent=2) + b"\n")
        folder = sorted((staging / HUGGING_FACE).iterdir())
        list_files(staging, [REPORT, *(f"{HUGGING_FACE}/{path.name}" for path in folder)])
    return out


def export_aligner(network: Network, folder: Path, *, languages: Sequence[str], say: Progress) -> Path:
    """Write an encoder, of which the last layer is aligned by, as a bundle in `folder`; returns the bundle."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / HUGGING_FACE).mkdir(parents=True)
    network.save(folder / HUGGING_FACE)
    depth = int(network.model.config.num_hidden_layers)
    options = EncoderOptions(layer=depth, languages=tuple(languages), name="aligner", least_cosine=_LEAST_COSINE)
    export_encoder(folder / HUGGING_FACE, folder / "aligner", options, progress=say)
    return folder / "aligner"


def list_files(folder: Path, names: Iterable[str]) -> None:
    """Enter further files of a bundle into its manifest."""
    manifest = read_manifest(folder)
    listed = {name: sha256_of(folder / name) for name in names}
    write_manifest(folder, msgspec.structs.replace(manifest, files={**manifest.files, **listed}))


def tagger_digest(folder: Path) -> str:
    """SHA-256 of the weights that training ended with."""
    return sha256_of(folder / HUGGING_FACE / "model.safetensors")
