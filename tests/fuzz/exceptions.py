"""Public names that are not fuzzed, by the reason; ``package.*`` stands for all names of a package
that have no row."""

EXCEPTIONS = {
    "a density of one program, which tests/targets hold to SciPy, quadrature and enumeration": ("targets.*",),
    "a sampler or a part of one: tests/samplers and the checks of samplers hold its draws": ("samplers.*",),
    "runs samplers, tests/sampling": ("sampling.*", "evaluation.timed_sample"),
    "tunes samplers, tests/sampling/adaptation": ("sampling.adaptation.*",),
    "draws a picture, tests/plots": ("plots.*",),
    "writes files, tables and command lines, tests/experiment": (
        "experiment.*", "evaluation.round_metrics",
    ),
    "puts the parts to use, tests/applications": ("applications.*",),
    "a check that users run on their own, tests/testing": (
        "testing.*", "testing.network_checks.*", "testing.sampler_checks.*",
    ),
    "reads or writes files, tests/training/checkpoints and tests/data": (
        "training.checkpoints.*", "data.columns", "data.data_dir", "data.factors", "data.known", "data.load",
        "data.prepare", "data.splits", "data.stream", "data.tokenizer", "features.load_dinov2",
        "features.load_inception_v3", "features.load_vgg16",
    ),
    "is of text, and returns it unchanged after a round trip, tests/data": (
        "data.BPE", "data.Characters", "data.train_bpe",
    ),
    "is of texts, or of rows that are clustered, tests/evaluation": (
        "evaluation.Mauve", "evaluation.Rouge", "evaluation.bits_per_character_metric", "evaluation.bleu",
        "evaluation.bleu_metric", "evaluation.chrf", "evaluation.chrf_metric", "evaluation.distinct",
        "evaluation.distinct_metric", "evaluation.frontier_integral", "evaluation.frontier_integral_metric",
        "evaluation.mauve", "evaluation.mauve_metric", "evaluation.perplexity_metric", "evaluation.rouge",
        "evaluation.rouge_metric", "evaluation.self_bleu", "evaluation.self_bleu_metric",
        "features.HashedCharacters",
    ),
    "random: its draws are held by tests/data": ("data.binarise",),
    "a network: the checks of networks hold it to shapes, dtypes and extremes": (
        "encoders.*", "encoders.posteriors.*", "features.VGG16", "features.DigitsClassifier",
        "features.DINOv2", "features.InceptionOutput", "features.InceptionV3", "features.dinov2",
        "features.penultimate", "decoders.ConvNet", "decoders.Graph", "decoders.LearnedPositions",
        "decoders.MLP", "decoders.Occupancy", "decoders.RNN", "decoders.RotaryPositions",
        "decoders.Transformer",
    ),
    "an extractor or a part of one, which takes images of one range: tests/features hold it to its network": (
        "features.digits_classifier_features", "features.dinov2_features", "features.inception_features",
        "features.inception_probabilities", "features.legacy_resize", "features.pca_features",
        "features.random_convolution",
    ),
    "a head, a map of raw numbers to a distribution: the checks of heads hold its density": (
        "decoders.heads.Bernoulli", "decoders.heads.Categorical", "decoders.heads.ContinuousBernoulli",
        "decoders.heads.Delta", "decoders.heads.DiscretisedLogisticMixture", "decoders.heads.Normal",
        "decoders.heads.NormalLearned", "decoders.heads.NormalShared",
    ),
    "is of graphs or of supports, without arithmetic, tests/decoders": (
        "decoders.check_graphs", "decoders.check_support", "decoders.relabel", "decoders.unlabelled_log_prob",
    ),
    "a metric of samples, held to exact values and brute force by tests/evaluation": (
        "evaluation.c2st", "evaluation.c2st_metric", "evaluation.energy_distance",
        "evaluation.energy_distance_metric", "evaluation.entropic_ot", "evaluation.entropic_ot_metric",
        "evaluation.mmd", "evaluation.mmd_metric", "evaluation.probes", "evaluation.probes_metric",
        "evaluation.sliced_wasserstein", "evaluation.sliced_wasserstein_metric",
        "evaluation.train_on_synthetic", "evaluation.train_on_synthetic_metric",
    ),
    "is of counts and labels, which tests/evaluation enumerate and refuse": (
        "evaluation.AnswersNeeded", "evaluation.answers_needed", "evaluation.bradley_terry",
        "evaluation.rater_agreement", "evaluation.win_rate", "evaluation.win_rate_metric",
    ),
    "asks people and stores answers, tests/applications/forced_choice": ("applications.forced_choice.*",),
    "a metric or its value, tests/evaluation; the checks of metrics hold it to orders, units and types": (
        "evaluation.frechet", "evaluation.frechet_metric", "evaluation.inception_score",
        "evaluation.inception_score_metric", "evaluation.kid", "evaluation.kid_metric", "evaluation.vendi",
        "evaluation.vendi_metric",
    ),
    "moments of features, tests/evaluation/distances/test_feature_moments.py": (
        "evaluation.load_statistics", "evaluation.merge_moments", "evaluation.moments_of",
        "evaluation.save_statistics",
    ),
    "a class of results, without arithmetic": (
        "evaluation.Frechet", "evaluation.Moments",
        "diagnostics.Summary", "evaluation.Known", "evaluation.LeagueRow", "evaluation.LogLikelihood",
        "evaluation.MetricRecipe",
        "evaluation.ModeCoverage", "evaluation.evidence.Agreement", "features.Extractor",
        "evaluation.C2ST", "evaluation.EnergyDistance", "evaluation.EntropicOT", "evaluation.MMD",
        "evaluation.Probes", "evaluation.SlicedWasserstein", "evaluation.TrainOnSynthetic",
        "evaluation.evidence.Bounds", "sampling.reducers.BatchMeans", "sampling.reducers.Covariance",
        "sampling.reducers.LogEvidence", "sampling.reducers.Moments", "sampling.reducers.Quantiles",
    ),
    "the protocol of metrics, tests/evaluation; the checks of metrics hold each metric to units and types": (
        "evaluation.evaluate", "evaluation.gaussian_pair", "evaluation.keep_rows", "evaluation.league",
        "evaluation.merge_processes",
    ),
    "hands arrays on, or hashes their bytes, tests/features": (
        "features.digest_of", "features.from_network", "features.raw",
    ),
    "smooths by the fit whose shape pareto_k returns, tests/diagnostics/weights/test_psis.py": (
        "diagnostics.weights.psis",
    ),
    "combines or rewrites distributions; tests/distributions compare densities": (
        "distributions.ValidatedOnHost", "distributions.covering_proposal", "distributions.directed",
        "distributions.map_parameters",
    ),
    "an estimate of log Z from a key, whose intervals tests/evaluation/evidence count": (
        "evaluation.evidence.agreement", "evaluation.evidence.bidirectional", "evaluation.evidence.bridge",
        "evaluation.evidence.thermodynamic",
    ),
    "an adapter of functions of another library, tests/interop": (
        "interop.Model", "interop.from_blackjax", "interop.from_model", "interop.from_numpyro",
        "interop.from_arviz",  # returns what the row of to_arviz compares
    ),
    "builds a model of networks and priors, or trains it, tests/models": (
        "models.AutoregressiveModel", "models.BayesianMixture", "models.GaussianMixture", "models.Network",
        "models.PCA", "models.PPCA", "models.Prior", "models.adversarial_autoencoder", "models.apply_of",
        "models.autoencoder", "models.autoregressive_model", "models.bayesian_mixture", "models.fixed_prior",
        "models.gan", "models.gaussian_mixture", "models.init_of",
        "models.linear_vae", "models.log_prob_bound", "models.mixture_prior", "models.standard_prior",
        "models.vae", "models.vamp_prior",
    ),
    "random: its bounds are held to exact values by tests/evaluation": ("evaluation.log_likelihood",),
    "an objective of random draws or of networks, held to exact values by tests/objectives": (
        "objectives.adversarial_autoencoder", "objectives.conditional_likelihood", "objectives.contractive",
        "objectives.decoder_gradient", "objectives.dreg", "objectives.elbo", "objectives.exact_likelihood",
        "objectives.gan", "objectives.iwae", "objectives.kl", "objectives.mean_output",
        "objectives.perceptual", "objectives.renyi", "objectives.sampled_output", "objectives.scheduled",
        "objectives.wasserstein_gan",
    ),
    "a part of the loop of training, without arithmetic of its own, tests/training": (
        "training.NonFiniteError", "training.Training", "training.adversarial_optimizer",
        "training.averaged_params", "training.data_parallel", "training.full_batch",
        "training.init_restarts", "training.init_state", "training.make_train_step",
        "training.mixed_precision", "training.replicated", "training.shuffled", "training.train",
        "training.train_stream", "training.with_replacement",
    ),
    "counts neighbours, exactly; tests/evaluation compare with all distances": (
        "evaluation.auth_pct", "evaluation.density_coverage", "evaluation.precision_recall",
    ),
    "the functions of the metric of the same name": (
        "evaluation.auroc_metric", "evaluation.auth_pct_metric", "evaluation.average_precision_metric",
        "evaluation.density_coverage_metric", "evaluation.precision_recall_metric",
    ),
    "smooths weights by psis, tests/evaluation/likelihood/test_loo.py": ("evaluation.loo",),
    "a class of results of metrics, without arithmetic": (
        "evaluation.AuthPct", "evaluation.DensityCoverage", "evaluation.Loo", "evaluation.PrecisionRecall",
    ),
    "reads samples of files and compares their shapes, tests/data": (
        "data.check_comparable", "data.read_samples",
    ),
}  # fmt: skip
