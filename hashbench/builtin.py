"""What the core itself brings, through the same hooks as any plugin: backbones and tag protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hashbench.hookspecs import hookimpl

if TYPE_CHECKING:
    from hashbench.features.backbone import Backbone
    from hashbench.features.family import BackboneFamily
    from hashbench.tags.protocol import TagProtocol


@hookimpl
def hashbench_backbones() -> list[type[Backbone]]:
    """Bring EfficientNet-Lite0 and torchvision's classic networks."""
    from hashbench.features.lite import EfficientNetLite0  # noqa: PLC0415
    from hashbench.features.torchvision import VGG16, AlexNet, ResNet18, ResNet50  # noqa: PLC0415

    return [EfficientNetLite0, AlexNet, VGG16, ResNet18, ResNet50]


@hookimpl
def hashbench_backbone_families() -> list[type[BackboneFamily]]:
    """Bring all of torchvision and timm."""
    from hashbench.features.timm import Timm  # noqa: PLC0415
    from hashbench.features.torchvision import Torchvision  # noqa: PLC0415

    return [Timm, Torchvision]


@hookimpl
def hashbench_tag_protocols() -> list[type[TagProtocol]]:
    """Bring all tags and cleaned photo tags, both also without the words of the labels."""
    from hashbench.tags.protocol import (  # noqa: PLC0415
        PhotoTags,
        PhotoTagsWithoutLabelWords,
        PlainTags,
        TagsWithoutLabelWords,
    )

    return [PlainTags, TagsWithoutLabelWords, PhotoTags, PhotoTagsWithoutLabelWords]
