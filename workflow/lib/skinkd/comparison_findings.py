"""What the comparisons of one paper come to, in one sentence."""

from skinkd import formats
from skinkd.lookups import protocol_label, protocols_of


def family_sentence(results: dict, paper: str) -> str:
    """How many arms differ from their baseline if one allows for their number; empty without comparisons."""
    judged = [
        record
        for record in results.get("comparisons", [])
        if record["paper"] == paper and record["conclusion"] != "undefined"
    ]
    families = {
        protocol: [record for record in judged if record["protocol"] == protocol]
        for protocol in protocols_of(results, paper)
    }
    said = [_family(protocol, records) for protocol, records in families.items() if records]
    if not said:
        return ""
    return f"With the number of comparisons allowed for (Holm), {'; '.join(said)}."


def _family(protocol: str, records: list[dict]) -> str:
    """One family: how many were shown to differ, and what would have been found."""
    shown = sum(record["p_holm"] <= record["error_rate"] for record in records)
    size = records[0]["family_size"]
    words = (
        f"{shown} of {formats.plural(size, 'arm')} differ{'s' if 1 in (shown, size) else ''}",
        f"from the baseline ({protocol_label(protocol).lower()}",
    )
    return f"{' '.join(words)}{_detectable(records)})"


def _detectable(records: list[dict]) -> str:
    """From where on differences would be found; empty where all arms decide as their baseline does."""
    found = sorted(filter(None, (record["detectable_difference"] for record in records)))
    if not found:
        return ""
    ends = dict.fromkeys(f"{100 * end:.1f}" for end in (found[0], found[-1]))
    return f", where {' to '.join(ends)} pp would be found with {formats.level(records[0]['power'])} power"
