# Everything runs in .venv, which the first target makes. Only git, make and Python 3.11 or newer with
# venv are needed: Node comes from a Python package.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check
# Run a script of js/package.json.
NPM_RUN = $(PY) hatch_build.py

TOOLS := $(VENV)/.stamp-tools
DEMO := $(VENV)/.stamp-demo
DEV := $(VENV)/.stamp-dev

# Qiskit 0.46 (qiskit-terra), which cannot be installed beside a newer one.
TERRA_VENV := .venv-terra
TERRA_PY := $(TERRA_VENV)/bin/python
TERRA := $(TERRA_VENV)/.stamp
TERRA_RUNS = import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
# The first Python on which it can be installed.
TERRA_PYTHON = $(shell for python in $(PYTHON) python3.11 python3.12; do \
  $$python -c '$(TERRA_RUNS)' 2>/dev/null && echo $$python && break; done)
# Tests that cannot run with Qiskit 0.46, or that are the same with every Qiskit.
TERRA_LEAVES = $(patsubst %,--ignore tests/%,backends/executors backends/ibm browser classroom cli faults kernels \
  packaging providers libraries test_threads.py serialization/test_qiskit_result.py \
  $(patsubst %,engine/test_%.py,cuts rate_limiter reconciler single_poller submit_errors submitter transitions \
    unit_of_work) \
  $(patsubst %,storage/test_%.py,file_guard forks killed_owners leases links owned_sets))
# Qiskit 0.46 warns about its own deprecations.
TERRA_WARNINGS = -W ignore::DeprecationWarning -W ignore::PendingDeprecationWarning

# Older ipykernels: each is in a folder of its own, before the installed one on the path.
KERNELS := 6.31 7.1

# Simulators of other providers: each needs its own Qiskit, so each has its own environment.
PROVIDERS := aqt iqm braket alice-bob ddsim
PACKAGE_aqt := qiskit-aqt-provider
PACKAGE_iqm := 'iqm-client[qiskit]' qiskit-aer
PACKAGE_braket := qiskit-braket-provider qiskit-aer
PACKAGE_alice-bob := qiskit-alice-bob-provider
PACKAGE_ddsim := mqt.ddsim qiskit-aer

# Libraries that run circuits by themselves; one environment fits all. mitiq reads circuits of Qiskit with ply.
LIBRARIES := qiskit-experiments mthree qiskit-addon-cutting qiskit-algorithms qiskit-machine-learning mitiq ply \
  pennylane-qiskit qiskit-aer

# Test files run in parallel, in a process for each core, but at most four: some tests start servers.
SIDE_BY_SIDE = --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-terra test-kernels test-providers test-libraries lint test-js test-py soak bench bench-compare clean
# The last line of `make test` must be pytest's.
.NOTPARALLEL:

help:
	@echo "make demo     set up and open JupyterLab on the quickstart (DEMO_ARGS for jupyter lab)"
	@echo "make test     set up and run every check: lint, test-js, test-py"
	@echo "make lint     formatters, linters and strict types in both languages, direction of imports"
	@echo "make test-js  the page's tests, without a browser"
	@echo "make test-py  the Python tests, including those in a real browser (PYTEST_ARGS for pytest)"
	@echo "make test-terra  the Python tests that apply to Qiskit 0.46, in .venv-terra"
	@echo "make test-kernels  panels while cells run, and the cells' output, also on ipykernel $(KERNELS)"
	@echo "make test-providers  simulators of other providers ($(PROVIDERS)), each with its package"
	@echo "make test-libraries  qiskit-experiments, mthree and other libraries over a manager, in .libraries"
	@echo "make soak     the fault suite, with kernels killed at SOAK=1000 points"
	@echo "make bench    the benchmarks, each beside its peer (BENCH_ARGS)"
	@echo "make bench-compare  two reports of make bench side by side (BEFORE, AFTER)"
	@echo "make clean    remove .venv and everything built"

$(TOOLS): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, and '$(PYTHON)' is not one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "'$(PYTHON)' cannot make a virtual environment (on Debian: apt-get install python3-venv)" >&2; exit 1; }
	@echo "Setting up $(VENV)"
	$(PYTHON) -m venv $(VENV)
	# Dependency groups need pip 25.1.
	$(PIP_INSTALL) 'pip>=25.1'
	$(PIP_INSTALL) --group build
	@touch $@

