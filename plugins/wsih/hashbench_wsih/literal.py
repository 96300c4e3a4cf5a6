"""The formulas of WSIH as they are written, pair by pair: what `losses` and `network` equal.

Tests hold them to these; nothing else uses them.

B = batch, C = concepts, F = feature dimensions, L1 = width of the first layer.
"""

from __future__ import annotations

import math

import numpy as np


def prototype_loss(
    codes: np.ndarray, scores: np.ndarray, concepts: np.ndarray, weights: tuple[float, float, float, float]
) -> float:
    """Stage 1: codes (B, bits), scores (B, C), concepts (B,); weights l1 ... l4."""
    count = len(codes)
    entropy = sum(
        -math.log(math.exp(row[concept]) / sum(math.exp(value) for value in row))
        for row, concept in zip(scores, concepts, strict=True)
    )
    gap = sum(
        (max(_cosine(codes[i], codes[j]), 0.0) - float(concepts[i] == concepts[j])) ** 2
        for i in range(count)
        for j in range(count)
    )
    inner = [[float(sum(a * b)) for b in codes.T] for a in codes.T]
    terms = (
        entropy / count,
        gap / count**2,
        float(sum(sum(row) for row in codes)) / count,
        math.sqrt(sum(value**2 for row in inner for value in row)),
    )
    return sum(weight * term for weight, term in zip(weights, terms, strict=True))


def transfer_loss(
    codes: np.ndarray, decoded: np.ndarray, features: np.ndarray, weights: tuple[float, float, float]
) -> float:
    """Stage 2: codes (B, bits), decoded and features (B, F); weights l1 ... l3."""
    count = len(codes)
    s0 = np.array([[2 * _cosine(a, b) - 1 for b in features] for a in features])
    relation = 0.0
    for i in range(count):
        for j in range(count):
            second = sum(s0[i, k] * s0[k, j] for k in range(count)) / count
            wanted = 0.7 * s0[i, j] + 0.3 * second
            relation += (_cosine(codes[i], codes[j]) - 1.2 * wanted) ** 2
    sign = np.mean([(value - np.sign(value)) ** 2 for value in codes.flat])
    semantic = np.mean([(a - b) ** 2 for a, b in zip(decoded.flat, features.flat, strict=True)])
    terms = (relation / count**2, float(sign), float(semantic))
    return sum(weight * term for weight, term in zip(weights, terms, strict=True))


def attend(features: np.ndarray, prototypes: np.ndarray) -> np.ndarray:
    """Prototype attention: features (B, L1), prototypes (C, L1); undefined where all attention is 0."""
    moved = []
    for f in features:
        a = [math.tanh(float(f @ p) / (2 * len(p))) for p in prototypes]
        mean = sum(weight * p for weight, p in zip(a, prototypes, strict=True)) / sum(a)
        moved.append(0.5 * f + 0.5 * mean)
    return np.array(moved)


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b) / math.sqrt(float(a @ a) * float(b @ b))
