"""Ways to do the work that is compared, one file each.

Each file has `prepare(**settings)`, which returns a function without arguments. A call of that does the work
once and says what it was: `images`, and where the whole call is not what counts, `cpu_s` and `wall_s`.
"""
