"""Each fault that must be answered, made for real: what the user reads, how the job ends, what it leaves."""
