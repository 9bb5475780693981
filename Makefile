# make        set up .venv and run the workflow on the bundled sample
# make test   check format, lint and types, and run the tests
# make fuzz   three minutes of random IDX files, led by the coverage of the reader
# make bench  time the workflow beside other ways, for README.md and docs/speed.md; needs a C compiler, and MNIST,
#             whose folder MNIST_DIR names, or which is downloaded
# make growth measure it on up to 8 million images, for docs/growth.svg; needs 60 GB of disk
# make docs   draw the pictures of the README anew; the rule graph needs Graphviz

PYTHON ?= python3
BIN := .venv/bin

sample: .venv/ready
	$(BIN)/snakemake --cores 4 all

test: .venv/ready-to-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/snakemake --lint
	$(BIN)/pytest -m alone -n 0
	$(BIN)/pytest -m "not alone"

docs: sample
	cp results/mnist-sample/preview/train.png docs/digits.png
	$(BIN)/snakemake --rulegraph dot publish | dot -Grankdir=LR -Tsvg > docs/rules.svg

fuzz: .venv/ready-to-test
	$(BIN)/pip install --quiet --disable-pip-version-check atheris
	$(BIN)/python tests/fuzz_idx_file.py -max_total_time=180 -max_len=256 -rss_limit_mb=512

BENCH := .venv-bench/bin
MNIST := $(addprefix resources/mnist/,$(foreach split,train t10k,$(split)-images-idx3-ubyte $(split)-labels-idx1-ubyte))

bench: .venv-bench/ready
	$(BENCH)/snakemake --cores 2 $(MNIST) $(if $(MNIST_DIR),--config 'mirrors={mnist: "$(MNIST_DIR)"}')
	$(BENCH)/python bench/compare.py resources/mnist
	$(BENCH)/python bench/steps.py $(wordlist 1,2,$(MNIST))

growth: .venv-bench/ready
	$(BENCH)/python bench/growth.py

.venv-bench/ready: envs/requirements-bench.txt envs/requirements.txt
	$(PYTHON) -m venv .venv-bench
	$(BENCH)/pip install --quiet --disable-pip-version-check -r $<
	touch $@

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/ready: envs/requirements.txt | .venv/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check -r $<
	touch $@

.venv/ready-to-test: envs/requirements-test.txt .venv/ready
	$(BIN)/pip install --quiet --disable-pip-version-check -r $<
	touch $@

.PHONY: bench docs fuzz growth sample test
