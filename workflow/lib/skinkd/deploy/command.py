"""The command `predict`: from the names of picture files to a csv and a page."""

import argparse
import sys
from pathlib import Path

from skinkd.config import check_config, read_config
from skinkd.endings import EXIT_INPUT, ending_of
from skinkd.study import BASE


def main(words: list[str]) -> int:
    """Do what the command line says; the exit status.

    0 where every picture was answered, 2 where one was refused or something else that was given is wrong; the
    other pictures are answered all the same.
    """
    arguments = parser().parse_args(words)
    try:
        return predict(arguments)
    except Exception as error:
        status, message = ending_of(error, arguments.output / "predictions.csv")
        print(message, file=sys.stderr)
        return status


def parser() -> argparse.ArgumentParser:
    """What the command line may hold."""
    root = argparse.ArgumentParser(prog="python -m skinkd", description=__doc__)
    command = root.add_subparsers(dest="command", required=True).add_parser(
        "predict",
        help="class probabilities of pictures, calibrated, with heat maps",
        description="Writes predictions.csv and predictions.html. Not a medical device.",
    )
    command.add_argument("images", nargs="+", metavar="IMAGE", help="a JPEG, PNG, BMP or WebP file")
    which = command.add_mutually_exclusive_group()
    which.add_argument("--model", type=Path, metavar="DIR", help="the folder that `make deploy` made")
    which.add_argument("--config", type=Path, default=BASE, help="or the study whose student is asked")
    command.add_argument(
        "--output", type=Path, default=Path("predictions"), metavar="DIR", help="where the files go"
    )
    return root


def predict(arguments: argparse.Namespace) -> int:
    """Ask the model about each picture, write the csv and the page.

    Raises:
        InputError: where there is no whole model.
    """
    # Not before the command line is known to be right: this imports torch.
    from skinkd.deploy.answers import Student, write_answers

    student = Student(arguments.model or model_of(arguments.config))
    answers = []
    for name in arguments.images:
        answers.append(student.answer(name))
        print(answers[-1].in_words(), file=sys.stderr if answers[-1].problem else sys.stdout)
    for path in write_answers(answers, student.about, arguments.output):
        print(path)
    return EXIT_INPUT if any(answer.problem for answer in answers) else 0


def model_of(path_to_config) -> Path:
    """The folder of the student of a study.

    Raises:
        InputError: whatever is wrong with the config.
    """
    return Path(check_config(read_config(BASE, path_to_config)).results, "deploy", "model")
