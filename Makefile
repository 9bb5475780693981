# `make` alone runs the sample; `make help` lists the other targets.
# Call programs of .venv as modules: the first line of a script cannot have a path with spaces.

PYTHON ?= python3
PY := .venv/bin/python
SNAKEMAKE := $(PY) -m snakemake
OLDEST := $(shell sed -n 's/^python_version = "\([0-9.]*\)".*/\1/p' pyproject.toml)
INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes

sample: .venv/ready ## set up .venv and run the workflow on the bundled sample
	$(SNAKEMAKE) --cores 4 all

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name what; do printf '%-8s %s\n' "$$name" "$$what"; done

check: lint ## format, lint, types and unit tests: half a minute
	$(PY) -m pytest -m "not slow and not memory" --ignore tests/workflow --dist worksteal

lint: .venv/ready-to-test ## format, lint and types alone
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m snakefmt --check Snakefile rules examples
	$(PY) -m mypy
	$(SNAKEMAKE) --lint

test: lint ## all tests: also the workflow under faults, on Slurm, in a browser, and its speed
	$(PY) -m pytest -m alone -n 0
	$(PY) -m pytest -m "memory and not alone" -n 2 --dist load
	MUTATED_FILES=100000 $(PY) -m pytest -m "not alone and not memory"

gallery: .venv/ready ## draw docs/gallery; MNIST_DIR and FASHION_MNIST_DIR are folders of the published files
	$(PY) tools/make_gallery.py mnist=$(MNIST_DIR) fashion-mnist=$(FASHION_MNIST_DIR)

GOALS := publish webdataset verify archive npz csv
# Almost all rules need the settings, and so many arrows hide the others.
WITHOUT_SETTINGS := awk '/write_settings/ {settings = $$1 + 0; next} $$2 != "->" || $$1 != settings'

docs: sample ## write the generated pages of docs/ and draw the README's pictures; the rule graph needs Graphviz
	$(PY) tools/make_pages.py
	cp results/mnist-sample/preview/train.png docs/digits.png
	PYTHONHASHSEED=0 $(SNAKEMAKE) --rulegraph dot $(GOALS) | $(WITHOUT_SETTINGS) | dot -Grankdir=LR -Tsvg -o docs/rules.svg

fuzz: .venv/ready-to-test ## feed the reader random IDX files for three minutes, guided by coverage
	$(PY) -m pip install --quiet --disable-pip-version-check atheris
	$(PY) tests/fuzz_idx_file.py -max_total_time=180 -max_len=256 -rss_limit_mb=512

faults: .venv/ready-to-test ## have each system call of the scripts fail in turn; needs Linux and a C compiler
	PYTHONPATH=scripts $(PY) tests/fuzz_calls.py

histories: .venv/ready-to-test ## run, edit, and delete at random for ten minutes; the last run must make what a fresh one does
	PYTHONPATH=scripts $(PY) tests/fuzz_histories.py

clients: sample ## load the sample with the newest torchvision, Keras, and Datumaro, which are too large for the tests
	$(PYTHON) tests/clients.py

BENCH := .venv-bench/bin/python
MNIST := $(addprefix resources/mnist/,$(foreach split,train t10k,$(split)-images-idx3-ubyte $(split)-labels-idx1-ubyte))

bench: .venv-bench/ready ## compare its speed with other ways, for docs/speed.md; needs a C compiler, MNIST (MNIST_DIR), 6 GB of memory
	$(BENCH) -m snakemake --cores 2 $(MNIST) $(if $(MNIST_DIR),--config "mirrors={mnist: \"$$MNIST_DIR\"}")
	$(BENCH) bench/compare.py resources/mnist
	$(BENCH) bench/steps.py $(wordlist 1,2,$(MNIST))

growth: .venv-bench/ready ## measure it on up to 8 million images, for docs/growth.svg; needs 60 GB of disk
	$(BENCH) bench/growth.py

emulated: .venv/ready ## check that emulated processors, from the first x86-64 to ARM, make the same bytes; needs qemu-user
	PYTHONPATH=scripts $(PY) tests/emulated.py

LOCKS := requirements-test requirements requirements-slurm requirements-publish requirements-bench requirements-tools
TOOLS := .venv-tools/bin/python

# uv does not read pip's configuration, so pass the registry on. No file gets its name. The first lock has all that is
# installed together, so that its versions agree; the others are parts of it, and get the same versions.
lock: .venv-tools/ready ## pin versions and hashes of envs/*.in for each Python and platform (UPGRADE=1: the newest)
	index="$${PIP_INDEX_URL:-$$($(TOOLS) -m pip config get global.index-url 2>/dev/null)}"; \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	cd envs && constraint=; for name in $(LOCKS); do \
	    ../$(TOOLS) -m uv pip compile --quiet --system-certs $(if $(UPGRADE),--upgrade) --universal --python-version $(OLDEST) \
	        --fork-strategy fewest --generate-hashes $$constraint $$name.in --output-file $$name.txt || exit; \
	    constraint="--constraint $(firstword $(LOCKS)).txt"; \
	done

audit: .venv-tools/ready ## check the pinned versions for known vulnerabilities
	for name in $(LOCKS); do $(TOOLS) -m pip_audit --disable-pip --require-hashes --strict -r envs/$$name.txt || exit; done

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit("Python $(OLDEST) or newer is needed, this is " + sys.version.split()[0] + \
	    ": name a newer one, such as make PYTHON=python$(OLDEST)" if sys.version_info < tuple(map(int, "$(OLDEST)".split("."))) else 0)'
	$(PYTHON) -m venv .venv

# Otherwise each job compiles its modules again if Python may not write to scripts/.
.venv/ready: envs/requirements.txt | .venv/bin/pip
	$(PY) $(INSTALL) -r $<
	$(PY) -m compileall -q scripts
	touch $@

# Most of their modules no test imports, and to compile all takes half a minute.
.venv/ready-to-test: envs/requirements-test.txt .venv/ready
	$(PY) $(INSTALL) --no-compile -r $<
	touch $@

.venv-bench/ready: envs/requirements-bench.txt envs/requirements.txt
	$(PYTHON) -m venv .venv-bench
	$(BENCH) $(INSTALL) $(patsubst %,-r %,$^)
	touch $@

.venv-tools/ready: envs/requirements-tools.txt
	$(PYTHON) -m venv .venv-tools
	$(TOOLS) $(INSTALL) -r $<
	touch $@

.PHONY: audit bench check clients docs emulated faults fuzz gallery growth help histories lint lock sample test
