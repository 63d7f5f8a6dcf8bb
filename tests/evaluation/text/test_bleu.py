"""BLEU: known values by sacreBLEU and by the formula, and the influence of each pair."""

import math
import sys
from collections import Counter
from importlib import import_module

import numpy as np
import pytest

from jgen.errors import UsageError
from jgen.evaluation import league
from jgen.evaluation.results import compare
from jgen.evaluation.text.bleu import bleu, bleu_metric
from jgen.evaluation.text.corpus_scores import influence_of_sums
from jgen.evaluation.text.text_pairs import word_pairs

CAT = "the cat is on the mat"
KNOWN = [
    (CAT, "the cat is on mat", {}, 57.89300675),
    (CAT, "the " * 7, {}, 7.80984984),
    (CAT, "the " * 7, {"smooth_method": "none"}, 0.0),
    ("no", "yes", {}, 0.0),
    ("a b", "", {}, 0.0),
    ("left right", "left right", {"effective_order": True}, 100.0),
]


def counts_of(real, generated):
    """Count matched and all n-grams of pairs by their definition."""
    sums = np.zeros((2, 4))
    lengths = np.zeros(2)
    for reference, hypothesis in zip(real, generated, strict=True):
        theirs, ours = reference.split(), hypothesis.split()
        lengths += len(ours), len(theirs)
        for n in range(4):
            a, b = (Counter(tuple(x[i : i + n + 1]) for i in range(len(x) - n)) for x in (ours, theirs))
            sums[:, n] += sum(min(count, b[gram]) for gram, count in a.items()), a.total()
    return sums, lengths


def formula(sums, lengths, effective_order=False):
    """Compute BLEU without smoothing."""
    orders = (sums[1] > 0).sum() if effective_order else 4
    if not sums[0, :orders].all():
        return 0.0
    logs = np.log(sums[0, :orders] / sums[1, :orders])
    return 100 * math.exp(logs.mean() + min(0, 1 - lengths[1] / lengths[0]))


def check_known(module):
    """Check the known values, those without smoothing by the formula too."""
    for reference, hypothesis, options, value in KNOWN:
        result = module.bleu(real=[reference], generated=[hypothesis], **options)
        np.testing.assert_allclose(result.value, value, atol=5e-9)
        if value != 7.80984984:  # which is the value of the smoothing
            by_formula = formula(
                *counts_of([reference], [hypothesis]), effective_order="effective_order" in options
            )
            np.testing.assert_allclose(by_formula, value, atol=5e-9)


def check_corpus(module):
    """Check a corpus, several references and the brevity penalty against sacreBLEU's own function."""
    metrics = pytest.importorskip("sacrebleu.metrics")
    rng = np.random.default_rng(3)
    pairs = word_pairs(rng, 30, 30, 0.3)
    real = [refs[: 1 + i % 2] for i, refs in enumerate(pairs["real"])]  # one or two references
    generated = [" ".join(text.split()[: rng.integers(5, 13)]) for text in pairs["generated"]]
    streams = [[refs[0] for refs in real], [refs[1] if len(refs) > 1 else None for refs in real]]
    scorer = metrics.BLEU()
    expected = scorer.corpus_score(generated, streams)
    result = module.bleu(real=real, generated=generated)
    assert result.value == expected.score
    assert expected.bp < 1
    assert result.protocol["signature"] == str(scorer.get_signature())


def check_influence(module):
    """Check the influences of pairs against the jackknife: they agree up to O(1 / n)."""
    pairs = word_pairs(np.random.default_rng(4), 120, 120, 0.0)
    real, generated = [refs[0] for refs in pairs["real"]], pairs["generated"]
    generated = [" ".join(text.split()[: 9 + i % 4]) for i, text in enumerate(generated)]
    metric = module.bleu_metric()
    influence = metric.influence(metric.accumulate(metric.empty(), real=real, generated=generated))
    value = module.bleu(real=real, generated=generated).value
    each = [counts_of([one], [other]) for one, other in zip(real, generated, strict=True)]
    sums, lengths = (np.array(part) for part in zip(*each, strict=True))
    without = np.array([formula(sums.sum(0) - a, lengths.sum(0) - b) for a, b in each])
    np.testing.assert_allclose(influence.value, value)
    found = influence.by_sample["real"]
    np.testing.assert_allclose(found.mean(), 0, atol=1e-9)
    assert abs(found - 119 * (value - without)).max() < 0.1 * found.std()


CHECKS = [check_known, check_corpus, check_influence]


@pytest.mark.parametrize("check", CHECKS)
def test_bleu(check):
    check(import_module("jgen.evaluation.text.bleu"))


