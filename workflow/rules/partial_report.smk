"""The report of what did end, where some arms failed or have not been run: it trains nothing.

needs   whatever is there of RESULTS/scores/{paper}/{protocol}/{arm}.json and of what stands beside it
makes   RESULTS/report-partial/, as the rule report makes RESULTS/report/
"""


use rule contrast as partial_contrast with:
    input:
        predictions=lambda wc: there(of_runs("predictions", "csv", runs_that_ended())),
        trials=trials_of_papers(),
        code=imports_of("contrast.py"),
    output:
        contrasts=f"{PARTIAL}/contrasts.json",
    log:
        f"{RESULTS}/logs/partial_contrast.log",
    params:
        runs=runs_that_ended,
        taught=lambda wc: taught_in(ended_cells(STUDY, RESULTS)),


use rule summarize as partial_summarize with:
    input:
        unpack(what_ended),
        papers=papers_files(),
        published=published_tables(),
        claims=claims_of_text(),
        contrasts=f"{PARTIAL}/contrasts.json",
        trials=trials_of_papers(),
        checklists=CHECKLISTS,
        power="config/report/power.yaml",
        deviations="config/report/deviations.yaml",
        code=SUMMARY_CODE,
    output:
        results=f"{PARTIAL}/results.json",
        provenance=f"{PARTIAL}/provenance.json",
    log:
        f"{RESULTS}/logs/partial_summarize.log",
    params:
        missing=lambda wc: missing_cells(STUDY, RESULTS),


use rule draw as partial_draw with:
    input:
        results=f"{PARTIAL}/results.json",
        code=imports_of("draw.py", *(f"skinkd.figures.{name}" for name in FIGURE_NAMES)),
    output:
        svg=[f"{PARTIAL}/figures/{stem}.svg" for stem in FIGURES],
        pdf=[f"{PARTIAL}/figures/{stem}.pdf" for stem in FIGURES],
    log:
        f"{RESULTS}/logs/partial_draw.log",


use rule render as partial_render with:
    input:
        results=f"{PARTIAL}/results.json",
        figures=[f"{PARTIAL}/figures/{stem}.svg" for stem in FIGURES],
        samples=lambda wc: there(SAMPLES),
        templates=TEMPLATES,
        code=imports_of("render.py"),
    output:
        html=f"{PARTIAL}/report.html",
        latex=f"{PARTIAL}/report.tex",
        tables=directory(f"{PARTIAL}/tables"),
    log:
        f"{RESULTS}/logs/partial_render.log",


rule partial_report:
    """The report of the arms that did end, and of what kept the others from it."""
    input:
        f"{PARTIAL}/report.html",
        f"{PARTIAL}/report.tex",
        f"{PARTIAL}/results.json",
