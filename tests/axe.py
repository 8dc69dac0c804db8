"""axe-core, which judges how a page can be read without eyes or mouse."""

from pathlib import Path

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
JUDGE = """async (tags) => {
  const { violations, passes } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
  return {
    broken: violations.map(({ id, impact, nodes }) => [id, impact, nodes[0].html.slice(0, 200)]),
    kept: passes.map(({ id }) => id),
  };
}"""


class Axe:
    """What axe-core says of pages.

    Args:
        path: its script.
    """

    def __init__(self, path):
        self.source = Path(path).read_text(encoding="utf-8")

    def __call__(self, page) -> dict:
        """Rules that a page breaks, with impact and place, and the names of those that it keeps."""
        page.evaluate(self.source)
        return page.evaluate(JUDGE, RULES)
