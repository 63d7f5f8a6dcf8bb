"""Mutants of metrics of texts."""

from tests.evaluation.text import (
    test_bits_per_character as bits,
    test_bleu as bleu,
    test_clustered_histograms as clusters,
    test_distinct as distinct,
    test_frontier_integral as frontier,
    test_mauve as mauve,
    test_perplexity as perplexity,
    test_rouge as rouge,
    test_self_bleu as self_bleu,
)
from tests.helpers.mutant import Mutant

LOG_PROBS = "evaluation.text.sequence_log_probs"


def of(name, right, wrong, check):
    return Mutant(f"evaluation.text.{name}", right, wrong, check=check)


def of_perplexity(right, wrong, check):
    return Mutant(LOG_PROBS, right, wrong, "evaluation.text.perplexity", check)


MUTANTS = {
    "perplexity, mean over padding too": of_perplexity(
        ".sum(1), mask.sum(1)", ".sum(1), np.full(len(mask), mask.shape[1])", perplexity.check_ratio
    ),
    "perplexity, mean over sequences": of_perplexity(
        "ratio = -log_prob.sum() / count.sum()", "ratio = -(log_prob / count).mean()", perplexity.check_ratio
    ),
    "perplexity, number of tokens taken for fixed": of_perplexity(
        "log_prob + ratio * count", "log_prob - log_prob.mean()", perplexity.check_influence
    ),
    "perplexity, every good model a leak": of_perplexity(
        "below > LEAK_ERRORS * error", "below > -LEAK_ERRORS * error", perplexity.check_source
    ),
    "perplexity, no leak found": of_perplexity(
        "below = entropy_rate - float(nats.value)",
        "below = float(nats.value) - entropy_rate",
        perplexity.check_source,
    ),
    "bits per character, in nats": of(
        "bits_per_character", "(end / np.log(2) for end", "(end for end", bits.check_exact
    ),
    "bits per character, bytes counted": of(
        "bits_per_character", "[len(text) for text in", "[len(text.encode()) for text in", bits.check_exact
    ),
    "BLEU, mean of the sentences": Mutant(
        "evaluation.text.corpus_scores",
        "value, gradient = linearise(counts.sum(0))",
        "value, gradient = np.mean([linearise(one)[0] for one in counts]), linearise(counts.sum(0))[1]",
        "evaluation.text.bleu",
        bleu.check_corpus,
    ),
    "BLEU, totals taken for fixed": of(
        "bleu",
        "by_matched / orders, by_total / orders",
        "by_matched / orders, 0 * by_total",
        bleu.check_influence,
    ),
    "BLEU, lengths taken for fixed": of("bleu", "gradient[0], gradient[1] = ", "_ = ", bleu.check_influence),
    "BLEU, smoothing forgotten": of(
        "bleu",
        "int(reference_length), smooth_method, None",
        'int(reference_length), "none", None',
        bleu.check_known,
    ),
    "ROUGE, recall alone": of(
        "rouge", "2 * hits / (num_real + num_generated)", "hits / num_real", rouge.check_by_hand
    ),
    "ROUGE-L, a substring for a subsequence": of(
        "rouge", "else max(above[j + 1], row[j]))", "else 0)", rouge.check_by_hand
    ),
    "ROUGE-Lsum, the first line alone": of(
        "rouge", "for other in ours))", "for other in ours[:1]))", rouge.check_by_hand
    ),
    "ROUGE, n-grams not clipped": of(
        "rouge", "(ours & theirs).total(), theirs", "(ours | theirs).total(), theirs", rouge.check_by_hand
    ),
    "self-BLEU, a text against itself too": of(
        "self_bleu",
        "second[ngram] if count == most[ngram] else most[ngram]",
        "most[ngram]",
        self_bleu.check_against_sacrebleu,
    ),
    "self-BLEU, its own length": of(
        "self_bleu", "_closest_other(ordered, length),", "length,", self_bleu.check_against_sacrebleu
    ),
    "distinct, over the texts' own kinds": of(
        "distinct",
        "return len(in_texts) / int(sizes.sum())",
        "return len(in_texts) / max(1, sum(in_texts.values()))",
        distinct.check_counts,
    ),
    "distinct, the plain jackknife": of(
        "distinct",
        "return len(in_texts) / int(sizes.sum()), shrink * influence",
        "return len(in_texts) / int(sizes.sum()), influence",
        distinct.check_expectation,
    ),
    "distinct, an expectation with replacement off by one": of(
        "distinct", "log_absent = t * np", "log_absent = (t - 1) * np", distinct.check_expectation
    ),
    "MAUVE, curve not closed at (0, 1)": of(
        "mauve", "float(x[-1, 0] - (y * dx).sum())", "float(-(y * dx).sum())", mauve.check_values
    ),
    "MAUVE, 25 weights": of(
        "mauve", "PANELS, NODES, END = 20, 16, 36.0", "PANELS, NODES, END = 5, 5, 36.0", mauve.check_values
    ),
    "MAUVE, one divergence reversed": of(
        "mauve",
        "x = np.exp(-scaling * rel_entr(q, mixture)",
        "x = np.exp(-scaling * rel_entr(mixture, q)",
        mauve.check_values,
    ),
    "MAUVE, gradient of one axis alone": of(
        "mauve", "+ for_x * weight * by_q).sum(0)", ").sum(0)", mauve.check_gradients
    ),
    "clusters, influences in the order of sorting": of(
        "clustered_histograms", "influence[order] = total", "influence[:] = total", clusters.check_rows
    ),
    "clusters, samples told apart by position": of(
        "clustered_histograms",
        "is_real = order < sizes",
        "is_real = np.arange(len(order)) < sizes",
        clusters.check_rows,
    ),
    "clusters, the null of the sample itself": of(
        "clustered_histograms", "divergence(one / sizes", "divergence(both[0] / sizes", clusters.check_null
    ),
    "frontier, without its factor": of(
        "frontier_integral",
        "exact = total / 2 - a * b",
        "exact = total / 2 - 2 * a * b",
        frontier.check_values,
    ),
    "frontier, the series' slope": of(
        "frontier_integral",
        "2 * apart / 3 - apart**2 / 3, for_a",
        "apart / 3, for_a",
        frontier.check_gradients,
    ),
}
