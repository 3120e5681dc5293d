"""The network in training: a Hugging Face token classifier with any label set, or an encoder, and its tokenizer."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from spanport_models.errors import BundleError, ExportError, UnknownModelError
from spanport_models.export.encoder import max_length
from spanport_models.export.graph import hushed
from spanport_models.export.source import locate, read_config, weight_options
from spanport_models.export.tokenizer import write_tokenizer
from spanport_models.manifest import MANIFEST_NAME, EncoderManifest, PipelineManifest, read_manifest
from spanport_models.registry import find_model
from spanport_models.tokenization import WordTokenizer
from spanport_models.training.examples import Batch, Example, Float32, Int64, Stream
from spanport_models.training.heads import HEAD, head_for, head_labels, tags_already
from spanport_models.training.rebuilt import REBUILT, rebuild

HUGGING_FACE = "huggingface"
"""Where a bundle made by training keeps the network as a Hugging Face folder."""
LONGEST = 256
"""Subwords of a sentence in training; longer ones are cut."""
_TOKENIZER_FILES = {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"}
_VOCABULARIES = {"vocab.txt", "vocab.json", "merges.txt"}


class Outputs(NamedTuple):
    """logits: float (W, L) at the words' first subwords; states: float (B, T, d), the last hidden states; layers:
    those of the embeddings and of every layer, where they were asked for."""

    logits: Tensor
    states: Tensor
    layers: tuple[Tensor, ...] = ()


def find_base(name: str | Path) -> Path:
    """The Hugging Face folder of a base: itself, a name on the hub, what a bundle carries, its network
    rebuilt, or where that cannot be, what the bundle names as its source.

    Raises:
        BundleError: The network of a bundle cannot be rebuilt; see `spanport_models.training.rebuilt`.
        ExportError, FetchError: See `spanport_models.export.source.locate`.
    """
    folder = Path(name)
    if not folder.is_dir():
        try:
            folder = find_model(name)
        except UnknownModelError:
            return locate(name, revision=None)
    if not (folder / MANIFEST_NAME).is_file():
        return locate(name, revision=None)
    if (folder / HUGGING_FACE / "config.json").is_file():
        return locate(folder / HUGGING_FACE, revision=None)
    manifest = read_manifest(folder)
    if isinstance(manifest, PipelineManifest) and "encoder" in manifest.components:
        folder = folder / manifest.components["encoder"]
        manifest = read_manifest(folder)
    if not isinstance(manifest, EncoderManifest):
        raise BundleError(
            f"the bundle {folder} holds no network that can be trained", expected="a bundle with an encoder"
        )
    if manifest.architecture not in REBUILT and manifest.source.count("/") == 1:
        repository, _, commit = manifest.source.partition("@")
        return locate(repository, revision=commit or None)
    return rebuild(folder, manifest)


class Network:
    """A token classifier, its labels and its tokenizer; without labels an encoder.

    Args:
        folder: A Hugging Face folder; see `find_base`.
        labels: Names of the logits, in order.
        work: Folder where the tokenizer is written in the form that the bundle will have.
        seed: Of the head's weights for labels that the base does not have.
        longest: Longest sentence in subwords.
        layers: Layers of an encoder: those above are dropped.

    Raises:
        ExportError: The model or its tokenizer cannot be loaded, or it is no encoder with a linear head.
    """

    def __init__(
        self,
        folder: Path,
        labels: Sequence[str],
        work: Path,
        seed: int = 0,
        longest: int = LONGEST,
        *,
        layers: int | None = None,
    ) -> None:
        self.folder, self.labels = folder, tuple(labels)
        work.mkdir(parents=True, exist_ok=True)
        with _silent():  # tokenizer.json is copied: what transformers makes of it does not matter
            original = write_tokenizer(folder, work / "tokenizer.json")
        self.model = _load(folder, self.labels, seed, layers)
        self.limit = max_length(self.model.config, original)
        self.tokenizer = WordTokenizer(work / "tokenizer.json", min(longest, self.limit))
        self.new_head = () if tags_already(folder, labels) else HEAD

    def __call__(self, batch: Batch, *, layers: bool = False) -> Outputs:
        """Forward pass; `layers` asks for the states of all of them."""
        out = self.model.base_model(
            input_ids=torch.from_numpy(batch.ids),
            attention_mask=torch.from_numpy(batch.mask),
            output_hidden_states=layers,
        )
        states = out.last_hidden_state
        first = states.flatten(0, 1)[torch.from_numpy(batch.first)]
        return Outputs(self.model.classifier(self.model.dropout(first)), states, out.hidden_states if layers else ())

    def states(self, ids: Int64, mask: Int64) -> Tensor:
        """The last hidden states, float (B, T, d), of int64 (B, T) subwords."""
        out = self.model.base_model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
        states: Tensor = out.last_hidden_state
        return states

    def stream(self, examples: Sequence[Example], batch_tokens: int, seed: int) -> Stream:
        """The examples in batches for this network."""
        return Stream(examples, self.tokenizer, batch_tokens, seed)

    def freeze(self, layers: int) -> None:
        """Keep the embeddings and so many layers at the bottom as they are; -1: train everything."""
        for name, parameter in self.model.named_parameters():
            parts = name.split(".")
            number = next((int(part) for part in parts if part.isdigit()), None)
            below = "embeddings" in parts or (number is not None and "layer" in parts and number < layers)
            parameter.requires_grad_(layers < 0 or not below)

    @property
    def sizes(self) -> tuple[int, int]:
        """Weights in all, and those that training changes."""
        every, trained = self.model.parameters(), self.trained().values()
        return sum(weight.numel() for weight in every), sum(weight.numel() for weight in trained)

    def trained(self) -> dict[str, Tensor]:
        """The weights that training changes, by name; they are not copies."""
        return {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def adopt(self, weights: dict[str, Tensor]) -> None:
        """Take over weights of `trained`."""
        own = dict(self.model.named_parameters())
        for name, weight in weights.items():
            own[name].copy_(weight)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def predict(self, stream: Stream, *, autocast: bool = False) -> list[Float32]:
        """Label probabilities of the words of every example, float32 (W, L); certain O for words cut off."""
        self.model.eval()
        found = []
        for one in stream.examples:
            probabilities = np.zeros((len(one.words), len(self.labels)), np.float32)
            probabilities[:, self.labels.index("O")] = 1.0
            found.append(probabilities)
        for index in stream.in_order():
            batch = stream.collate(index)
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                rows = self(batch).logits.float().softmax(-1).numpy()
            ends = np.cumsum(np.bincount(batch.row, minlength=len(index)))[:-1]
            for number, own in zip(index.tolist(), np.split(rows, ends), strict=True):
                found[number][stream.words_of(number)] = own
        return found

    def save(self, folder: Path) -> None:
        """Write weights, configuration and tokenizer as a Hugging Face folder."""
        with hushed():
            self.model.save_pretrained(folder)
        for path in self.folder.iterdir():
            if path.name in _TOKENIZER_FILES | _VOCABULARIES or path.suffix == ".model":
                shutil.copyfile(path, folder / path.name)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the warnings of transformers to themselves."""
    chatter = logging.getLogger("transformers")
    level = chatter.level
    chatter.setLevel(logging.ERROR)
    try:
        yield
    finally:
        chatter.setLevel(level)


