"""What the papers claim, put to the test: declared in `config/trials`, judged by what the study measured."""
