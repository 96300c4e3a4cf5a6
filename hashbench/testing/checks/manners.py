"""Manners: towards the caller, other processes, and other devices."""

from __future__ import annotations

import pickle

import numpy as np

from hashbench.testing.caller import Caller, undisturbed
from hashbench.testing.comparing import equal, meaning, share_differing
from hashbench.testing.moments import Moments, WatchedImages
from hashbench.testing.outcome import CheckFailed, CheckSkipped, require, said
from hashbench.testing.subject import Subject, copied

# Of the embeddings' spread.
_GPU_TOLERANCE = 0.02
_GPU_CODES = 0.02


def check_caller_state(subject: Subject) -> None:
    """It leaves global random generators and switches of libraries as they were.

    Raises:
        CheckFailed: It changes one.
    """
    changed = subject.reference.disturbed
    require(
        not changed,
        f"fit or encode changed {', '.join(changed)}. Draw from generators of your own (numpy_generator "
        "and torch_generator of hashbench.training.seeding), draw weights inside torch.random.fork_rng, "
        "and set switches back in a `finally`.",
    )


def check_interruption(subject: Subject) -> None:
    """Interrupted in the middle, it lets the interrupt through, cleans up, and can be fitted again.

    Raises:
        CheckFailed: Something of the interrupted fit is left.
    """
    reference = subject.reference
    subject.require_repeatable()
    if not subject.moments:
        raise CheckSkipped("it reports nothing and reads no image, so that there is no moment")
    moments, given = Moments((subject.moments + 1) // 2), copied(subject.pictures)
    view = given.train(subject.cls.SUPERVISION, WatchedImages(given.database(), moments))
    with undisturbed():
        method = subject.build(progress=moments)
        method.prepare()
        caller = Caller()
        try:
            method.fit(view)
        except KeyboardInterrupt:
            pass
        else:
            raise CheckFailed("fit swallowed KeyboardInterrupt. Catch Exception, not BaseException.")
        left = [name for name in caller.changed() if name not in reference.disturbed]
        require(
            not left,
            f"after an interrupted fit, {', '.join(left)} is not as before. Set it back in a `finally`, or "
            "in a context manager.",
        )
        try:
            method.fit(view)
            codes = method.encode(given.query())
        except Exception as error:
            raise CheckFailed(
                f"after an interrupted fit, the next one raised {said(error)}. Let fit begin anew with all "
                "that it sets."
            ) from error
    require(
        equal(reference.query, codes),
        "after an interrupted fit, the next one gives other codes than an undisturbed one. Let fit begin "
        "anew: make generators and networks in it, and take nothing over from the last fit.",
    )


def check_pickle(subject: Subject) -> None:
    """Class and settings can be pickled, as they are on their way to a worker process.

    Raises:
        CheckFailed: They cannot.
    """
    try:
        config = subject.config
    except Exception as error:
        raise CheckSkipped(f"its settings are refused ({said(error)}): see check_presets") from error
    try:
        cls, settings = pickle.loads(pickle.dumps((subject.cls, config)))  # noqa: S301 - its own
    except Exception as error:
        raise CheckFailed(
            f"class and settings cannot be pickled ({said(error)}). Define both at the top of a module, "
            "and keep settings to plain values."
        ) from error
    require(
        cls is subject.cls and settings == config,
        "class or settings come back from a pickle as others. Define both at the top of a module.",
    )


def check_gpu(subject: Subject) -> None:
    """On a GPU it learns, and embeds within a fiftieth of the embeddings' spread of what a CPU does.

    Raises:
        CheckFailed: It does not.
    """
    import torch  # noqa: PLC0415

    fit, query = subject.reference, subject.pictures.query()
    if not torch.cuda.is_available():
        raise CheckSkipped("no CUDA device")
    with undisturbed():
        method = subject.build(device="cuda")
        method.prepare()
        try:
            method.load_state(fit.method.state())
            embedded, codes = method.embed(query), method.encode(query)
            trained = subject.fitted(device="cuda").encode(query)
        except Exception as error:
            raise CheckFailed(
                f"on a GPU, it raised {said(error)}. Put tensors on context.device, and give arrays back "
                "by tensor.cpu().numpy()."
            ) from error
    expected = fit.method.embed(query)
    apart = float(np.abs(embedded - expected).max() / max(float(expected.std()), 1e-12))
    require(
        apart <= _GPU_TOLERANCE and share_differing(meaning(codes), meaning(fit.query)) <= _GPU_CODES,
        f"with one state, embeddings of a GPU and a CPU are {apart:.3f} of their spread apart. Expected "
        f"{_GPU_TOLERANCE} or less: compute in float32, without TF32.",
    )
    require(
        len(trained) == len(query) and trained.bits == fit.query.bits,
        f"fitted on a GPU, it gave {len(trained)} codes of {trained.bits} bits. Expected what a CPU gives.",
    )
