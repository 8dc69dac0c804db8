"""The rows of the benchmark, one file each.

Each file has `experiments(scene) -> list[Experiment]`; that of `cuda` is empty where there is no such device.
"""
