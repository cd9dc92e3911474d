# `make help` says what there is. Nothing but make and Python 3.11 or newer is needed; see docs/howto/install.md.

PYTHON ?= python3
CORES ?= all
ARGS ?=

VENV := .venv
# called as modules: such a call survives a moved repository, an entry script with its fixed path does not;
# first on PATH: a rule's shell command finds the same Python; byte code is kept even where an image of a container
# forbids it, because hundreds of jobs import the same modules
RUN = PATH="$(CURDIR)/$(VENV)/bin:$$PATH" PYTHONDONTWRITEBYTECODE= $(VENV)/bin/python -m
# a line for each finished job, from workflow/plugins
STUDY = PYTHONPATH=workflow/plugins $(RUN) snakemake --logger census
# --no-compile: pip compiles to byte code one file at a time, compileall on all cores; that some files, meant for
# another Python, do not compile is no failure
PIP = $(VENV)/bin/python -m pip install -q --no-compile -c envs/lock.txt
COMPILE = $(VENV)/bin/python -m compileall -qq -j 0 -x '/tests?/' $(VENV)/lib || true
# what pip remarks on the way is of interest only where it fails
QUIETLY = 2> $(VENV)/pip.log || { cat $(VENV)/pip.log >&2; exit 1; }

.PHONY: quick study report test test-slow mutation lint bench coverage calibration lock docs site images envs clean help browser cluster
.DEFAULT_GOAL := help

# in a folder of its own: census, claims and atlas are of one study
quick: $(VENV)/.study  ## run a small study of one network in studies/quick/: two minutes on 2 cores
	$(STUDY) --cores $(CORES) --directory studies/quick --configfile studies/quick.yaml $(ARGS)

study: $(VENV)/.study  ## run the default study: CORES=4, and ARGS="--configfile …" for another
	$(STUDY) --cores $(CORES) $(ARGS)

STYLESHEET = --report-stylesheet $(CURDIR)/workflow/report/report.css

# the study first: what a report lacks, it leaves out; one file that a browser opens, and the same as a smaller archive
report: study  ## write results/report.html and results/report.zip: all figures with captions, runtimes, software
	$(RUN) snakemake --report results/report.html $(STYLESHEET) $(ARGS)
	$(RUN) snakemake --report results/report.zip $(STYLESHEET) $(ARGS)

# Tests run in parallel: a second thread in each would only wait for another one's core. Tests of a file share studies.
PYTEST = OMP_NUM_THREADS=1 $(RUN) pytest -n auto --maxprocesses 4 --dist loadfile

test: $(VENV)/.dev browser  ## run the tests: ARGS="-m 'not slow'" for fewer
	$(PYTEST) -m "not very_slow" $(ARGS)

test-slow: $(VENV)/.dev cluster  ## run the tests that take minutes each: the papers' studies, precision, Slurm, benchmarks
	$(PYTEST) -m very_slow $(ARGS)

# mutmut takes modules in src/ only; ARGS="'census.statistics.ranks*'" for one module
MUTATED = build/mutation

mutation: $(VENV)/.dev  ## change code of measures and statistics, one place at a time, and list changes that no test notices
	rm -rf $(addprefix $(MUTATED)/,src scripts tests workflow)
	mkdir -p $(MUTATED)/src
	cp -r scripts tests config.yaml workflow pyproject.toml $(MUTATED)
	cp -r scripts/. $(MUTATED)/src
	cd $(MUTATED) && OMP_NUM_THREADS=1 $(CURDIR)/$(VENV)/bin/python -m mutmut run $(ARGS)
	cd $(MUTATED) && $(CURDIR)/$(VENV)/bin/python -m mutmut results | sed '/not checked/d'

lint: $(VENV)/.dev  ## check style, types and the workflow
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	PYTHONPATH=scripts $(VENV)/bin/python $(VENV)/bin/lint-imports --no-cache --no-logo
	$(RUN) snakefmt --check Snakefile workflow
	$(RUN) snakemake --lint

bench: $(VENV)/.dev  ## measure speed and memory
	$(RUN) benchmarks $(ARGS)

# some hours on two cores; what is known already is kept in build/coverage/; ARGS="NAME …" renews their lines alone
coverage: $(VENV)/.dev  ## write docs/reference/coverage.md: which networks can be studied
	$(VENV)/bin/python docs/make_coverage.py $(ARGS)

# a quarter of an hour of one core; ARGS=--page writes page and figure from the table that is there
calibration: $(VENV)/.study  ## write docs/explanation/calibration.md: false rate and power of each claim
	OMP_NUM_THREADS=1 PYTHONPATH=scripts $(VENV)/bin/python docs/make_calibration.py $(ARGS)

lock: $(VENV)/.dev  ## resolve envs/*.txt afresh and pin what comes out
	$(VENV)/bin/python -m pip install -q --dry-run --ignore-installed --report $(VENV)/report.json \
		-r envs/dev.txt
	$(VENV)/bin/python envs/lock.py $(VENV)/report.json > $(VENV)/lock.txt
	mv $(VENV)/lock.txt envs/lock.txt

docs: $(VENV)/.study  ## write docs/reference/configuration.md and docs/reference/columns.md
	PYTHONPATH=scripts $(VENV)/bin/python docs/make_configuration.py
	PYTHONPATH=scripts $(VENV)/bin/python docs/make_dictionary.py

# strict: a dead link, an unknown reference, any warning fails
site: $(VENV)/.dev  ## build the documentation into build/site
	$(RUN) sphinx -q -W --keep-going -n -b html docs build/site

images: study quick $(VENV)/.dev browser  ## write the images of the README and the tutorial from both studies
	$(VENV)/bin/python docs/make_images.py

envs: $(VENV)/.study  ## write the conda environment of envs/study.txt
	$(VENV)/bin/python envs/conda.py > $(VENV)/study.yaml
	mv $(VENV)/study.yaml envs/study.yaml

clean:  ## remove the environment and the tools' caches, never results
	rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# tests of the atlas and the report need a browser; where it cannot be installed here, they are skipped
browser:
	@command -v chromium > /dev/null && command -v chromedriver > /dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && \
		echo "Installing Chromium for the tests of the atlas and the report" && apt-get update -qq > /dev/null && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			chromium chromium-driver > /dev/null; } || \
		echo "Tests of the atlas and the report are skipped: they need chromium and chromedriver" >&2

# the same with the test on a cluster; in this run level the packages start no daemons
cluster:
	@command -v slurmctld > /dev/null && command -v slurmd > /dev/null && command -v munged > /dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && \
		echo "Installing Slurm for the test on a cluster" && apt-get update -qq > /dev/null && \
		RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			slurm-wlm munge > /dev/null; } || \
		echo "The test on a cluster is skipped: it needs slurm-wlm and munge" >&2

# the environment, and one stamp for each set of requirements that is in it
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "error: $(PYTHON) is missing or older than Python 3.11; name another: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "error: $(PYTHON) cannot make virtual environments; on Debian and Ubuntu, install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.study: envs/study.txt envs/lock.txt | $(VENV)/bin/python
	@echo "Installing the study's requirements into $(VENV) (about a minute)"
	@$(PIP) -r envs/study.txt $(QUIETLY)
	@$(COMPILE)
	@touch $@

$(VENV)/.dev: envs/dev.txt envs/axe.txt envs/cluster.txt $(VENV)/.study
	@echo "Installing the developers' requirements into $(VENV)"
	@$(PIP) -r envs/dev.txt $(QUIETLY)
	@$(PIP) --no-deps -r envs/axe.txt $(QUIETLY)
	@$(COMPILE)
	@touch $@
