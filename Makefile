# The five commands of a day's work; `make` lists them.
.PHONY: help setup format lint test test-all

help:
	@echo "make setup     install the package with everything that development needs"
	@echo "make format    format the code"
	@echo "make lint      format, lint and types, as CI checks them"
	@echo "make test      the quick tests"
	@echo "make test-all  all tests: also the slow ones, those in a browser and those that kill processes"

setup:
	pip install -e ".[dev]"

format:
	ruff check --fix .
	ruff format .

lint:
	ruff check .
	ruff format --check .
	mypy

test:
	python -m pytest

test-all:
	python -m pytest --all --numprocesses auto --maxprocesses 4 --dist loadfile
