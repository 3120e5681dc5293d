"""Data sets of the Hugging Face hub by name: ``hf://NAME``, ``hf://NAME:SPLIT`` or ``hf://NAME:CONFIGURATION:SPLIT``.

They are streamed, so that no copy is kept. A local path in place of the name (``hf://./folder``) is a folder of data
files as the hub holds them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spanport.errors import UsageError
from spanport.formats.extras import library

EXTRA = "datasets"
SCHEME = "hf://"
PATIENCE = 10.0
"""Seconds to wait for the hub's first answer: its library would try for half a minute and more."""


def is_hub_name(path: str) -> bool:
    """Whether a path names a data set of the hub."""
    return path.startswith(SCHEME)


def load_hub(path: str) -> Any:
    """The split of a data set, to go through once; its features are known.

    Raises:
        UsageError: the name is no name, the hub cannot be reached or has no such data set, or the split is to be
            named.
    """
    datasets = library("datasets", EXTRA)
    name, *more = path.removeprefix(SCHEME).split(":")
    if not name or len(more) > 2 or not all(more):
        raise UsageError(f"{path} names no data set; expected hf://NAME, hf://NAME:SPLIT or hf://NAME:CONFIG:SPLIT")
    revision = None if Path(name).exists() else _revision(path, name)
    split, config = (more[-1] if more else None), (more[0] if more[1:] else None)
    try:
        data = datasets.load_dataset(name, config, split=split, streaming=True, revision=revision)
        if isinstance(data, datasets.IterableDatasetDict):
            if len(data) > 1:
                each = ", ".join(f"{path}:{one}" for one in data)
                raise UsageError(f"{path} holds several splits; name one: {each}")
            (data,) = data.values()
        return data if data.features is not None else data._resolve_features()
    except UsageError:
        raise
    except Exception as error:  # whatever the library, its readers and its transport raise
        raise UsageError(f"{path} cannot be read as a data set: {_last_line(error)}") from error


def _revision(path: str, name: str) -> str:
    """The commit of a data set on the hub.

    Raises UsageError, soon, where there is no network or no such data set.
    """
    api = library("huggingface_hub", EXTRA).HfApi()
    try:
        return str(api.dataset_info(name, timeout=PATIENCE).sha)
    except Exception as error:  # whose transport raises what depends on the version of huggingface_hub
        raise UsageError(
            f"{path}: the hub has no data set of that name, or cannot be reached ({_last_line(error)}); check name "
            "and network, or name a folder that save_to_disk made"
        ) from error


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[-1][:200]}" if lines else type(error).__name__
