"""Shares and folds that leave nothing are refused when the config is read, before anything is fetched."""

import pytest

from skinkd.config import read_config
from skinkd.errors import InputError
from skinkd.signatures import names_in
from skinkd.split_shares import problems_of_shares
from skinkd.study import BASE, open_study


@pytest.mark.parametrize(
    ("split", "given", "message"),
    [
        ("ssd_kd_image", {"test_share": 0.0}, "split.test_share: 0.0 leaves nothing to its part"),
        ("ssd_kd_image", {"test_share": 1.0}, "split.test_share: 1.0 leaves nothing beside its part"),
        ("ssd_kd_lesion", {"folds": 1}, "split.folds: 1 leaves nothing to validate on"),
        ("dsnet_lesion", {"validation_share": 0.0}, "split.validation_share: 0.0 leaves nothing"),
        ("dsc_image", {"share": 0.0}, "split.share: 0.0 leaves nothing to its part"),
        # The other share is at its default, 0.2.
        ("davidi_park_image", {"train_share": 0.8}, "train_share 0.8 and validation_share 0.2 leave nothing"),
        ("davidi_park_lesion", {"train_share": 0.5, "validation_share": 0.5}, "leave nothing to test on"),
    ],
)
def test_what_leaves_nothing_is_named(split, given, message):
    problems = problems_of_shares(split, given, folds=[1])
    assert message in "; ".join(problems)
    assert len(problems) == 1


def test_a_fold_that_the_split_does_not_deal_is_named():
    (problem,) = problems_of_shares("ssd_kd_image", {"folds": 5}, folds=[1, 5, 6])
    assert problem == "folds: 6 is not one of the split's folds, 1 to 5"


def test_all_of_the_papers_counts_may_be_taken():
    assert problems_of_shares("dsc_image", {"share": 1.0}, folds=[0]) == []


def test_the_defaults_of_every_split_leave_something():
    for split in names_in("splits"):
        assert problems_of_shares(split, {}, folds=[1]) == [], split


def test_the_study_does_not_open_and_names_file_and_protocol():
    changes = {"demo": {"davidi_park": {"split": {"train_share": 0.9, "validation_share": 0.1}}}}
    with pytest.raises(
        InputError, match=r"davidi_park.yaml \(as_published\).*0.9 and validation_share 0.1 leave"
    ):
        open_study(read_config(BASE, changes=changes))
