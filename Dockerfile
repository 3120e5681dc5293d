# docker build -t spanport .                                       for processors
# docker build -t spanport:gpu --build-arg RUNTIME=gpu \
#   --build-arg BASE=nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04 .   for NVIDIA GPUs (docker run --gpus all ...)
# docker run --rm -v "$PWD:/data" spanport label news.txt --lang es -o news.jsonl
ARG BASE=python:3.12-slim-bookworm
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY engine engine
COPY kernels kernels
COPY models models
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /dist .

FROM ${BASE}
ARG RUNTIME=cpu
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# The images of CUDA bring no Python; the version is that of their distribution.
# hadolint ignore=DL3008
RUN if ! command -v python3; then \
      apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv \
      && rm -rf /var/lib/apt/lists/*; \
    fi
COPY --from=build /dist /dist
RUN python3 -m venv /opt/spanport \
    && /opt/spanport/bin/pip install --no-cache-dir "$(echo /dist/*.whl)[${RUNTIME}]" \
    && rm -rf /dist
ENV PATH=/opt/spanport/bin:$PATH OMP_NUM_THREADS=1 NUMBA_CACHE_DIR=/tmp/numba
RUN useradd --uid 10001 --create-home spanport
USER 10001
WORKDIR /data
ENTRYPOINT ["spanport"]
CMD ["--help"]