def _load(folder: Path, labels: tuple[str, ...], seed: int, layers: int | None) -> Any:
    from transformers import AutoModel, AutoModelForTokenClassification

    maker = AutoModelForTokenClassification if labels else AutoModel
    depth = {} if layers is None else {"num_hidden_layers": layers}
    torch.manual_seed(seed)  # of weights that the base does not have and that nobody uses, such as a pooler's
    try:
        with hushed(), _silent():  # that the head is new is meant to be so
            model = maker.from_pretrained(
                folder,
                dtype=torch.float32,
                trust_remote_code=False,
                **depth,
                **weight_options(folder, allow_pickle=False),
                attn_implementation="eager",
            )
    except Exception as error:  # transformers raises OSError, ValueError, KeyError, RuntimeError, ...
        raise ExportError(f"{folder} cannot be loaded: {error}") from error
    if not labels:
        return model
    head = getattr(model, "classifier", None)
    if not isinstance(head, torch.nn.Linear) or not hasattr(model, "dropout"):
        raise ExportError(
            f"{folder}: {type(model).__name__} cannot be trained here",
            expected="an encoder with a linear classifier on top, such as BERT, XLM-R or DeBERTa",
        )
    model.classifier = head_for(head, head_labels(read_config(folder)), labels, seed)
    model.num_labels = model.config.num_labels = len(labels)
    model.config.id2label = dict(enumerate(labels))
    model.config.label2id = {label: i for i, label in enumerate(labels)}
    return model
