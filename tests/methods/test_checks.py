"""What methods refuse before they train."""

import pytest

from opensearch.config import TrainConfig
from opensearch.errors import InvalidInput
from opensearch.methods import checks
from opensearch.methods.on_features import FeaturesConfig, OnFeatures

TWO = {"photo": ["cat", "cup", "key"], "sketch": ["cat", "cup", "sun"]}


class Heads(OnFeatures[FeaturesConfig]):
    name = "heads"
    config = FeaturesConfig

    def fit(self, context, domains, start):
        raise NotImplementedError


def test_two_domains_with_two_categories_in_common_will_do():
    checks.refuse_single_domain("m", TWO)
    checks.refuse_few_shared("m", TWO)
    checks.refuse_missing_domain("m", "photo", "m.target", TWO)
    Heads().check_data(FeaturesConfig(method="heads"), TWO)


def test_a_single_domain_is_named():
    told = r"method m learns across domains, and there are files of photo alone\. Give it files of"
    with pytest.raises(InvalidInput, match=told):
        checks.refuse_single_domain("m", {"photo": ["cat"]})


def test_a_domain_that_shares_too_little_is_named():
    lone = {**TWO, "shape": ["sun", "car"]}
    with pytest.raises(InvalidInput, match="domain 'shape' shares 1 categories with any other"):
        checks.refuse_few_shared("m", lone)
    with pytest.raises(InvalidInput, match="'shape' shares 0 categories with domain 'photo'"):
        checks.refuse_few_shared("m", lone, target="photo")


def test_a_domain_that_is_wanted_and_missing_is_named_with_the_setting():
    told = r"wants files of domain 'shape'; there are files of photo, sketch\. Choose another by"
    with pytest.raises(InvalidInput, match=told):
        checks.refuse_missing_domain("m", "shape", "m.target", TWO)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"space": {"provider": "lexicon"}}, "learns the points of its categories itself: its"),
        ({"space": {"provider": "onehot", "transform": "centre"}}, "got onehot and centre"),
        ({"backbone": {"mode": "finetune"}}, "features of a frozen backbone, got backbone.mode"),
        ({"domains": {"shape": {"pooling": "upright"}}}, "domains.shape.pooling: method heads"),
    ],
)
def test_settings_that_a_method_on_features_has_no_use_for_are_refused(given, told):
    with pytest.raises(InvalidInput, match=told):
        Heads().check(FeaturesConfig(method="heads", **given))


def test_its_defaults_pass_and_average_features_of_views():
    config = FeaturesConfig(method="heads")
    Heads().check(config)
    assert not Heads().learns(config)
    assert config.domain("shape").pooling == "mean-features"
    assert isinstance(config, TrainConfig)


def test_domains_that_share_too_little_with_the_target_are_named_though_they_share_with_another():
    apart = {**TWO, "shape": ["key", "car"]}
    told = "'sketch' shares 0 categories with domain 'shape'"
    with pytest.raises(InvalidInput, match=told):
        checks.refuse_no_target("m", "shape", {**apart, "photo": ["key", "car", "cat", "cup"]})
    with pytest.raises(InvalidInput, match=r"files of domain 'clip'.*Choose another by m\.target"):
        checks.refuse_no_target("m", "clip", apart)
