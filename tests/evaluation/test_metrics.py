from __future__ import annotations

import numpy as np
import pytest

from mien.classifiers.probabilities import softmax
from mien.evaluation import metrics

sklearn = pytest.importorskip("sklearn.metrics", reason="the 'dev' extra brings scikit-learn")


@pytest.fixture(params=[0, 1, 2, 3])
def case(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, int]:
    """Labels and probabilities; in some cases a class never occurs or is never predicted."""
    rng = np.random.default_rng(request.param)
    classes = (7, 7, 3, 2)[request.param]
    labels = rng.integers(0, classes, 300)
    logits = rng.normal(size=(300, classes))
    logits[np.arange(300), labels] += 1.5
    if request.param == 1:
        labels[labels == 4] = 2
        logits[:, 5] = -20
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return labels.astype(np.int64), probs, classes


def test_against_scikit_learn(case: tuple[np.ndarray, np.ndarray, int]) -> None:
    labels, probs, classes = case
    predicted = probs.argmax(axis=1)
    confusion = metrics.confusion_matrix(labels, predicted, classes)
    every = list(range(classes))
    expected = sklearn.confusion_matrix(labels, predicted, labels=every)
    assert confusion.dtype == np.int64 and np.array_equal(confusion, expected)
    assert metrics.accuracy(confusion) == pytest.approx(sklearn.accuracy_score(labels, predicted))
    precision, recall, f1, _ = sklearn.precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=0
    )
    ours = metrics.precision_recall_f1(confusion)
    for found, wanted in zip(ours, (precision, recall, f1), strict=True):
        assert np.allclose(found, wanted)
    # The mean over the classes that occur or are predicted, as scikit-learn takes it by default.
    macro = sklearn.f1_score(labels, predicted, average="macro", zero_division=0)
    assert metrics.macro_f1(confusion) == pytest.approx(macro)
    present = np.unique(labels)
    balanced = sklearn.recall_score(labels, predicted, labels=present, average="macro")
    assert metrics.balanced_accuracy(confusion) == pytest.approx(balanced)
    loss = sklearn.log_loss(labels, probs, labels=every)
    assert metrics.nll(probs, labels) == pytest.approx(loss)


@pytest.mark.parametrize("bins", [5, 10, 15])
def test_ece_is_the_published_sum(case: tuple[np.ndarray, np.ndarray, int], bins: int) -> None:
    """ECE = Σ |B_m| / n · |acc(B_m) − conf(B_m)|, B_m = ((m − 1)/M, m/M] (Guo et al. 2017)."""
    labels, probs, _ = case
    probs = np.vstack([probs, np.eye(probs.shape[1])[:2]])  # a confidence of exactly 1
    labels = np.append(labels, [0, 0])
    total = 0.0
    for m in range(1, bins + 1):
        inside = [
            (row.max(), row.argmax() == label)
            for row, label in zip(probs, labels, strict=True)
            if (m - 1) / bins < row.max() <= m / bins
        ]
        if inside:
            confidence = sum(c for c, _ in inside) / len(inside)
            right = sum(bool(r) for _, r in inside) / len(inside)
            total += len(inside) / len(labels) * abs(right - confidence)
    assert metrics.ece(probs, labels, bins) == pytest.approx(total)


def test_softmax_is_safe_and_sums_to_one() -> None:
    logits = np.array([[1e4, 0, -1e4], [0, 0, 0], [-1e4, -1e4, -1e4]], np.float32)
    probs = softmax(logits)
    assert probs.dtype == np.float32
    assert np.allclose(probs, [[1, 0, 0], [1 / 3] * 3, [1 / 3] * 3])


