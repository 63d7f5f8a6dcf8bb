"""Densities with known answers: one file each, made by the function of the file's name."""

from jgen.targets.asia import asia
from jgen.targets.banana import banana
from jgen.targets.base import Target, Trait
from jgen.targets.beta import beta
from jgen.targets.bimodal import bimodal
from jgen.targets.breast_cancer import breast_cancer
from jgen.targets.cauchy import cauchy
from jgen.targets.double_well import double_well
from jgen.targets.eight_schools import eight_schools
from jgen.targets.funnel import funnel
from jgen.targets.grid25 import grid25
from jgen.targets.hidden_markov import hidden_markov
from jgen.targets.ill_conditioned_gaussian import ill_conditioned_gaussian
from jgen.targets.linear_decoder import linear_decoder
from jgen.targets.linear_regression import linear_regression
from jgen.targets.normal_from_cauchy import normal_from_cauchy
from jgen.targets.normal_from_laplace import normal_from_laplace
from jgen.targets.rosenbrock import rosenbrock
from jgen.targets.standard_gaussian import standard_gaussian
from jgen.targets.state_space import state_space
from jgen.targets.three_modes import three_modes

__all__ = [
    "Target",
    "Trait",
    "asia",
    "banana",
    "beta",
    "bimodal",
    "breast_cancer",
    "cauchy",
    "double_well",
    "eight_schools",
    "funnel",
    "grid25",
    "hidden_markov",
    "ill_conditioned_gaussian",
    "linear_decoder",
    "linear_regression",
    "normal_from_cauchy",
    "normal_from_laplace",
    "rosenbrock",
    "standard_gaussian",
    "state_space",
    "three_modes",
]
