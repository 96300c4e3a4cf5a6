"""AlexNet with weights that nobody has trained: what they are makes no difference to the time."""

import torch
from torchvision import models

from hashbench.features.backbone import Backbone
from hashbench.features.network import Normalised


class MadeAlexNet(Backbone):
    """AlexNet up to fc7, as the registered one, without a file."""

    PLUGIN_NAME, DESCRIPTION = "made-alexnet", "AlexNet with fresh weights"
    DIM, SIDE, CROP = 4096, 256, 224
    MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

    def own_weights(self):
        raise AssertionError("has none")

    def build(self, state):
        raise AssertionError("has none")

    def network(self):
        """The same network every time."""
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = models.alexnet(weights=None)
        network.classifier = network.classifier[:-1]
        return Normalised(network, self.MEAN, self.STD)
