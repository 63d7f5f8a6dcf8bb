"""Define densities with known moments, one per file, each made by the function of the file's name."""

from jgen.targets.asia import asia
from jgen.targets.autoregressive import autoregressive
from jgen.targets.banana import banana
from jgen.targets.behrens_fisher import behrens_fisher
from jgen.targets.beta import beta
from jgen.targets.bimodal import bimodal
from jgen.targets.bioassay import bioassay
from jgen.targets.boltzmann_machine import boltzmann_machine
from jgen.targets.breast_cancer import breast_cancer
from jgen.targets.cauchy import cauchy
from jgen.targets.change_point import change_point
from jgen.targets.diabetes import diabetes
from jgen.targets.dirichlet import dirichlet
from jgen.targets.double_well import double_well
from jgen.targets.eight_schools import eight_schools
from jgen.targets.funnel import funnel
from jgen.targets.grid25 import grid25
from jgen.targets.gumbel import gumbel
from jgen.targets.hidden_markov import hidden_markov
from jgen.targets.horseshoe import horseshoe
from jgen.targets.ill_conditioned_gaussian import ill_conditioned_gaussian
from jgen.targets.ising import ising
from jgen.targets.linear_decoder import linear_decoder
from jgen.targets.linear_regression import linear_regression
from jgen.targets.lkj import lkj
from jgen.targets.log_gamma import log_gamma
from jgen.targets.many_wells import many_wells
from jgen.targets.mixture_means import mixture_means
from jgen.targets.normal_from_cauchy import normal_from_cauchy
from jgen.targets.normal_from_laplace import normal_from_laplace
from jgen.targets.phi4 import phi4
from jgen.targets.poisson_regression import poisson_regression
from jgen.targets.probit_process import probit_process
from jgen.targets.rastrigin import rastrigin
from jgen.targets.ring import ring
from jgen.targets.ring_of_modes import ring_of_modes
from jgen.targets.rosenbrock import rosenbrock
from jgen.targets.skew_normal import skew_normal
from jgen.targets.squiggle import squiggle
from jgen.targets.standard_gaussian import standard_gaussian
from jgen.targets.state_space import state_space
from jgen.targets.student_t import student_t
from jgen.targets.three_modes import three_modes
from jgen.targets.truncated_normal import truncated_normal
from jgen.targets.two_moons import two_moons
from jgen.targets.wishart import wishart
from jgen.types import Target, Trait

__all__ = [
    "Target",
    "Trait",
    "asia",
    "autoregressive",
    "banana",
    "behrens_fisher",
    "beta",
    "bimodal",
    "bioassay",
    "boltzmann_machine",
    "breast_cancer",
    "cauchy",
    "change_point",
    "diabetes",
    "dirichlet",
    "double_well",
    "eight_schools",
    "funnel",
    "grid25",
    "gumbel",
    "hidden_markov",
    "horseshoe",
    "ill_conditioned_gaussian",
    "ising",
    "linear_decoder",
    "linear_regression",
    "lkj",
    "log_gamma",
    "many_wells",
    "mixture_means",
    "normal_from_cauchy",
    "normal_from_laplace",
    "phi4",
    "poisson_regression",
    "probit_process",
    "rastrigin",
    "ring",
    "ring_of_modes",
    "rosenbrock",
    "skew_normal",
    "squiggle",
    "standard_gaussian",
    "state_space",
    "student_t",
    "three_modes",
    "truncated_normal",
    "two_moons",
    "wishart",
]
