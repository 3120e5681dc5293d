"""From the data of an order to what a method trains on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from spanport.languages import writes_without_spaces
from spanport.ports import Float32
from spanport.training.lessons import gold_example
from spanport.training.projecting import Projector
from spanport.training.request import Data, kinds_of
from spanport.types import Sentence

if TYPE_CHECKING:
    from spanport_models.training import Example, Material, Method


def carries(method: Method, data: Data) -> bool:
    """Whether labels are carried over for the method."""
    return "projected" in method.needs and bool(data.pairs or data.text)


def build_material(data: Data, projector: Projector, method: Method, tags: Sequence[str], work: Path) -> Material:
    """What the method trains on; labels that were carried over are kept in the work folder."""
    from spanport_models.training import Material

    last = len(data.labelled)
    sources = tuple(
        tuple(gold_example(one, tags, kinds_of(part), number) for one in part.sentences)
        for number, part in enumerate(data.labelled)
    )
    carried: list[Example] = []
    if carries(method, data):
        carried = _kept(work / "projected.npz", partial(projector.lessons, tags, last, soft=method.soft))
    given: list[Example] = []
    if data.given and "projected" in method.needs:
        given = [gold_example(one, tags, kinds_of(data.given), last) for one in data.given.sentences]
    origins: list[Example] = []
    if "origins" in method.needs:
        origins = _kept(work / "origins.npz", partial(projector.origins, tags, last))
    targets = data.targets if "text" in method.needs else []

    def relabel(views: Sequence[Float32]) -> list[Example]:
        return [*projector.relabelled(views[: len(carried)], tags, last, soft=method.soft), *given]

    return Material(
        tuple(tags),
        sources,
        tuple(Path(one.name).name for one in data.labelled),
        (*carried, *given),
        tuple(origins),
        tuple(bare(one, len(tags), last) for one in targets),
        relabel if carried and projector.views else None,
    )


def bare(sentence: Sentence, size: int, domain: int = 0) -> Example:
    """A sentence that teaches nothing yet, for so many labels."""
    from spanport_models.training import unlabelled

    unspaced = writes_without_spaces(sentence.language)
    return unlabelled(sentence.word_texts(), size, domain, unspaced=unspaced)


def _kept(path: Path, make: Callable[[], list[Example]]) -> list[Example]:
    """The examples in a file; made and written first where it is not there."""
    from spanport_models.training import read_examples, write_examples

    if not path.exists():
        write_examples(path, make())
    return read_examples(path)
