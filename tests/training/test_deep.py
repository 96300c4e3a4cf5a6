"""The base of the network methods: its contract with a small method on random features and pixels."""

import numpy as np
import pytest
import torch
from torch import nn

from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import ConfigError, DataError, SupervisionError
from hashbench.features.backbone import Backbone
from hashbench.methods.config import resolve_config
from hashbench.methods.method import Context
from hashbench.training.config import DeepConfig
from hashbench.training.deep import DeepHash
from hashbench.training.layers import head, straight_through
from hashbench.training.objective import Objective

BITS, WIDTH, IMAGES = 8, 12, 30


class Recall(DeepHash):
    """Outputs are to be the first features; remembers what its loss was shown."""

    PLUGIN_NAME = "recall"
    DESCRIPTION = "outputs that equal the first features"
    SUPERVISION = Supervision.NONE
    VIEWS = 2

    def objective(self, view):
        self.batches, self.epochs = [], []
        self.beside = nn.Linear(BITS, BITS)

        def loss(batch):
            self.batches.append(batch)
            aim = batch.features[:, :BITS]
            return sum((self.beside(outputs) - aim).square().mean() for outputs in batch.outputs)

        return Objective(loss, modules=[self.beside], on_epoch_end=self.epochs.append)


class Means(Backbone):
    """Mean colours of a picture's quarters; in training mode it would give something else."""

    PLUGIN_NAME = "means"
    DESCRIPTION = "mean colours"
    DIM, SIDE, CROP = WIDTH, 12, 8
    MEAN, STD = (0.0,) * 3, (1.0,) * 3

    def own_weights(self):
        raise AssertionError("has none")

    def build(self, state):
        raise AssertionError("has none")

    def network(self):
        return _Quarters()


class _Quarters(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.seen = []

    def forward(self, pixels):
        assert not self.training and pixels.dtype == torch.uint8
        self.seen.append(pixels.shape)
        return torch.nn.functional.adaptive_avg_pool2d(pixels / 255, 2).flatten(1) * self.scale


def made(*, bits=BITS, seed=0, backbone=None, **settings):
    chosen = {"iterations": 20, "batch_size": 10, **settings}
    return Recall(DeepConfig(**chosen), Context(bits=bits, seed=seed, backbone=backbone))


def view_of(images):
    return TrainView(
        images, Supervision.NONE, load_tags=lambda: None, load_web=lambda: None, load_labels=lambda: None
    )


@pytest.fixture(scope="module")
def images():
    features = np.random.default_rng(0).standard_normal((IMAGES, WIDTH)).astype(np.float32)
    features.flags.writeable = False
    return ImageView(features=features)


@pytest.fixture(scope="module")
def pictures_of_noise():
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, 12, 12, 3), dtype=np.uint8)
    pixels.flags.writeable = False
    return ImageView(pixels=pixels)


def fitted(images, **options):
    method = made(**options)
    method.prepare()
    method.fit(view_of(images))
    return method


def test_the_loss_falls_and_steps_and_epochs_are_as_asked(images):
    method = fitted(images, iterations=301, learning_rate=0.01)
    assert len(method.batches) == 301 and method.epochs == list(range(1, 102))
    aim = images.features[:, :BITS]
    with torch.no_grad():
        reached = method.beside(torch.from_numpy(method.embed(images))).numpy()
    assert np.square(reached - aim).mean() < 0.1 * np.square(aim).mean()


def test_a_batch_is_the_features_of_its_images_as_often_as_asked(images):
    for batch in fitted(images).batches:
        assert len(batch.views) == Recall.VIEWS
        for features in batch.views:
            assert np.array_equal(features.numpy(), images.features[batch.indices.numpy()])


def test_what_is_trained_beside_the_network_changes_and_is_not_kept(images):
    method, hardly = fitted(images), fitted(images, learning_rate=1e-12)
    assert not torch.allclose(method.beside.weight, hardly.beside.weight)
    assert {name: array.shape for name, array in method.state().items()} == {
        "width": (),
        "head.1.weight": (BITS, WIDTH),
        "head.1.bias": (BITS,),
    }


@pytest.mark.parametrize("hidden", [0, 5])
def test_state_gives_the_network_back(images, hidden):
    method = fitted(images, hidden=hidden, dropout=0.5)
    other = made(seed=7, hidden=hidden, dropout=0.5)
    before = torch.random.get_rng_state()
    other.load_state({name: array.copy() for name, array in method.state().items()})
    assert torch.equal(torch.random.get_rng_state(), before)
    assert np.array_equal(other.embed(images), method.embed(images))
    assert np.array_equal(other.encode(images).packed, method.encode(images).packed)
    assert method.trained_parameters == sum(p.numel() for p in method.network.parameters())


def test_the_state_is_a_copy_that_no_gradient_holds(images):
    method = fitted(images)
    state = {name: array.copy() for name, array in method.state().items()}
    other = made()
    other.load_state(state)
    other.fit(view_of(images))
    assert all(np.array_equal(array, method.state()[name]) for name, array in state.items())


def test_the_seed_settles_everything_and_nothing_else_moves(images):
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    one = fitted(images, dropout=0.5).embed(images)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    assert np.array_equal(fitted(images, dropout=0.5).embed(images), one)
    assert not np.array_equal(fitted(images, dropout=0.5, seed=1).embed(images), one)


