"""Define densities with known moments, one per file, each made by the function of the file's name."""

from jgen._internal.members import public_names
from jgen.targets.asia import asia as asia
from jgen.targets.autoregressive import autoregressive as autoregressive
from jgen.targets.banana import banana as banana
from jgen.targets.behrens_fisher import behrens_fisher as behrens_fisher
from jgen.targets.beta import beta as beta
from jgen.targets.bimodal import bimodal as bimodal
from jgen.targets.bioassay import bioassay as bioassay
from jgen.targets.boltzmann_machine import boltzmann_machine as boltzmann_machine
from jgen.targets.breast_cancer import breast_cancer as breast_cancer
from jgen.targets.cauchy import cauchy as cauchy
from jgen.targets.change_point import change_point as change_point
from jgen.targets.diabetes import diabetes as diabetes
from jgen.targets.dirichlet import dirichlet as dirichlet
from jgen.targets.double_well import double_well as double_well
from jgen.targets.eight_schools import eight_schools as eight_schools
from jgen.targets.funnel import funnel as funnel
from jgen.targets.grid25 import grid25 as grid25
from jgen.targets.gumbel import gumbel as gumbel
from jgen.targets.hidden_markov import hidden_markov as hidden_markov
from jgen.targets.horseshoe import horseshoe as horseshoe
from jgen.targets.ill_conditioned_gaussian import ill_conditioned_gaussian as ill_conditioned_gaussian
from jgen.targets.ising import ising as ising
from jgen.targets.linear_decoder import linear_decoder as linear_decoder
from jgen.targets.linear_regression import linear_regression as linear_regression
from jgen.targets.lkj import lkj as lkj
from jgen.targets.log_gamma import log_gamma as log_gamma
from jgen.targets.many_wells import many_wells as many_wells
from jgen.targets.mixture_means import mixture_means as mixture_means
from jgen.targets.normal_from_cauchy import normal_from_cauchy as normal_from_cauchy
from jgen.targets.normal_from_laplace import normal_from_laplace as normal_from_laplace
from jgen.targets.phi4 import phi4 as phi4
from jgen.targets.poisson_regression import poisson_regression as poisson_regression
from jgen.targets.probit_process import probit_process as probit_process
from jgen.targets.rastrigin import rastrigin as rastrigin
from jgen.targets.ring import ring as ring
from jgen.targets.ring_of_modes import ring_of_modes as ring_of_modes
from jgen.targets.rosenbrock import rosenbrock as rosenbrock
from jgen.targets.skew_normal import skew_normal as skew_normal
from jgen.targets.squiggle import squiggle as squiggle
from jgen.targets.standard_gaussian import standard_gaussian as standard_gaussian
from jgen.targets.state_space import state_space as state_space
from jgen.targets.student_t import student_t as student_t
from jgen.targets.three_modes import three_modes as three_modes
from jgen.targets.truncated_normal import truncated_normal as truncated_normal
from jgen.targets.two_moons import two_moons as two_moons
from jgen.targets.wishart import wishart as wishart
from jgen.types import Target as Target, Trait as Trait

__all__ = public_names(globals())