@pytest.mark.parametrize("method", ["exp", "floor", "add-k", "none"])
@pytest.mark.parametrize("effective_order", [False, True])
def test_gradients_are_those_of_finite_differences(method, effective_order):
    """Of sacreBLEU's own function of sums, where all orders match and where one does not."""
    from jgen.evaluation.text.bleu import _linearise

    for matched in ([50.0, 30, 20, 10], [50.0, 30, 20, 0]):
        sums = np.array([70.0, 80, *matched, 70, 60, 50, 40])
        value, gradient = _linearise(method, effective_order, sums)
        for j, number in enumerate(sums):
            if number == 0:
                continue
            step = np.where(np.arange(len(sums)) == j, 1e-3, 0.0)  # lengths are rounded down, so
            if j < 2:  # they move by whole words
                step *= 1e3
            ahead, behind = (_linearise(method, effective_order, sums + side * step)[0] for side in (1, -1))
            slope = (ahead - behind) / (2 * step[j])
            np.testing.assert_allclose(gradient[j], slope, rtol=1e-3, atol=1e-9 * value)


def test_short_texts_are_refused_without_effective_order():
    with pytest.raises(ValueError, match=r"fewer than 3 words.*effective_order=True"):
        bleu(real=["left right"], generated=["left right"])


def test_what_rests_on_smoothing_or_matches_nothing_is_flagged():
    smoothed = bleu(real=[CAT] * 3, generated=["the " * 7, "the cat sat on", "a mat is on it"])
    assert any("rests on the smoothing" in flag for flag in smoothed.flags)
    nothing = bleu(real=[CAT] * 2, generated=["a dog ran home", "we ate all day"])
    assert nothing.value == 0
    assert "beyond_resolution" in nothing.flags
    itself = bleu(real=[CAT, "a dog ran home"], generated=[CAT, "a dog ran home"])
    assert itself.value == pytest.approx(100)
    assert itself.ceiling == 100


def test_one_pair_has_no_interval():
    result = bleu(real=[CAT], generated=["the cat is on mat"])
    assert np.isnan([result.low, result.high]).all()
    assert result.flags == ("the standard error is not known",)


def test_the_null_is_what_the_spare_reference_reads(rng):
    pairs = word_pairs(rng, 60, 60, 0.0)
    result = bleu(**pairs, last_as_null=True)
    others = bleu(real=[refs[0] for refs in pairs["real"]], generated=[refs[1] for refs in pairs["real"]])
    assert result.null.value == others.value
    assert result.null.low == others.low
    assert bleu(**pairs).null is None
    assert "nrefs:1" in result.protocol["signature"]
    with pytest.raises(ValueError, match="two references"):
        bleu(real=[CAT], generated=[CAT], last_as_null=True)


def test_other_protocols_do_not_compare(rng):
    pairs = word_pairs(rng, 20, 20, 0.0)
    one, other = (bleu(**pairs, smooth_method=method) for method in ("exp", "none"))
    with pytest.raises(ValueError, match="smooth"):
        compare(one, other)


def test_two_models_on_the_same_references_are_paired(rng):
    """Of two models that differ in every fortieth pair the difference has a far shorter interval."""
    pairs = word_pairs(rng, 200, 200, 0.0)
    second = [text if i % 40 else pairs["real"][i][0] for i, text in enumerate(pairs["generated"])]
    real = [refs[0] for refs in pairs["real"]]
    found = league(bleu_metric(), real=real, generated={"one": pairs["generated"], "two": second})[""]
    minus = found["one"].minus_best
    assert minus.value < 0
    assert minus.high - minus.low < 0.7 * (found["one"].value.high - found["one"].value.low)


def test_influence_of_a_ratio_is_that_of_the_delta_method(rng):
    counts = rng.integers(1, 9, size=(40, 2)).astype(float)

    def linearise(sums):
        return sums[0] / sums[1], np.array([1 / sums[1], -sums[0] / sums[1] ** 2])

    value, influence = influence_of_sums(counts, linearise)
    expected = (counts[:, 0] - value * counts[:, 1]) / counts[:, 1].mean()
    np.testing.assert_allclose(influence, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        ({"real": [CAT, CAT], "generated": [CAT]}, "2 entries"),
        ({"real": [], "generated": []}, "no reference"),
        ({"real": [CAT], "generated": []}, "no text"),
        ({"real": [CAT], "generated": CAT}, "list of strings"),
        ({"real": [[]], "generated": [CAT]}, "no text"),
    ],
)
def test_bad_samples_are_refused(samples, words):
    with pytest.raises(ValueError, match=words):
        bleu(**samples)


def test_unknown_options_are_refused():
    with pytest.raises(ValueError, match="tokenize must be one of"):
        bleu_metric(tokenize="words")
    with pytest.raises(ValueError, match="smooth_method must be one of"):
        bleu_metric(smooth_method="half")


def test_without_sacrebleu_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(UsageError, match=r'pip install "jgen\[text\]"'):
        bleu(real=[CAT], generated=[CAT])
