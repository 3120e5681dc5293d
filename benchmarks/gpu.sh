#!/bin/sh
# XLM-R large fp16 and NLLB-600M float16 on one GPU: the engine, the bare runtimes and PyTorch fp16, in one run.
#
#     WHEELS=folder TEXTS=sentences.txt benchmarks/gpu.sh [OUT]
#
# Installs nothing: the wheels in $WHEELS (onnxruntime-gpu, ctranslate2, tokenizers, a CUDA build of torch,
# transformers and what they need) are unpacked to a temporary folder that goes on PYTHONPATH.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
: "${WHEELS:?a folder with the wheels}" "${TEXTS:?a file of sentences, one a line}"
out=${1:-$(mktemp -d)}
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
for wheel in "$WHEELS"/*.whl; do
    python3 -m zipfile -e "$wheel" "$packages"
done
PYTHONPATH=$here/engine:$here/kernels:$here/models:$packages
LD_LIBRARY_PATH=$(find "$packages/nvidia" -name lib -type d 2>/dev/null | tr '\n' ':')${LD_LIBRARY_PATH:-}
export PYTHONPATH LD_LIBRARY_PATH
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
python3 "$here/benchmarks/full_size.py" "$out" --texts "$TEXTS" --precision 16
python3 "$here/benchmarks/reference_pipeline.py" "$out" --texts "$TEXTS" --sentences 1024 --dtype fp16 --device cuda:0
