r"""Train any objective by one step, in a loop of compiled chunks.

``make_train_step`` is the step, ``train`` its loop over data on the device, ``train_stream`` over a stream.
Batches are ``shuffled`` or ``with_replacement``; ``data_parallel`` shards them over devices. The rest are
values that go into one of these: ``ema_params`` into an optimizer, ``mixed_precision`` around an objective
or a network.

A step is a pytree, like a sampler: ``Partial(_train_step, objective, optimizer)``. Its data are leaves
and its functions are the treedef, so that a step made again from an objective with new data and the
*same* optimizer runs through the program already compiled. An optax optimizer is a pair of closures, and
closures are equal only to themselves: create the optimizer once and reuse it. An optimizer
created again compiles again (one whose ``update`` is itself a ``Partial`` of a module-level function, with
its learning rate bound, does not, and may be vmapped over the rate).

All randomness of a run comes from one key. With :math:`k` the key and :math:`t` the step,

.. math:: k_t = \mathrm{fold\_in}(k, t), \qquad b_t = \mathrm{make\_batch}(\mathrm{data}, k', t),
          \qquad (\theta, o)_{t+1} = \mathrm{update}(\nabla_\theta \ell(\theta_t, b_t, k_t), o_t, \theta_t),

with :math:`k' = \mathrm{fold\_in}(k, 2^{32}-1)`, which no step reaches. Nothing else is random, so that a
run depends neither on its chunks nor on having been stopped and resumed.
"""

from jgen._internal.members import public_names
from jgen.training.adversarial_optimizer import adversarial_optimizer as adversarial_optimizer
from jgen.training.batches import shuffled as shuffled, with_replacement as with_replacement
from jgen.training.chunked_loop import NonFiniteError as NonFiniteError, Training as Training
from jgen.training.ema import averaged_params as averaged_params, ema_params as ema_params
from jgen.training.mean_loss import mean_loss as mean_loss
from jgen.training.mixed_precision import mixed_precision as mixed_precision
from jgen.training.parallel import data_parallel as data_parallel, replicated as replicated
from jgen.training.state import init_restarts as init_restarts, init_state as init_state
from jgen.training.step import make_train_step as make_train_step
from jgen.training.train import full_batch as full_batch, train as train
from jgen.training.train_stream import train_stream as train_stream

__all__ = public_names(globals())
