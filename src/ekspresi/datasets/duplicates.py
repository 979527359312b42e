"""Find pairs of gray images that show the same picture: exact, near or mirrored.

In: uint8 (H, W) images, sizes mixed. Out: ``Pairs`` of positions. Does not know about labels, splits or files, nor how
images are filtered (``signatures``).

Method. Exact: same size, same bytes. Otherwise all images are resized to 48 x 48 px and compared twice. First, one
blocked matrix product correlates their 12 x 12 area means; it is cheap and keeps every pair at ``COARSE`` or more.
Then band-passed 24 x 24 images (Gaussian of sigma 1 minus sigma 4 at 48 px: no lighting, no noise) are correlated over
shifts of up to 3 px in both directions. The best shift at ``FINE`` or more is the same picture. On FER+ the best scores
are bimodal with the gap at 0.8. Below are different people; above is the same photograph, re-cropped, re-lit or
re-compressed. Blurring and normalized correlation are textbook (J. P. Lewis, "Fast normalized cross-correlation",
1995); the two thresholds are ours. Faces aligned in a laboratory (CK+48) are more alike: different people reach 0.94.
Where subjects are known, check whether a pair is of one subject (``leakage`` does).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.lazy_images import Images, digests_of
from ekspresi.datasets.signatures import FINE_SIDE, SavedSignatures, Signatures, signatures_of, unit_vectors

KINDS = ("exact", "near", "mirrored")
"""Byte for byte; the same picture changed a little; the same picture flipped left to right."""

COARSE = 0.80
FINE = 0.80
METHOD = f"coarse 12 px {COARSE}, band-passed 24 px {FINE}, shifts 3"
"""The method in words; as part of the cache's key it invalidates the results of an older method."""

_SHIFT = 3
_WINDOW = FINE_SIDE - 2 * _SHIFT
_BLOCK_QUERIES = 512
_BLOCK_REFERENCES = 8192
_QUERIES_IN_MEMORY = 8192
"""Queries between two passes over the references; a signature takes 2.9 kB."""


@dataclass(frozen=True)
class Pairs:
    """Hold P pairs of images that show the same picture, ordered by query, then reference; each pair once.

    Attributes:
        queries: int64 (P,), positions in the first set.
        references: int64 (P,), positions in the second set.
        kinds: (P,) of ``KINDS``.
        scores: float32 (P,), best normalized correlation, ``FINE``..1; 1 for exact copies.

    >>> pairs = Pairs(np.array([0, 1]), np.array([4, 5]), np.array(["exact", "near"]), np.float32([1, 0.9]))
    >>> len(pairs.of("near"))
    1
    """

    queries: NDArray[np.int64]
    references: NDArray[np.int64]
    kinds: NDArray[np.str_]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.queries)

    def of(self, *kinds: str) -> "Pairs":
        """Select the pairs of some kinds."""
        return self.where(np.isin(self.kinds, kinds))

    def where(self, chosen: NDArray[np.bool_]) -> "Pairs":
        """Select the pairs where ``chosen``, bool (P,), is True."""
        return Pairs(self.queries[chosen], self.references[chosen], self.kinds[chosen], self.scores[chosen])


def find_duplicates(queries: Images, references: Images) -> Pairs:
    """Find all pairs of one picture among N and M gray images uint8 (H, W).

    Takes about 5 s for 7,000 x 28,000 images on one core, and about 3 kB of memory per image; of ``LazyImages`` 3 kB of
    disk per image instead (``signatures``).

    >>> images = np.random.default_rng(0).integers(0, 256, (2, 48, 48)).astype(np.uint8)
    >>> find_duplicates(images, images[1:]).queries.tolist()
    [1]
    """
    if len(queries) == 0 or len(references) == 0:
        return _collect([])
    exact = _exact(digests_of(queries), digests_of(references))
    return _collect([exact, *_alike(signatures_of(queries), signatures_of(references))])


def first_of_copies(images: Images) -> NDArray[np.bool_]:
    """Mark the first of identical images, bool (N,): False for every byte-identical copy of an earlier image.

    >>> first_of_copies(np.zeros((2, 4, 4), np.uint8)).tolist()
    [True, False]
    """
    first = np.zeros(len(images), dtype=bool)
    first[np.unique(digests_of(images), return_index=True)[1]] = True
    return first


