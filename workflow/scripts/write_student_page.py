"""Write the page that runs the student in a browser."""

from pathlib import Path

from skinkd.atomic import digest_of, write_text
from skinkd.deploy.records import read_record_of
from skinkd.deploy.student_page import page_of_student
from skinkd.deploy.web_runtime import version_of
from skinkd.intact import check_digest
from skinkd.jobs import logged_to


def write_student_page(path_to_about, path_to_model, runtime, path_to_lock, data, folder, path_to_page):
    """Put model, runtime and scripts into one page.

    Args:
        runtime: paths of onnxruntime's `script` and `binary`.
        data: what the student was trained on, in words.
        folder: of the page's template, style and scripts.

    Raises:
        InputError: where the model is not the one that was checked.
    """
    about = read_record_of(path_to_about)
    check_digest("page", path_to_model, digest_of(path_to_model), about["files"]["onnx"], path_to_about)
    page = page_of_student(
        about, data, path_to_model, runtime | {"version": version_of(path_to_lock)}, folder
    )
    write_text(path_to_page, page)
    print(f"{len(page):,} letters")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        write_student_page(
            path_to_about=snakemake.input.about,
            path_to_model=snakemake.input.onnx,
            runtime={"script": snakemake.input.script, "binary": snakemake.input.binary},
            path_to_lock=snakemake.input.lock,
            data=snakemake.params.data,
            folder=Path(snakemake.input.lock).parent,
            path_to_page=snakemake.output.page,
        )
