"""The student that ships: chosen on validation, exported, quantised, timed, described, and asked."""
