"""Which figures of the study are made of photographs, and what the job that makes one is told."""

from skinkd.cells import slug
from skinkd.config import arms_of_figure
from skinkd.errors import InputError
from skinkd.signatures import names_in
from skinkd.study import Study

# Only these load networks; the others read what the networks said from the predictions.
WITH_NETWORKS = ("grad_cam",)


def catalogue(study: Study) -> dict[str, dict]:
    """What each job is told, by the stem of its files: `ssd_kd-leak_free-figure-5`.

    A figure stands under each protocol under which all its arms run. It shows one run of each arm: the
    first fold and the first seed.

    Raises:
        InputError: where Grad-CAM is asked for other than three arms.
    """
    return {
        slug(paper, protocol, label): _described(study, paper, protocol, label)
        for (paper, protocol), resolved in study.papers.items()
        for label, figure in resolved.figures.items()
        if figure.name in names_in("pictures")
        and set(arms_of_figure(figure.parameters)) <= set(study.arms(paper, protocol))
    }


def _described(study: Study, paper: str, protocol: str, label: str) -> dict:
    """What the job of one figure is told."""
    resolved = study.paper(paper, protocol)
    figure = resolved.figures[label]
    arms = arms_of_figure(figure.parameters)
    if figure.name == "grad_cam" and len(arms) != 3:
        raise InputError(
            "config",
            f"config/papers/{paper}.yaml: figures.{label} names {len(arms)} arms",
            "Its pictures are chosen by what a teacher, a student alone and a distilled student say",
            "name these three, in this order",
        )
    fold, seed = study.runs(paper, protocol)[0]
    runs = [f"{paper}/{protocol}/{arm}/fold{fold}-seed{seed}" for arm in arms]
    loads = arms if figure.name in WITH_NETWORKS else []
    networks = [study.network(paper, protocol, arm)["name"] for arm in loads]
    return {
        **{"paper": paper, "protocol": protocol, "figure": label, "name": figure.name},
        **{"title": figure.parameters.get("title", ""), "source": resolved.source},
        **{"fold": fold, "seed": seed, "draw_seed": study.config.statistics.seed},
        "arms": {arm: {"label": resolved.arms[arm].label, "role": resolved.arms[arm].role} for arm in arms},
        "parameters": {key: value for key, value in figure.parameters.items() if key != "title"},
        "runs": runs,
        "networks": runs if loads else [],
        "modules": [f"skinkd.pictures.{figure.name}", *(f"skinkd.networks.{name}" for name in networks)],
    }
