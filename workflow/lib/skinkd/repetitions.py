"""Which failed jobs of training Snakemake repeats: those that were cut short, and no others.

Snakemake's `retries` do not tell exit statuses apart, and would repeat, and print, a wrong input as often. So
a job that refuses leaves a mark, and what is left of its repetitions is taken away. A job that is killed
leaves none.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from skinkd.interruptions import Interrupted, time_is_nearly_over


@contextmanager
def marked_where_in_vain(path_to_checkpoint) -> Iterator[None]:
    """Mark a job whose block fails with what a repetition would fail with, too.

    That is every error but an interruption. A full disk does not become empty by itself.
    """
    mark = _mark_of(path_to_checkpoint)
    mark.unlink(missing_ok=True)
    try:
        yield
    except Interrupted:
        raise
    except Exception:
        with suppress(OSError):
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        raise


def repeat_only_what_was_cut_short(scheduler) -> None:
    """Have Snakemake's scheduler repeat no job that left a mark, and none when the time is over."""
    handle_error = scheduler._handle_error

    def look_and_handle(job, *told, **options):
        if job.restart_times and (_is_in_vain(job) or time_is_nearly_over()):
            job.attempt = max(job.attempt, job.restart_times + 1)
        return handle_error(job, *told, **options)

    scheduler._handle_error = look_and_handle


def _is_in_vain(job) -> bool:
    """Whether a job, or one of a group, left a mark; the mark is removed."""
    places = [getattr(member.params, "checkpoint", None) for member in getattr(job, "jobs", (job,))]
    left = [mark for mark in map(_mark_of, filter(None, places)) if mark.exists()]
    for mark in left:
        mark.unlink(missing_ok=True)
    return bool(left)


def _mark_of(path_to_checkpoint) -> Path:
    """Where the mark of a job is."""
    return Path(path_to_checkpoint).with_suffix(".refused")
