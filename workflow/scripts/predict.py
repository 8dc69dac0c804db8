"""Ask the student that ships about pictures."""

import sys
from pathlib import Path

from skinkd.deploy.answers import Student, write_answers
from skinkd.jobs import logged_to


def predict(names, path_to_model, folder):
    """Answer for each picture, write the csv and the page; one that is refused is an answer, too.

    Args:
        names: of the picture files.
        path_to_model: the folder that ships.
    """
    student = Student(path_to_model)
    answers = [student.answer(name) for name in names]
    for path in write_answers(answers, student.about, folder):
        print(path)
    refused = [answer.in_words() for answer in answers if answer.problem]
    print(f"{len(answers) - len(refused)} pictures answered, {len(refused)} refused")
    # Past the log: the job ends well, and nobody would look there.
    for line in refused:
        print(line, file=sys.__stderr__, flush=True)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        predict(
            names=list(snakemake.params.pictures),
            path_to_model=Path(snakemake.input.about).parent,
            folder=Path(snakemake.output.table).parent,
        )
