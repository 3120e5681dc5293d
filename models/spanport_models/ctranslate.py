"""Loading of CTranslate2 models."""

from pathlib import Path
from typing import Any

from spanport_models.devices import Device, require_own_gpu
from spanport_models.errors import BundleError
from spanport_models.heap import keep_blocks


def load_ctranslate2(folder: Path, device: Device, compute: str, intra_threads: int, inter_threads: int) -> Any:
    """A ``ctranslate2.Translator`` of the model in ``folder``, computing in the type ``compute``.

    Raises:
        BundleError: CTranslate2 cannot load it.
        DeviceError: See `spanport_models.devices.require_own_gpu`.
    """
    require_own_gpu(device)
    import ctranslate2

    keep_blocks(inter_threads)
    try:
        return ctranslate2.Translator(
            str(folder),
            device=device.kind,
            device_index=list(device.indices),
            compute_type=compute,
            intra_threads=intra_threads,
            inter_threads=inter_threads,
        )
    except (RuntimeError, ValueError) as error:
        raise BundleError(
            f"{folder} cannot be loaded by CTranslate2 as {compute}: {error}",
            expected="a CTranslate2 model",
            remedy="Export or fetch the bundle again.",
        ) from error