def test_nll_of_an_impossible_answer_is_finite() -> None:
    assert metrics.nll(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(12 * np.log(10))


def test_nothing_measured_is_zero_and_no_warning() -> None:
    empty = metrics.confusion_matrix(np.array([], int), np.array([], int), 3)
    assert metrics.accuracy(empty) == metrics.balanced_accuracy(empty) == 0
    assert metrics.macro_f1(empty) == 0


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_temperature_is_found_where_a_plain_search_finds_it(temperature: float) -> None:
    rng = np.random.default_rng(1)
    honest = rng.normal(size=(4000, 5)) * 2
    probs = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(5, p=row) for row in probs])
    logits = (honest * temperature).astype(np.float32)
    found = metrics.fit_temperature(logits, labels)
    grid = np.geomspace(0.05, 20, 400)
    losses = [metrics.nll(softmax(logits / np.float32(t)), labels) for t in grid]
    assert found == pytest.approx(grid[np.argmin(losses)], rel=0.02)
    assert found == pytest.approx(temperature, rel=0.1)
    after = metrics.nll(softmax(logits / np.float32(found)), labels)
    assert after <= min(losses) + 1e-6


def test_intervals_are_those_of_scipy_and_of_the_normal_approximation(
    case: tuple[np.ndarray, np.ndarray, int],
) -> None:
    stats = pytest.importorskip("scipy.stats", reason="scikit-learn brings SciPy")
    labels, probs, classes = case
    predicted = probs.argmax(axis=1)
    confusion = metrics.confusion_matrix(labels, predicted, classes)
    found = metrics.bootstrap(confusion)

    share = metrics.accuracy(confusion)
    half = 1.96 * np.sqrt(share * (1 - share) / len(labels))
    assert found["accuracy"].low == pytest.approx(share - half, abs=0.01)
    assert found["accuracy"].high == pytest.approx(share + half, abs=0.01)

    for name in ("balanced_accuracy", "macro_f1"):

        def measure(a: np.ndarray, b: np.ndarray, name: str = name) -> float:
            return getattr(metrics, name)(metrics.confusion_matrix(a, b, classes))

        drawn = stats.bootstrap(
            (labels, predicted), measure, paired=True, vectorized=False, method="percentile",
            n_resamples=1000, rng=np.random.default_rng(5),
        )  # fmt: skip
        expected = drawn.confidence_interval
        assert found[name].low == pytest.approx(expected.low, abs=0.015)
        assert found[name].high == pytest.approx(expected.high, abs=0.015)
        assert found[name].low < measure(labels, predicted) < found[name].high


def test_intervals_are_the_same_every_time_and_of_nothing_zero() -> None:
    confusion = np.array([[30, 5], [9, 20]])
    assert metrics.bootstrap(confusion) == metrics.bootstrap(confusion)
    assert metrics.bootstrap(confusion) != metrics.bootstrap(confusion, seed=1)
    assert metrics.bootstrap(np.zeros((2, 2), int))["accuracy"] == metrics.Interval(0, 0)
    assert metrics.bootstrap(np.diag([4, 3]))["macro_f1"] == metrics.Interval(1, 1)


def test_calibration_bins_count_every_answer_once(
    case: tuple[np.ndarray, np.ndarray, int],
) -> None:
    calibration = pytest.importorskip("sklearn.calibration")
    labels, probs, _ = case
    right = probs.argmax(axis=1) == labels
    counts, confidence, accuracies = metrics.calibration_bins(probs, labels)
    assert counts.sum() == len(labels) and len(counts) == 15
    share, mean = calibration.calibration_curve(right, probs.max(axis=1), n_bins=15)
    assert np.allclose(accuracies[counts > 0], share)
    assert np.allclose(confidence[counts > 0], mean)


def test_risk_coverage_is_the_error_of_the_surest(case: tuple[np.ndarray, np.ndarray, int]) -> None:
    labels, probs, _ = case
    coverage, risk = metrics.risk_coverage(probs, labels)
    surest = np.argsort(-probs.max(axis=1))
    for kept in (1, 17, 150, len(labels)):
        rows = surest[:kept]
        wrong = np.mean(probs[rows].argmax(axis=1) != labels[rows])
        assert risk[kept - 1] == pytest.approx(wrong)
        assert coverage[kept - 1] == pytest.approx(kept / len(labels))
    assert metrics.aurc(probs, labels) == pytest.approx(risk.mean())


def test_equal_confidence_orders_nothing() -> None:
    """A classifier that is always as sure has a flat curve, however the pictures are sorted."""
    probs = np.tile([0.6, 0.4], (10, 1))
    labels = np.array([0] * 7 + [1] * 3)
    for order in (labels, labels[::-1]):
        assert np.allclose(metrics.risk_coverage(probs, order)[1], 0.3)
