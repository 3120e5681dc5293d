"""Manifests: what a bundle says about itself, as validated records.

A bundle is a folder with a ``manifest.json``. Three kinds exist: an *encoder* (ONNX graph and tokenizer), a
*translator* (CTranslate2 model and tokenizer) and a *pipeline* (a folder of the other two, with an optional
alignment lexicon and the weights of the similarity mixture).
"""

import errno
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Literal, TypeAlias

import msgspec

from spanport_models.errors import BundleError, LabelError, ManifestError

MANIFEST_NAME = "manifest.json"

Sha256: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Positive: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]
Line: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z")]
"""Text without control characters: it reaches messages and terminals."""
Files: TypeAlias = dict[Line, Sha256]
Precision: TypeAlias = Literal["int8", "fp16", "fp32"]


class Manifest(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Fields shared by all kinds.

    Attributes:
        format: Version of the bundle layout; always 1.
        name: A short name, for messages.
        licence: Licence of the weights (an SPDX identifier where there is one).
        source: Where the weights come from (a hub name, a recipe).
        files: Relative path -> SHA-256 of every file of the bundle but the manifest.
        inputs: SHA-256 over what the bundle was exported from; lets an export that would change nothing stop early.
    """

    format: Literal[1]
    name: Line = ""
    licence: Line
    source: Line
    files: Files
    inputs: Line = ""

    @property
    def required(self) -> tuple[str, ...]:
        """Files that a bundle of this kind cannot do without."""
        return ()


class EncoderManifest(Manifest, frozen=True, kw_only=True, tag="encoder"):
    """An encoder with an optional token-classification head, as one ONNX graph.

    Attributes:
        architecture: ``model_type`` of the original configuration, e.g. "xlm-roberta".
        labels: Label of each logit, in order; empty for an encoder without a classification head.
        layer: Layer whose hidden states the graph returns; 0 is the embeddings, 1 the first layer.
        hidden_size: Size of a hidden state.
        max_length: Longest input in subwords, special tokens included.
        languages: NLLB codes the encoder is meant for; empty when unknown.
        language_tokens: NLLB code -> token that replaces the first special token (encoders of translators only).
        precision: Precision of the weights.
    """

    architecture: Line
    labels: tuple[Line, ...] = ()
    layer: Annotated[int, msgspec.Meta(ge=0)]
    hidden_size: Positive
    max_length: Positive
    languages: tuple[Line, ...] = ()
    language_tokens: dict[Line, Line] = {}
    precision: Precision

    @property
    def required(self) -> tuple[str, ...]:
        """See `Manifest.required`."""
        return ("model.onnx", "tokenizer.json")


class TranslatorManifest(Manifest, frozen=True, kw_only=True, tag="translator"):
    """A translator in CTranslate2's form.

    Attributes:
        architecture: "m2m100" (M2M100, NLLB), "t5" (MADLAD-400) or "marian".
        languages: NLLB code -> the model's own token for that language ("" where the model has none).
        sources: Codes that may be translated from; empty = all of ``languages``.
        targets: Codes that may be translated into; empty = all of ``languages``.
        max_length: Longest source in subwords, special tokens included.
        precision: Precision of the stored weights, as CTranslate2 names it.
        repetition_penalty: Above 1, tokens already produced become less likely; for models that repeat themselves.
        shortlist: Code of the language whose pieces ``vmap.txt`` lists: into it no others are written; "" = none.
        keeps_tags: Whether it was tuned to keep XML tags round entities.
    """

    architecture: Literal["m2m100", "t5", "marian"]
    languages: dict[Line, Line]
    sources: tuple[Line, ...] = ()
    targets: tuple[Line, ...] = ()
    max_length: Positive = 1024
    precision: Line
    repetition_penalty: Annotated[float, msgspec.Meta(gt=0.0)] = 1.0
    shortlist: Line = ""
    keeps_tags: bool = False

    @property
    def required(self) -> tuple[str, ...]:
        """See `Manifest.required`."""
        return ("model.bin", "tokenizer.json")


class PipelineManifest(Manifest, frozen=True, kw_only=True, tag="pipeline"):
    """A folder of components that work together.

    Attributes:
        languages: NLLB codes the pipeline is meant for.
        pivot: Code of the language that is labelled.
        components: Role ("encoder", "aligner", "translator", "lexicon", "calibration") -> relative path.
        mixture: Weights of the similarity mixture and the extraction settings; read by the engine.
    """

    languages: tuple[Line, ...]
    pivot: Line = "eng_Latn"
    components: dict[Literal["encoder", "aligner", "translator", "lexicon", "calibration"], Line]
    mixture: dict[Line, float | Line] = {}

    @property
    def required(self) -> tuple[str, ...]:
        """See `Manifest.required`: the components, of which bundles count by their manifests."""
        parts = self.models
        return tuple(f"{path}/{MANIFEST_NAME}" if role in parts else path for role, path in self.components.items())

    @property
    def models(self) -> dict[str, str]:
        """The components that are bundles of their own: role -> relative path."""
        return {role: path for role, path in self.components.items() if role not in ("lexicon", "calibration")}


AnyManifest: TypeAlias = EncoderManifest | TranslatorManifest | PipelineManifest
_decoder: msgspec.json.Decoder[AnyManifest] = msgspec.json.Decoder(AnyManifest)


def read_manifest(folder: Path) -> AnyManifest:
    """Decode and validate the manifest of a bundle folder.

    Raises:
        BundleError: There is no such folder, or it has no manifest that is a regular file.
        ManifestError: The manifest is not valid, or names a path outside its folder.
        LabelError: The label set is unusable.
    """
    path = folder / MANIFEST_NAME
    try:
        if not stat.S_ISREG(path.lstat().st_mode):  # reading a pipe would wait for ever
            raise OSError(errno.EINVAL, "it is a link or a special file")
        raw = path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"{folder} is not a bundle: {MANIFEST_NAME} cannot be read ({error.strerror})",
            expected=f"a folder with a {MANIFEST_NAME}",
            remedy="Make one with `spanport export`, or fetch one with `spanport models fetch`.",
        ) from error
    try:
        manifest = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ManifestError(
            f"{path} is not a valid manifest: {error}",
            expected="a bundle manifest of format 1",
            remedy="Export or fetch the bundle again.",
        ) from error
    _check_paths(path, manifest)
    if isinstance(manifest, EncoderManifest):
        check_labels(manifest.labels, path)
    return manifest


def write_manifest(folder: Path, manifest: AnyManifest) -> None:
    """Write ``manifest.json``, readable by people and stable under version control."""
    encoded = msgspec.json.encode(manifest, order="deterministic")
    (folder / MANIFEST_NAME).write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")


def check_labels(labels: tuple[str, ...], where: object) -> None:
    """Refuse a label set that cannot be read as IOB-like tags.

    Raises:
        LabelError: Labels repeat, lack "O", or are neither "O" nor a prefix, a hyphen and a type.
    """
    if not labels:
        return
    wrong = [label for label in labels if label != "O" and not (label[:2] in _PREFIXES and label[2:])]
    if wrong:
        raise LabelError(
            f"{where}: {wrong[0]!r} is not an entity label",
            expected='"O", or B- I- E- S- L- U- and an entity type',
            remedy="Pass the label names in logit order when exporting.",
        )
    if "O" not in labels or len(set(labels)) != len(labels):
        raise LabelError(
            f"{where}: unusable label set {list(labels)}",
            expected='distinct labels with "O" among them',
            remedy="Pass the label names in logit order when exporting.",
        )


_PREFIXES = frozenset(("B-", "I-", "E-", "S-", "L-", "U-"))


def _check_paths(path: Path, manifest: AnyManifest) -> None:
    named = list(manifest.files)
    if isinstance(manifest, PipelineManifest):
        named += manifest.components.values()
    for name in named:
        posix, windows = PurePosixPath(name), PureWindowsPath(name)
        outside = posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts
        if outside or not posix.parts:
            raise ManifestError(
                f"{path} names {name!r}, outside its folder",
                expected="relative paths inside the bundle",
                remedy="Do not use this bundle unless you know who made it.",
            )