_Found = tuple[NDArray[np.int64], NDArray[np.int64], str, NDArray[np.float32]]


def _exact(queries: NDArray[np.bytes_], references: NDArray[np.bytes_]) -> _Found:
    order = np.argsort(references, kind="stable")
    first, last = (np.searchsorted(references, queries, side, sorter=order) for side in ("left", "right"))
    counts = last - first
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    found = np.repeat(np.arange(len(queries)), counts)
    return found, order[within + np.repeat(first, counts)], "exact", np.ones(len(found), dtype=np.float32)


def _templates(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    """Place the center of a band-passed image (24, 24), of unit norm, at each shift on zeros: (49, 576)."""
    center = fine[_SHIFT:-_SHIFT, _SHIFT:-_SHIFT]
    center = unit_vectors(center.reshape(1, -1)).reshape(_WINDOW, _WINDOW)
    shifts = range(2 * _SHIFT + 1)
    templates = np.zeros((len(shifts) ** 2, FINE_SIDE, FINE_SIDE), dtype=np.float32)
    for number, (y, x) in enumerate((y, x) for y in shifts for x in shifts):
        templates[number, y : y + _WINDOW, x : x + _WINDOW] = center
    return templates.reshape(len(templates), -1)


def _window_norms(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the norm of each shifted window about its own mean, float32 (49, M), of band-passed (M, 24, 24)."""
    positions = 2 * _SHIFT + 1
    window = np.zeros((positions, FINE_SIDE), dtype=np.float32)
    for shift in range(positions):
        window[shift, shift : shift + _WINDOW] = 1.0
    squares = window @ np.square(fine) @ window.T - np.square(window @ fine @ window.T) / _WINDOW**2
    return np.sqrt(np.maximum(squares, 1.0)).reshape(len(fine), -1).T


def _alike(queries: Signatures | SavedSignatures, references: Signatures | SavedSignatures) -> Iterator[_Found]:
    for start in range(0, len(queries), _QUERIES_IN_MEMORY):
        some = queries.block(start, start + _QUERIES_IN_MEMORY)
        both = (("near", some), ("mirrored", some.mirrored()))
        for first in range(0, len(references), _BLOCK_REFERENCES):
            block = references.block(first, first + _BLOCK_REFERENCES)
            norms = np.ascontiguousarray(_window_norms(block.fine))
            for kind, seen in both:
                yield from _alike_in_block(seen, block, norms, kind, start, first)


def _alike_in_block(
    queries: Signatures, references: Signatures, norms: NDArray[np.float32], kind: str, start: int, first: int
) -> Iterator[_Found]:
    """Compare queries from position ``start`` on with references from position ``first`` on."""
    flat = references.fine.reshape(len(references), -1)
    for low in range(0, len(queries), _BLOCK_QUERIES):
        close = queries.coarse[low : low + _BLOCK_QUERIES] @ references.coarse.T >= COARSE
        for query in (low + np.flatnonzero(close.any(axis=1))).tolist():
            candidates = np.flatnonzero(close[query - low])
            # The center has zero mean, so the mean of the other window drops out of the product.
            scores = _templates(queries.fine[query]) @ flat[candidates].T / norms[:, candidates]
            best = scores.max(axis=0)
            same = best >= FINE
            if same.any():
                yield np.full(same.sum(), start + query), first + candidates[same], kind, best[same]


def _collect(found: Sequence[_Found]) -> Pairs:
    """Join the found pairs; keep the exact one of a repeated pair, else the better score."""
    queries = np.concatenate([np.zeros(0, np.int64), *(f[0] for f in found)])
    references = np.concatenate([np.zeros(0, np.int64), *(f[1] for f in found)])
    kinds = np.concatenate([np.zeros(0, "<U8"), *(np.full(len(f[0]), f[2], "<U8") for f in found)])
    scores = np.concatenate([np.zeros(0, np.float32), *(f[3] for f in found)])
    order = np.lexsort((-scores, kinds != "exact", references, queries))
    queries, references, kinds, scores = queries[order], references[order], kinds[order], scores[order]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (np.diff(queries) != 0) | (np.diff(references) != 0)
    return Pairs(queries[fresh], references[fresh], kinds[fresh], np.minimum(scores[fresh], 1.0))
