"""A plausibility audit of printed numbers: what can be computed of them, without any of the authors' data.

One file for each check: a pure function from printed numbers to findings. Numbers are read from
`config/papers/<paper>.csv`; what only the text says is data, too, in `config/claims/<paper>.yaml`.
Printed digits stand for intervals, and counts are whole numbers: see `skinkd.plausibility.printed`.
"""
