# make report                                  the embedded demo, from nothing to a page
# make report CONFIG=config/ham10000.yaml      real images, scaled down
# make test                                    every check
# All three set up .venv by themselves.

CONFIG ?= config/config.yaml
CORES ?= $(shell nproc 2>/dev/null || echo 2)
PYTHON ?= python3

# Relative paths only: the folder's own name may hold spaces.
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := .venv/bin/python
PACKAGE := PYTHONPATH=workflow/lib $(RUN) -m

.PHONY: report test faults deploy page predict version restore publish forecast bench precision coverage demo-time lock clean

report: .venv/ready
	@test -f "$(CONFIG)" || { echo "ERROR config: there is no file $(CONFIG). Studies: config/*.yaml"; exit 2; }
	@$(RUN) -m snakemake --cores $(CORES) report --configfile "$(CONFIG)"
	@$(PACKAGE) skinkd.place "$(CONFIG)"

# The finished report on paper, where TeX is installed: report.pdf beside report.html.
.PHONY: pdf
pdf: .venv/ready
	@$(PACKAGE) skinkd.document "$(CONFIG)"

test: .venv/ready
	@$(RUN) -m pytest --numprocesses $(CORES) --dist loadfile --no-loadscope-reorder

# Make every fault of tests/faults, and write down what each of them says.
faults: .venv/ready
	@SKINKD_WRITES_FAULTS=1 $(RUN) -m pytest tests/faults

# The best student by validation as ONNX files, checked, timed and described, in the study's folder.
deploy: .venv/ready
	@$(RUN) -m snakemake --cores $(CORES) deploy --configfile "$(CONFIG)"

# That student in one file, which a browser runs from the disk; nothing that it is given leaves the machine.
page: .venv/ready
	@$(RUN) -m snakemake --cores $(CORES) student_page --configfile "$(CONFIG)"

# What that student says of pictures: make predict IMAGES="a.jpg b.png", perhaps with MODEL=folder OUTPUT=folder
predict: .venv/ready
	@$(PACKAGE) skinkd predict $(if $(MODEL),--model "$(MODEL)",--config "$(CONFIG)") \
	    $(if $(OUTPUT),--output "$(OUTPUT)") -- $(IMAGES)

# Record what lies in the study's folder in DVC, and push it where a remote is set.
version: .venv/ready
	@$(RUN) -m snakemake --cores $(CORES) version --configfile "$(CONFIG)"

# Fetch what this commit records, all of it or what one arm needs: make restore ARM=dsnet/leak_free/dsnet_t10
restore: .venv/ready
	@$(PACKAGE) skinkd.versioning.restoring "$(CONFIG)" $(ARM)

# Copy the tables of a finished study, not its images, to where git keeps them.
publish: .venv/ready
	@$(PACKAGE) skinkd.publish "$(CONFIG)"

# How many jobs a study has, and how many hours of this machine they take at most, from measured steps.
forecast: .venv/ready
	@$(PACKAGE) skinkd.forecast "$(CONFIG)"

# Ratios to other ways to do the same work, measured in turn: all rows in half an hour, or make bench ROWS=1,3.
bench: .venv/ready
	@$(PACKAGE) skinkd.bench $(if $(ROWS),--rows $(ROWS))

# Whether bfloat16 costs accuracy: the same arms in both precisions, five seeds each.
precision: .venv/ready
	@$(PACKAGE) skinkd.bench.precision "$(CONFIG)"

# How often intervals hold the truth, in simulated studies whose truth is known.
coverage: .venv/ready
	@$(PACKAGE) skinkd.bench.coverage

# How long the demo takes at another commit and at this one: make demo-time BEFORE=v1.0
demo-time: .venv/ready
	@$(PACKAGE) skinkd.bench.demo "$(BEFORE)"

lock: .venv/ready
	$(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --extra test --extra cluster --extra version --extra deploy -o requirements.lock pyproject.toml

clean:
	rm -rf .venv .tools .snakemake

.venv/ready: requirements.lock $(filter .tools/%,$(UV))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "skinkd needs Python 3.11 or newer; set PYTHON=python3.11")'
	UV_PYTHON_DOWNLOADS=never $(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	$(UV) pip sync --require-hashes --compile-bytecode --python $(RUN) requirements.lock
	@touch $@

.tools/bin/uv:
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools uv==0.13.8
