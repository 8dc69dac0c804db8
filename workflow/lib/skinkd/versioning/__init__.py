"""Versions of a study: Snakemake owns the graph, DVC the bytes, git says which belong together.

inventory        which files a version is made of, and which of them one arm needs
metadata         what Snakemake remembers of each file: from what, and how it was made
lineage          the same for all files, in one file that git keeps
contents         digests, and files that were not made from what lies here
dvc_commands     the commands of DVC that record
remotes          the commands that push and pull, and what their failures mean
snapshot         `make version`: records all of it, and pushes it
restoring        `make restore`: fetches it, and lets Snakemake know what is true of it
numbers          scores, settings and curves as DVC compares them between commits
"""
