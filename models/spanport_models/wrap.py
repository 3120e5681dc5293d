"""Bundles out of models that somebody else converted to CTranslate2."""

from pathlib import Path

from spanport_models.atomic import new_folder
from spanport_models.bundle import link_or_copy, made_of, sha256_of
from spanport_models.errors import BundleError
from spanport_models.export.languages import language_tokens
from spanport_models.manifest import TranslatorManifest, write_manifest
from spanport_models.places import name_of
from spanport_models.tokenization import load_tokenizer

_VOCABULARIES = (
    "shared_vocabulary.json",
    "shared_vocabulary.txt",
    "source_vocabulary.json",
    "target_vocabulary.json",
)


def wrap_ctranslate2(
    folder: Path, out: Path, *, licence: str = "unknown", source: str = "", inputs: str = "", precision: str = "int8"
) -> Path:
    """Make a bundle of an NLLB or M2M100 model in CTranslate2's form that has its ``tokenizer.json`` beside it.

    Args:
        folder: Where ``model.bin``, the vocabulary and ``tokenizer.json`` lie.
        out: Folder of the bundle; one that was made of the same ``inputs`` is left alone, another is replaced.
        licence: Licence of the weights, to record.
        source: Where they come from, to record; default the folder's name.
        inputs: What tells this model from another revision of it (its commit).
        precision: Precision of the stored weights, as CTranslate2 names it.

    Raises:
        BundleError: A file is missing, or the tokenizer has no language tokens.
    """
    if made_of(out, inputs):
        return out
    present = [name for name in _VOCABULARIES if (folder / name).is_file()]
    missing = [name for name in ("model.bin", "tokenizer.json") if not (folder / name).is_file()]
    if missing or not present:
        raise BundleError(
            f"{folder} lacks {missing[0] if missing else 'a vocabulary'}",
            expected="model.bin, a vocabulary and tokenizer.json",
            remedy="Copy the tokenizer.json of the original model into it." if missing == ["tokenizer.json"] else "",
        )
    languages = language_tokens(load_tokenizer(folder / "tokenizer.json"))
    if not languages:
        raise BundleError(f"{folder / 'tokenizer.json'} has no language tokens", expected="tokens like spa_Latn")
    names = ["model.bin", "tokenizer.json", *present]
    names += ["config.json"] if (folder / "config.json").is_file() else []
    with new_folder(out, replace=True) as staging:
        for name in names:
            link_or_copy(folder / name, staging / name)
        write_manifest(
            staging,
            TranslatorManifest(
                format=1,
                name=name_of(out),
                licence=licence,
                source=source or folder.name,
                inputs=inputs,
                files={name: sha256_of(staging / name) for name in names},
                architecture="m2m100",
                languages=languages,
                precision=precision,
            ),
        )
    return out
