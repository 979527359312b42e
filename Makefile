# Two environments: .venv (base, measuring, tests, linters; no torch) and .venv-train (torch).
PYTHON ?= python3
BIN := .venv/bin
TRAIN := .venv-train/bin

.PHONY: demo test test-train check check-versions fix model help

help:             ## list the commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/ -/'

demo: .venv/base  ## find faces in examples/ and recognize their expressions; the pictures go to demo/
	$(BIN)/python tools/demo.py

test: .venv/test  ## run all tests that need no torch
	$(BIN)/pytest -n 2
	$(BIN)/pytest -n 2 --doctest-modules --doctest-ignore-import-errors src/ekspresi

test-train: .venv-train/ready ## run the tests that train, for real but tiny; installs torch (several GB)
	$(TRAIN)/pytest -m train tests/training tests/study
	$(TRAIN)/pytest --doctest-modules src/ekspresi/training src/ekspresi/study

check: .venv/dev  ## check formatting, lint, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check-versions: .venv/dev ## run ekspresi at both ends of its version ranges, on each Python found; ARGS=--help lists options
	$(BIN)/python tools/check_versions.py $(ARGS)

model: .venv-train/ready ## train the bundled model from data/ferplus: hours on two cores; a second call resumes
	$(TRAIN)/python tools/make_model.py

fix: .venv/dev    ## format the code, and correct lint where ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/base: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/test: .venv/base
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

.venv/dev: .venv/test
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

.venv-train/ready: pyproject.toml
	$(PYTHON) -m venv .venv-train
	$(TRAIN)/pip install --quiet --disable-pip-version-check --editable '.[train,test]'
	touch $@
