"""From scores to the report; the report is a function of results.json.

needs   RESULTS/scores/{paper}/{protocol}/{arm}.json, RESULTS/contrasts/study.json, config/papers/*.csv,
        config/claims/*.yaml, config/trials/*.yaml, report/checklists/*.yaml,
        and all files that scores rest on
makes   RESULTS/report/results.json, provenance.json, figures/, tables/, report.html, report.tex
"""

from skinkd import figures as figure_catalogue

FIGURES = figure_catalogue.catalogue(
    {
        paper: {
            "protocols": STUDY.protocols(paper),
            "figures": {
                label: {"name": figure.name, **figure.parameters}
                for label, figure in STUDY.paper(paper, STUDY.protocols(paper)[0]).figures.items()
            },
        }
        for paper in STUDY.config.papers
    }
)
FIGURE_NAMES = sorted({figure["name"] for figure in FIGURES.values()})


localrules:
    note_config,


rule note_config:
    """Writes the config down under its own digest: with another config, another file is missing."""
    input:
        code=imports_of("note_config.py"),
    output:
        config=NOTED_CONFIG,
    log:
        f"{RESULTS}/logs/note_config.log",
    conda:
        "../../envs/report.yaml"
    params:
        config=CONFIG,
    script:
        "../scripts/note_config.py"


rule summarize:
    """Puts published and reproduced values side by side."""
    input:
        **inputs_of_report(STUDY.cells(), ALL_RUNS),
        papers=papers_files(),
        published=published_tables(),
        claims=claims_of_text(),
        contrasts=f"{RESULTS}/contrasts/study.json",
        trials=trials_of_papers(),
        checklists=CHECKLISTS,
        power="config/report/power.yaml",
        deviations="config/report/deviations.yaml",
        # Not read: it makes this job run again where the config changed, even if Snakemake's records are gone.
        config=NOTED_CONFIG,
        code=SUMMARY_CODE,
    output:
        results=shown(f"{REPORT}/results.json", "results", "Report"),
        provenance=shown(f"{REPORT}/provenance.json", "provenance", "Report"),
    log:
        f"{RESULTS}/logs/summarize.log",
    conda:
        "../../envs/report.yaml"
    params:
        config=STUDY.config.model_dump(),
        repository=".",
        missing=[],
    script:
        "../scripts/summarize.py"


rule draw:
    """Draws the figures."""
    input:
        results=f"{REPORT}/results.json",
        code=imports_of("draw.py", *(f"skinkd.figures.{name}" for name in FIGURE_NAMES)),
    output:
        svg=[
            shown(f"{REPORT}/figures/{stem}.svg", "figure", "Figures", figure["paper"])
            for stem, figure in FIGURES.items()
        ],
        pdf=[f"{REPORT}/figures/{stem}.pdf" for stem in FIGURES],
    log:
        f"{RESULTS}/logs/draw.log",
    conda:
        "../../envs/report.yaml"
    threads: 8
    params:
        figures=list(FIGURES.values()),
    script:
        "../scripts/draw.py"


rule render:
    """Renders the page, the document and the tables."""
    input:
        results=f"{REPORT}/results.json",
        figures=[f"{REPORT}/figures/{stem}.svg" for stem in FIGURES],
        samples=SAMPLES,
        pictures=[f"{REPORT}/pictures/{stem}" for stem in PICTURES],
        templates=TEMPLATES,
        code=imports_of("render.py"),
    output:
        html=shown(f"{REPORT}/report.html", "page", "Report"),
        latex=shown(f"{REPORT}/report.tex", "document", "Report"),
        tables=directory(f"{REPORT}/tables"),
    log:
        f"{RESULTS}/logs/render.log",
    conda:
        "../../envs/report.yaml"
    params:
        templates=lambda wc, input: str(Path(input.templates[0]).parent),
        pictures=lambda wc: f"{REPORT}/pictures",
        sample_captions=lambda wc, input: [
            f"Images of the source {Path(path).parent.name} by class, drawn at random"
            for path in input.samples
        ],
    script:
        "../scripts/render.py"
