"""How to read the leaderboard: what its numbers mean, and who was allowed to see what."""

from __future__ import annotations

from hashbench.metrics.presets import MetricPreset
from hashbench.plugins import Plugins
from hashbench.reports.faces.layout import main_heading
from hashbench.reports.leaderboard import main_metric
from hashbench.reports.site.render import page

# What each option of a preset means; see the `MetricPreset` of that name.
_DENOMINATOR = {
    "min_k_total": "the number of relevant images that could stand in the first k",
    "total": "the number of relevant images in the database",
    "retrieved": "the number of relevant images among the first k",
}
_TIES = {
    "expected": "the score is its exact mean over all orders of tied images: no luck is involved",
    "pessimistic": "tied images come in the worst order",
    "optimistic": "tied images come in the best order",
    "random": "tied images come in one random order",
    "db_order": "tied images come in the order in which the database holds them",
    "id_descending": "tied images come in the opposite of the order in which the database holds them",
    "whole_block": "tied images count as found together",
}
_NOTHING = {
    "zero": "counts 0",
    "skip": "is left out of the mean",
    "one": "counts 1",
    "error": "is refused",
}


# What each kind of noise does, by its name; see `tags.noise`.
_NOISES = {
    "missing": "each tag of each image is dropped with this probability: people type few of the words that "
    "are true",
    "random": "each tag of each image is replaced, with this probability, by one that is drawn from the "
    "vocabulary",
    "swapped": "this share of the images hand their lists of tags on around a circle, so that none keeps "
    "its own",
    "long-tail": "tags are thinned out the more the rarer they are; the rarest are dropped with this "
    "probability, the most frequent never",
}


def about_page(preset: MetricPreset, plugins: Plugins) -> bytes:
    """The page's HTML.

    Args:
        preset: How the leaderboard scores.
        plugins: What is installed: tag protocols, for what is said of them.
    """
    return page(
        "about",
        root="",
        here="about",
        preset=preset,
        main=main_heading(preset),
        band=preset.has_band(main_metric(preset)),
        denominator=_DENOMINATOR.get(preset.denominator.value, preset.denominator.value),
        ties=_TIES.get(preset.ties.value, preset.ties.value),
        no_hit=_NOTHING.get(preset.no_hit, preset.no_hit),
        protocols={name: found.DESCRIPTION for name, found in plugins.tag_protocols.items()},
        noises=_NOISES,
        no_relevant=_NOTHING.get(preset.no_relevant, preset.no_relevant),
    )
