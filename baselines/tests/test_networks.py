"""The unsupervised networks: every loss and layer against the formulas, written out image by image."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from hashbench.data.images import decode_one
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.methods.config import resolve_config
from hashbench.methods.method import Context
from hashbench.plugins import Plugins, pick
from hashbench.training.layers import Network, head, straight_through
from hashbench.training.objective import Batch
from hashbench_baselines.bihalf import BiHalf, bi_half
from hashbench_baselines.cibhash import CIBHash, divergence
from hashbench_baselines.greedyhash import GreedyHash, sign_penalty
from hashbench_baselines.mecoq import MeCoQ
from hashbench_baselines.shared.similarity import contrastive_loss, similarity_error
from hashbench_baselines.shared.soft_codebooks import CodeMemory, SoftCodebooks

NETWORKS = [GreedyHash, BiHalf, CIBHash, MeCoQ]
every_network = pytest.mark.parametrize("cls", NETWORKS, ids=lambda cls: cls.PLUGIN_NAME)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def view_of(images):
    return TrainView(
        images, Supervision.NONE, load_tags=lambda: None, load_web=lambda: None, load_labels=lambda: None
    )


def cosine(one, other):
    return float(one @ other / (one.norm() * other.norm()))


def started(cls, width=20, bits=16, **settings):
    """A method with fresh weights in double precision, its objective and a batch of two views."""
    method = cls(cls.Config(**{"dropout": 0.0, **settings}), Context(bits=bits))
    method.network = Network(method.build(width), width).double()
    view = view_of(ImageView(features=np.zeros((6, width), dtype=np.float32)))
    return method, method.objective(view), batch_of(method, random(6, width), random(6, width, seed=1))


def batch_of(method, *views, epoch=0):
    """A batch as the harness makes it: what the network makes of each view beside it."""
    return Batch(torch.arange(len(views[0])), views, tuple(map(method.network, views)), epoch=epoch)


def weights_gradient(method):
    return next(parameter.grad for parameter in method.network.parameters() if parameter.grad is not None)


# ---- similarity


def test_similarity_error_is_the_mean_over_neighbours_in_the_batch():
    features, codes = random(5, 7), random(5, 3, seed=1)
    errors = [
        (cosine(features[i], features[(i + 1) % 5]) - cosine(codes[i], codes[(i + 1) % 5])) ** 2
        for i in range(5)
    ]
    assert similarity_error(features, codes).item() == pytest.approx(np.mean(errors))
    assert similarity_error(features, 3 * features).item() == pytest.approx(0, abs=1e-15)


def naive_contrast(first, second, temperature, prior=0.0, memory=()):
    """Equation by equation: every view is told from all views of other images and from memory."""
    views = [*first, *second]
    losses = []
    for place, view in enumerate(views):
        partner = (place + len(first)) % len(views)
        positive = math.exp(cosine(view, views[partner]) / temperature)
        others = [v for i, v in enumerate(views) if i not in {place, partner}] + [*memory]
        negatives = [math.exp(cosine(view, other) / temperature) for other in others]
        count = len(negatives)
        debiased = (sum(negatives) - count * prior * positive) / (1 - prior)
        debiased = max(debiased, count * math.exp(-1 / temperature))
        losses.append(-math.log(positive / (positive + debiased)))
    return np.mean(losses)


@pytest.mark.parametrize("prior", [0.0, 0.15, 0.9])
@pytest.mark.parametrize("remembered", [0, 5])
def test_contrastive_loss_is_the_naive_one(prior, remembered):
    first, second, memory = random(4, 6), random(4, 6, seed=1), random(remembered, 6, seed=2)
    for partner in (second, first + 0.1 * second):
        loss = contrastive_loss(first, partner, 0.4, prior=prior, memory=memory if remembered else None)
        assert loss.item() == pytest.approx(naive_contrast(first, partner, 0.4, prior, memory))


def test_contrastive_loss_without_a_prior_is_the_cross_entropy():
    first, second = random(4, 6), random(4, 6, seed=1)
    rows = functional.normalize(torch.cat([first, second]))
    logits = (rows @ rows.T / 0.3).fill_diagonal_(-torch.inf)
    partner = (torch.arange(8) + 4) % 8
    assert torch.isclose(contrastive_loss(first, second, 0.3), functional.cross_entropy(logits, partner))


def test_contrastive_loss_has_the_gradient_of_its_differences():
    first, second, memory = random(3, 4).requires_grad_(), random(3, 4, seed=1), random(2, 4, seed=2)
    assert torch.autograd.gradcheck(
        lambda rows: contrastive_loss(rows, second, 0.5, prior=0.1, memory=memory), first
    )


# ---- GreedyHash


def test_sign_penalty_by_hand():
    assert sign_penalty(torch.tensor([[1.0, -1.0], [3.0, 0.5]])).item() == pytest.approx((8 + 0.125) / 4)


class LiteralSign(torch.autograd.Function):
    """Sign forward, identity backward (the paper's equation 7)."""

    @staticmethod
    def forward(ctx, values):
        return values.sign()

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def test_greedyhash_has_the_loss_and_the_gradient_of_the_paper():
    method, objective, batch = started(GreedyHash, alpha=0.3)
    objective.loss(batch).backward()
    ours = weights_gradient(method).clone()
    method.network.zero_grad()
    outputs = method.network(batch.features)
    error = similarity_error(batch.features, LiteralSign.apply(outputs))
    literal = error + 0.3 * ((outputs.abs() - 1) ** 3).abs().mean()
    literal.backward()
    assert torch.isclose(objective.loss(batch), literal)
    assert torch.allclose(weights_gradient(method), ours)


# ---- Bi-half Net


class LiteralBiHalf(torch.autograd.Function):
    """The layer with its gradient written by hand (the paper's equations 8 and 10)."""

    @staticmethod
    def forward(ctx, outputs, gamma):
        codes = -torch.ones_like(outputs)
        for bit in range(outputs.shape[1]):
            best = sorted(range(len(outputs)), key=lambda image: -outputs[image, bit])
            codes[best[: len(outputs) // 2], bit] = 1
        ctx.save_for_backward(outputs, codes)
        ctx.gamma = gamma
        return codes

    @staticmethod
    def backward(ctx, gradient):
        outputs, codes = ctx.saved_tensors
        return gradient + ctx.gamma * (outputs - codes) / codes.numel(), None


@pytest.mark.parametrize("count", [2, 7, 64])
def test_the_layer_halves_every_bit_of_a_batch(count):
    outputs = random(count, 12) + 5
    outputs[:, 3] = 1.0
    codes, _ = bi_half(outputs)
    assert ((codes > 0).sum(dim=0) == count // 2).all()
    assert torch.allclose(codes.abs(), torch.ones_like(codes))
    for bit in set(range(12)) - {3}:
        assert outputs[codes[:, bit] > 0, bit].min() > outputs[codes[:, bit] < 0, bit].max()


@pytest.mark.parametrize("gamma", [0.0, 6.0])
def test_bihalf_has_the_codes_and_the_gradient_of_the_paper(gamma):
    method, objective, batch = started(BiHalf, gamma=gamma)
    objective.loss(batch).backward()
    ours = weights_gradient(method).clone()
    method.network.zero_grad()
    outputs = method.network(batch.features)
    codes = LiteralBiHalf.apply(outputs, gamma)
    assert torch.allclose(bi_half(outputs)[0], codes)
    similarity_error(batch.features, codes).backward()
    assert torch.allclose(weights_gradient(method), ours)


def test_bits_of_bihalf_are_balanced_on_real_pictures(pictures):
    def imbalance(cls):
        method = cls(cls.Config(iterations=150), Context(bits=32))
        method.fit(pictures.train())
        return np.abs(method.encode(pictures.database()).signs().mean(axis=0)).mean()

    assert imbalance(BiHalf) < 0.15 < imbalance(GreedyHash)


# ---- CIBHash


def test_divergence_is_that_of_independent_coins():
    one, other = random(3, 5).sigmoid(), random(3, 5, seed=1).sigmoid()
    for chances, fixed in ((one, other), (other, one)):
        coins = torch.distributions.Bernoulli(chances), torch.distributions.Bernoulli(fixed)
        expected = torch.distributions.kl_divergence(*coins).sum(dim=1).mean()
        assert torch.isclose(divergence(chances, fixed), expected)
    assert divergence(one, one).item() == pytest.approx(0, abs=1e-12)


def test_divergence_is_finite_for_certain_bits_and_spares_the_other_view():
    chances, other = (torch.tensor([[0.0, 1.0]], requires_grad=True) for _ in range(2))
    divergence(chances, 1 - other).backward()
    assert torch.isfinite(chances.grad).all() and other.grad is None


def test_cibhash_has_the_loss_and_the_gradient_of_the_paper():
    method, objective, batch = started(CIBHash, weight=0.2, hidden=9)
    objective.loss(batch).backward()
    ours = weights_gradient(method).clone()
    method.network.zero_grad()
    one, other = (torch.sigmoid(method.network(features)) for features in batch.views)
    signs = [LiteralSign.apply(chances - 0.5) for chances in (one, other)]
    loss = contrastive_loss(*signs, 0.3) + 0.2 * (divergence(one, other) + divergence(other, one)) / 2
    loss.backward()
    assert torch.isclose(objective.loss(batch), loss)
    assert loss.item() == pytest.approx(
        naive_contrast(*(s.detach() for s in signs), 0.3)
        + 0.1 * (divergence(one, other) + divergence(other, one)).item()
    )
    assert torch.allclose(weights_gradient(method), ours)


def test_a_bit_is_set_where_its_chance_is_above_a_half():
    method, _, batch = started(CIBHash)
    outputs = method.network(batch.features).detach()
    signs = straight_through(outputs.sigmoid() - 0.5).numpy()
    assert np.array_equal(method.quantize(outputs.numpy()).signs(), np.sign(signs))


# ---- MeCoQ


def codebooks(books=3, words=8, width=4, *, learn=True):
    torch.manual_seed(0)
    return SoftCodebooks(head(10, books * width), books, words, width, learn=learn).double()


def test_embeddings_and_codewords_have_slices_of_length_one():
    network = codebooks()
    embeddings = network(random(5, 10)).unflatten(1, (3, 4))
    assert torch.allclose(embeddings.norm(dim=2), torch.ones(5, 3, dtype=torch.float64))
    assert torch.allclose(network.codewords.norm(dim=2), torch.ones(3, 8, dtype=torch.float64))


def test_soft_codes_are_the_naive_ones():
    network, codewords = codebooks(), codebooks().codewords.detach().numpy()
    embeddings = network(random(5, 10)).detach()
    choice = network.log_choice(embeddings, 10.0).exp().detach().numpy()
    rebuilt = network.mix(torch.from_numpy(choice)).detach().numpy()
    for image in range(5):
        for book in range(3):
            part = embeddings.numpy()[image, 4 * book : 4 * book + 4]
            weights = np.exp(10 * codewords[book] @ part)
            weights /= weights.sum()
            assert np.allclose(choice[image, book], weights)
            assert np.allclose(rebuilt[image, 4 * book : 4 * book + 4], weights @ codewords[book])


def test_the_sharper_the_softer_choice_the_closer_to_the_hard_one():
    method, _, batch = started(MeCoQ)
    embeddings = method.network(batch.features).detach()
    codes = method.quantize(embeddings.numpy().astype(np.float32))
    gaps = []
    for sharpness in (1.0, 10.0, 100.0, 1e5):
        soft = method.head.mix(method.head.log_choice(embeddings, sharpness).exp()).detach().numpy()
        gaps.append(np.abs(soft - codes.reconstruct()).max())
    assert sorted(gaps, reverse=True) == gaps and gaps[-1] < 1e-4


def test_hard_codes_are_the_nearest_codewords_by_either_distance():
    method, _, batch = started(MeCoQ)
    embeddings = method.network(batch.features).detach().numpy().astype(np.float32)
    codewords = method.head.codewords.detach().numpy()
    codes = method.quantize(embeddings)
    for image, indices in enumerate(codes.indices):
        slices = embeddings[image].reshape(2, 1, 16)
        assert np.array_equal(np.square(slices - codewords).sum(axis=2).argmin(axis=1), indices)
    products = embeddings @ codes.reconstruct().T
    by_slice = sum(
        embeddings[:, 16 * m : 16 * m + 16] @ codewords[m][codes.indices[:, m]].T for m in range(2)
    )
    assert np.allclose(products, by_slice, atol=1e-5)


def test_crowding_is_the_mean_over_all_pairs():
    network = codebooks()
    pairs = [
        float(words[k] @ words[j])
        for words in network.codewords.detach()
        for k in range(8)
        for j in range(8)
    ]
    assert network.crowding().item() == pytest.approx(np.mean(pairs))


def test_the_memory_keeps_the_newest_codes_and_reads_them_with_todays_codewords():
    network, memory = codebooks(), CodeMemory(5, 3, 8)
    assert memory.recall(network) is None
    batches = [random(2, 3, 8, seed=seed).softmax(dim=2) for seed in range(4)]
    for number, batch in enumerate(batches):
        memory.add(batch.requires_grad_())
        newest = torch.cat(batches[: number + 1])[-5:]
        assert torch.allclose(memory.recall(network), network.mix(newest))
    with torch.no_grad():
        network._codebooks.neg_()
    recalled = memory.recall(network)
    assert torch.allclose(recalled, network.mix(torch.cat(batches)[-5:])) and not recalled.requires_grad


def test_a_memory_of_nothing_and_one_smaller_than_a_batch():
    network, choice = codebooks(), random(4, 3, 8).softmax(dim=2)
    nothing, small = CodeMemory(0, 3, 8), CodeMemory(3, 3, 8)
    nothing.add(choice)
    small.add(choice)
    assert nothing.recall(network) is None
    assert torch.allclose(small.recall(network), network.mix(choice[1:]))


def literal_mecoq(method, batch, memory=()):
    """The loss of a batch, from the settings that the test below makes."""
    words, total, mixed = method.head.codewords, 0.0, []
    for features in batch.views:
        slices = method.network(features).view(6, 2, 16)
        soft = torch.softmax(10 * torch.einsum("bmd,mkd->bmk", slices, words), dim=2)
        total += 0.5 * 0.7 * -(soft * soft.log()).sum(dim=2).mean()
        mixed.append(torch.stack([torch.cat([s[m] @ words[m] for m in range(2)]) for s in soft]))
    total += 0.4 * torch.einsum("mkd,mjd->mkj", words, words).mean()
    return total + naive_contrast(*(rows.detach() for rows in mixed), 0.4, 0.1, memory), mixed


def test_mecoq_has_the_loss_of_the_paper_and_remembers_after_some_epochs():
    settings = {"entropy": 0.7, "diversity": 0.4, "prior": 0.1, "memory": 100, "memory_after": 1}
    method, objective, batch = started(MeCoQ, learn_codewords=True, **settings)
    expected, mixed = literal_mecoq(method, batch)
    for _ in range(2):
        assert objective.loss(batch).item() == pytest.approx(expected.item())
    batch = replace(batch, epoch=1)
    expected, _ = literal_mecoq(method, batch, torch.cat(mixed * 2).detach())
    assert objective.loss(batch).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("learn", [True, False])
def test_codewords_are_trained_only_where_they_are_to_be(learn, pictures):
    method = MeCoQ(MeCoQ.Config(iterations=2, learn_codewords=learn), Context(bits=16))
    method.fit(pictures.train())
    kept = MeCoQ(MeCoQ.Config(iterations=1, learn_codewords=learn), Context(bits=16))
    kept.fit(pictures.train())
    same = torch.equal(method.head.codewords, kept.head.codewords)
    assert same is not learn
    assert method.trained_parameters == 32 * 1281 + learn * 2 * 256 * 16


# ---- all of them


@every_network
def test_settings_of_every_preset_are_valid(cls):
    assert [*cls.PRESETS] == ["small", "paper"]
    backbones = Plugins().backbones
    for preset in cls.PRESETS.values():
        resolve_config(cls.PLUGIN_NAME, cls.Config, preset.config, {})
        assert preset.backbone is None or preset.backbone in backbones


@every_network
@pytest.mark.parametrize("bits", [8, 128])
def test_a_few_equal_pictures_do_not_break_training(cls, bits):
    images = ImageView(features=np.ones((3, 16), dtype=np.float32))
    method = cls(cls.Config(iterations=3), Context(bits=bits))
    method.fit(view_of(images))
    assert len(method.encode(images)) == 3 and method.encode(images).bits == bits


@pytest.fixture(scope="module")
def few_pixels():
    """Twelve real pictures as pixels, and the default backbone."""
    plugins = Plugins()
    backbone = pick("backbone", None, plugins.backbones)()
    images = pick("data set", None, plugins.datasets)().images()
    pixels = np.stack([decode_one(images, index, backbone.SIDE) for index in range(12)])
    return ImageView(pixels=pixels), backbone


@every_network
def test_pixels_are_augmented_end_to_end(cls, few_pixels):
    images, backbone = few_pixels
    config = cls.Config(augment="views", iterations=1, batch_size=4)
    method = cls(config, Context(bits=8, backbone=backbone))
    method.prepare()
    method.fit(view_of(images))
    codes = method.encode(images)
    assert (len(codes), codes.bits) == (12, 8)