# The panel is built first, so that the installation finds it current and downloads no Node.
$(DEMO): $(TOOLS)
	$(NPM_RUN)
	$(PIP_INSTALL) --editable '.[aer,lab,dask]' pandas
	@touch $@

$(DEV): $(TOOLS)
	$(NPM_RUN)
	$(PIP_INSTALL) --editable '.[aer,dask,ibm,lab]' --group dev
	@touch $(DEMO) $@

demo: $(DEMO)
	@$(NPM_RUN)
	@# As the default address, it is also printed if no browser is opened.
	@set -- --LabApp.default_url=/lab/tree/notebooks/01_quickstart.ipynb; \
	if [ "$$(id -u)" = 0 ]; then set -- "$$@" --allow-root; fi; \
	if [ -z "$$DISPLAY$$WAYLAND_DISPLAY" ] && [ "$$(uname)" != Darwin ] \
	  && ! grep -qi microsoft /proc/version; then set -- "$$@" --no-browser; fi; \
	exec $(PY) -m jupyter lab "$$@" $(DEMO_ARGS)

test: lint test-js test-py

lint: $(DEV)
	$(NPM_RUN) check
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo --no-cache

test-js: $(TOOLS)
	$(NPM_RUN) test

test-py: $(DEV)
	@$(NPM_RUN)
	$(PY) -m pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

$(TERRA): $(TOOLS)
	$(NPM_RUN)
	@$(or $(TERRA_PYTHON),false) -c '$(TERRA_RUNS)' || { \
	  echo "Qiskit 0.46 needs Python 3.11 or 3.12: make test-terra TERRA_PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Setting up $(TERRA_VENV)"
	$(TERRA_PYTHON) -m venv $(TERRA_VENV)
	$(TERRA_PY) -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(TERRA_PY) -m pip install --quiet --disable-pip-version-check --group build
	$(TERRA_PY) -m pip install --quiet --disable-pip-version-check --editable . --group terra
	@touch $@

test-terra: $(TERRA)
	@$(NPM_RUN)
	$(TERRA_PY) -m pytest $(SIDE_BY_SIDE) $(TERRA_WARNINGS) $(TERRA_LEAVES) $(PYTEST_ARGS)

.kernels/%/.stamp: | $(DEV)
	$(PIP_INSTALL) --no-deps --upgrade --target .kernels/$* 'ipykernel==$*.*' nest-asyncio nest-asyncio2
	@touch $@

test-kernels: $(DEV) $(KERNELS:%=.kernels/%/.stamp)
	@$(NPM_RUN)
	for kernel in $(KERNELS); do \
	  QJM_KERNEL="$$PWD/.kernels/$$kernel" $(PY) -m pytest tests/kernels tests/browser/test_while_running.py \
	    tests/browser/test_outputs.py $(PYTEST_ARGS) || exit 1; \
	done

.providers/%/.stamp: pyproject.toml
	$(PYTHON) -m venv .providers/$*
	.providers/$*/bin/python -m pip install --quiet --disable-pip-version-check $(PACKAGE_$*) \
	  anywidget ipywidgets plotly platformdirs requests pytest pytest-timeout
	@touch $@

test-providers: $(PROVIDERS:%=.providers/%/.stamp)
	for provider in $(PROVIDERS); do \
	  .providers/$$provider/bin/python -m pytest tests/providers $(PYTEST_ARGS) || exit 1; \
	done

.libraries/.stamp: pyproject.toml
	$(PYTHON) -m venv .libraries
	.libraries/bin/python -m pip install --quiet --disable-pip-version-check $(LIBRARIES) \
	  anywidget ipywidgets plotly platformdirs requests ipykernel nbclient nbformat pytest pytest-timeout
	@touch $@

# The libraries warn of many things of their own.
test-libraries: $(TOOLS) .libraries/.stamp
	@$(NPM_RUN)
	.libraries/bin/python -m pytest -W ignore tests/libraries $(PYTEST_ARGS)

soak: $(DEV)
	QJM_SOAK=$(or $(SOAK),1000) $(PY) -m pytest tests/faults --timeout 0 $(PYTEST_ARGS)

bench: $(DEV)
	$(PY) -m benchmarks $(BENCH_ARGS)

bench-compare: $(TOOLS)
	$(PY) -m benchmarks.compare $(BEFORE) $(AFTER)

clean:
	rm -rf $(VENV) $(TERRA_VENV) .venv-retired .kernels .providers .libraries .artifacts build dist qjm_widgets/static js/node_modules js/demo/out
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
