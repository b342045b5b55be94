# `make demo` runs the whole way on data that skelfuse makes. Tests come in three portions:
# `make quick`: under a minute; nothing that trains, starts processes or is slow.
# `make test`: under three minutes; what to run before a commit.
# `make test-all`: everything, real data, browsers, exports and kills too; what CI runs.
# None needs anything but Python 3.10 to 3.13 and make.
PYTHON ?= python3
VENV ?= .venv
DEMO ?= demo
JOBS ?= 2
INSTALLED = $(VENV)/installed
RUN = $(VENV)/bin

# Every test has the marks of what it is: setup.cfg lists them.
TESTS = OMP_NUM_THREADS=1 $(RUN)/python -m pytest -q -n $(JOBS) --dist worksteal
COSTLY = long or export or campaign or browser or real

.PHONY: quick test test-all demo lint clean

$(INSTALLED): setup.cfg setup.py pyproject.toml constraints.txt datasets/_ntu_scan.c
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "skelfuse needs Python 3.10 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(RUN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

quick: $(INSTALLED)
	$(TESTS) -m 'not (process or training or slow or $(COSTLY))'

test: $(INSTALLED)
	$(TESTS) -m 'not ($(COSTLY))'

test-all: $(INSTALLED)
	mkdir -p build
	$(TESTS) --hypothesis-profile many --junit-xml=build/tests.xml
	@echo "Every test's result and time: build/tests.xml"

demo: $(INSTALLED)
	rm -rf $(DEMO)
	$(RUN)/skelfuse synth $(DEMO)/raw
	$(RUN)/skelfuse preprocess $(DEMO)/raw --out $(DEMO)/store.h5
	$(RUN)/skelfuse info $(DEMO)/store.h5
	$(RUN)/skelfuse train --config synth --data $(DEMO)/store.h5 --out $(DEMO)/run
	$(RUN)/skelfuse evaluate $(DEMO)/run --data $(DEMO)/store.h5 --out $(DEMO)/evaluation
	$(RUN)/skelfuse inspect-kernels $(DEMO)/run --plot $(DEMO)/kernels.png
	$(RUN)/skelfuse explain $(DEMO)/run $(DEMO)/raw/S001C001P001R001A001.skeleton --html $(DEMO)/explanation.html
	@echo
	@echo "Raw files: $(DEMO)/raw; the store: $(DEMO)/store.h5; the run, with its curves: $(DEMO)/run"
	@echo "Confusions and every prediction: $(DEMO)/evaluation; the kernels drawn: $(DEMO)/kernels.png"
	@echo "Why one clip is what it is, to play and turn: $(DEMO)/explanation.html"

lint: $(INSTALLED)
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy

clean:
	rm -rf $(VENV) $(DEMO) build *.egg-info datasets/*.so
