"""The benchmark: ratios of two ways to do the same work, run in turn on one machine.

`python -m skinkd.bench [--rows 1,3] [--repeats 7]` writes `results/benchmark.json`, a table beside it, and
`results/benchmark_machine.json`: hardware, versions and settings.

A *side* is one way to do the work; it lives in a process of its own (`worker.py`), or in several, and answers
each request with a reading: pictures, CPU seconds, wall seconds. A *row* asks its sides in turn, A B A B,
and makes one ratio of each turn (`comparing.py`). Rows are in `rows/`, sides in `sides/`, one file each.
"""
