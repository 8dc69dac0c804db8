"""Distances within a batch, from inner products alone."""

from torch import Tensor


def centred(embeddings: Tensor) -> Tensor:
    """Embeddings around their mean: the same distances, less rounding in the products."""
    return embeddings - embeddings.mean(dim=0)


def squared_distances(gram: Tensor) -> Tensor:
    """|e_i - e_j|² from the inner products of the embeddings, (n, n); below 0 by rounding only."""
    squares = gram.diagonal()
    return squares[:, None] + squares[None] - 2 * gram
