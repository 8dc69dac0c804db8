"""`python -m skinkd predict IMAGE…`: what the student that ships says of pictures."""

import sys

from skinkd.deploy.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
