"""A network whose batches are shared among devices, with one exchange of gradients a batch.

Left to itself, XLA sums a recurrent layer's gradient over the devices once for each character of
the window (measured with jaxlib 0.10 on CPUs: one all-reduce in the loop over 60 characters). Here
each device finishes the gradient of its own windows first. Needs Keras' backend jax.
"""

from collections.abc import Sequence
from typing import Any

import jax
import keras
from jax.sharding import PartitionSpec

SEED_STATE = "seed_generator_state"
_SPREAD = 0x9E3779B9  # 2**32 by the golden ratio: multiples of it are far apart


class SharedNetwork(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A network that Keras distributes: the same weights, and a part of each batch, on each device.

    Each device drops units of its own, as those of one device drop others for each window. The
    first one's are those of a network on one device.
    """

    def reset_metrics(self) -> None:
        """Keep what is not used: a step returns the loss of its batch, and no mean of several."""

    def train_step(self, state: Any, data: Any) -> Any:
        """Return the mean loss of a batch, and the variables after it, as Keras calls for it."""
        trainable, fixed, optimizer, metrics = state
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        mesh = keras.distribution.distribution().device_mesh.backend_mesh
        [axis] = mesh.axis_names
        seeds = [it.path.endswith(SEED_STATE) for it in self.non_trainable_variables]

        def part(trainable: Any, fixed: Any, optimizer: Any, metrics: Any, x: Any, y: Any) -> Any:
            own = _with_seeds_of(fixed, seeds, jax.lax.axis_index(axis))
            step = jax.value_and_grad(self.compute_loss_and_updates, has_aux=True)
            (_, (loss, _, after, _)), gradients = step(
                trainable, own, metrics, x, y, None, training=True, optimizer_variables=optimizer
            )
            after = [
                jax.numpy.stack([before[0], it[1]]) if is_seed else it
                for before, it, is_seed in zip(fixed, after, seeds, strict=True)
            ]
            return jax.lax.pmean((loss, gradients), axis), after

        whole, shared = PartitionSpec(), PartitionSpec(axis)
        (loss, gradients), fixed = jax.shard_map(
            part,
            mesh=mesh,
            in_specs=(whole, whole, whole, whole, shared, shared),
            out_specs=(whole, whole),
            check_vma=False,  # or the means would be taken in the loop again
        )(trainable, fixed, optimizer, metrics, x, y)
        trainable, optimizer = self.optimizer.stateless_apply(optimizer, gradients, trainable)
        return {"loss": loss}, (trainable, fixed, optimizer, metrics)


def _with_seeds_of(variables: Sequence[Any], seeds: Sequence[bool], place: Any) -> list[Any]:
    """Return variables with the random seeds of one device; the first one's are as they are."""
    spread = jax.numpy.array([_SPREAD, 0], jax.numpy.uint32) * place.astype(jax.numpy.uint32)
    return [
        it ^ spread.astype(it.dtype) if is_seed else it
        for it, is_seed in zip(variables, seeds, strict=True)
    ]
