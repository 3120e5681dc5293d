PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup test lint docs all

setup:  ## an environment with everything that development needs
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[cpu,test,docs]'
	$(BIN)/pre-commit install

test:  ## the default suite
	OMP_NUM_THREADS=1 $(BIN)/pytest

lint:  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs:  ## the site, in ./site
	$(BIN)/mkdocs build --strict

all:  ## what CI runs, in a fresh environment
	.ci/run