def test_what_was_trained_before_does_not_matter(images):
    method = fitted(images, dropout=0.5)
    once = method.embed(images)
    method.fit(view_of(images))
    assert np.array_equal(method.embed(images), once)


def test_dropout_tells_views_apart_in_training_and_is_off_when_embedding(images):
    method = fitted(images, dropout=0.5)
    assert all(not torch.equal(*batch.outputs) for batch in method.batches)
    assert all(torch.equal(*batch.outputs) for batch in fitted(images).batches)
    assert np.array_equal(method.embed(images), method.embed(images))
    weights = method.state()
    by_hand = images.features @ weights["head.1.weight"].T + weights["head.1.bias"]
    assert np.allclose(method.embed(images), by_hand, atol=1e-5)


def test_embedding_takes_more_images_than_fit_a_batch(images):
    many = ImageView(features=np.tile(images.features, (20, 1)))
    method = fitted(images)
    assert np.allclose(method.embed(many), np.tile(method.embed(images), (20, 1)), atol=1e-6)
    assert method.embed(many).dtype == np.float32


def test_pixels_are_asked_for_only_where_they_are_augmented(images, pictures_of_noise):
    assert (made().inputs, made(augment="views").inputs) == ("features", "pixels")
    with pytest.raises(SupervisionError, match="asked for features"):
        made().fit(view_of(pictures_of_noise))
    with pytest.raises(SupervisionError, match="asked for pixels"):
        made(augment="views", backbone=Means()).fit(view_of(images))


def test_augmented_pixels_need_a_backbone(pictures_of_noise):
    method = made(augment="views")
    with pytest.raises(
        ConfigError, match="training on pixels needs a backbone. Expected one in the method's"
    ):
        method.fit(view_of(pictures_of_noise))


def test_augmented_views_differ_and_embeddings_come_from_the_middle(pictures_of_noise):
    method = fitted(pictures_of_noise, augment="views", backbone=Means(), iterations=4)
    assert all(
        not torch.equal(*batch.views) and batch.features.shape == (10, WIDTH) for batch in method.batches
    )
    middle = torch.from_numpy(np.array(pictures_of_noise.pixels[:, 2:10, 2:10])).permute(0, 3, 1, 2)
    with torch.no_grad():
        by_hand = method.network(Means().network().eval()(middle))
    assert np.allclose(method.embed(pictures_of_noise), by_hand.numpy(), atol=1e-6)


def test_augmentation_follows_the_seed(pictures_of_noise):
    one, same, other = (
        fitted(pictures_of_noise, augment="views", backbone=Means(), iterations=3, seed=seed)
        .batches[-1]
        .features
        for seed in (0, 0, 1)
    )
    assert torch.equal(one, same) and not torch.equal(one, other)


@pytest.mark.parametrize("settings", [{}, {"ten_crop": True}])
def test_the_module_gives_what_embed_gives(pictures_of_noise, images, settings):
    on_pixels = fitted(pictures_of_noise, augment="crop", backbone=Means(), iterations=2, **settings)
    on_features = fitted(images, iterations=2)
    for method, view, rows in (
        (on_pixels, pictures_of_noise, pictures_of_noise.pixels),
        (on_features, images, images.features),
    ):
        with torch.inference_mode():
            found = method.module()(torch.from_numpy(np.array(rows))).numpy()
        assert np.allclose(found, method.embed(view), atol=1e-6)


def test_the_backbone_is_frozen_and_sees_its_crop(pictures_of_noise):
    method = made(augment="views", backbone=Means())
    source = method.harness.source
    for view in ("one", "two"):
        source.training(source.read(pictures_of_noise, np.arange(3)), view, 0, 3)
    source.evaluation(source.read(pictures_of_noise, slice(0, 5)))
    assert source.frozen.seen == [(3, 3, 8, 8)] * 2 + [(5, 3, 8, 8)]
    assert not any(parameter.requires_grad for parameter in source.frozen.parameters())
    assert source.width(pictures_of_noise) == WIDTH


def test_signs_pass_gradients_as_if_they_were_the_values():
    values = torch.tensor([-2.0, 0.0, 0.3], requires_grad=True)
    signs = straight_through(values)
    assert signs.tolist() == pytest.approx([-1, -1, 1])
    (signs * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert values.grad.tolist() == [1, 2, 3]


def test_a_head_has_a_hidden_layer_where_it_is_wanted():
    shapes = [[tuple(p.shape) for p in head(6, 3, hidden=hidden).parameters()] for hidden in (0, 4)]
    assert shapes == [[(3, 6), (3,)], [(4, 6), (4,), (3, 4), (3,)]]


def test_a_rate_that_is_too_high_says_so(images):
    wild = ImageView(features=images.features * np.float32(1e19))
    with pytest.raises(DataError, match="Lower the learning rate"):
        made(learning_rate=1e3).fit(view_of(wild))


@pytest.mark.parametrize(
    ("key", "value"), [("iterations", "0"), ("batch_size", "1"), ("dropout", "1"), ("decay", "0")]
)
def test_settings_out_of_range_are_refused(key, value):
    with pytest.raises(ConfigError, match=f"recall setting {key}='{value}'"):
        resolve_config("recall", DeepConfig, {}, {key: value})
