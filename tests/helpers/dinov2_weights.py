"""Make random weights of DINOv2."""

import math


def random_state(module, rng):
    """Return random arrays under the published names, in float32.

    The first tokens are small, so that the constant of the first layer norm counts.
    """
    dim, hidden = module.dim, 4 * module.dim
    shapes = {
        "cls_token": (1, 1, dim),
        "pos_embed": (1, module.grid**2 + 1, dim),
        "mask_token": (1, dim),
        "patch_embed.proj.weight": (dim, 3, module.patch, module.patch),
        "patch_embed.proj.bias": (dim,),
        "norm.weight": (dim,),
        "norm.bias": (dim,),
    }
    gated = (int(hidden * 2 / 3) + 7) // 8 * 8
    perceptron = {"fc1": (hidden, dim), "fc2": (dim, hidden)}
    layers = {"w12": (2 * gated, dim), "w3": (dim, gated)} if module.swiglu else perceptron
    layers = {f"mlp.{name}": shape for name, shape in layers.items()}
    layers |= {"attn.qkv": (3 * dim, dim), "attn.proj": (dim, dim), "norm1": (dim,), "norm2": (dim,)}
    for block in range(module.depth):
        for name, shape in layers.items():
            shapes[f"blocks.{block}.{name}.weight"] = shape
            shapes[f"blocks.{block}.{name}.bias"] = shape[:1]
        shapes |= {f"blocks.{block}.ls{number}.gamma": (dim,) for number in (1, 2)}

    def value(name, shape):
        if "embed" in name or name == "cls_token":
            return (
                rng.normal(size=shape)
                * 0.1
                / (shape[1] * shape[2] * shape[3] if len(shape) == 4 else 1) ** 0.5
            )
        if name.endswith("weight") and len(shape) > 1:
            return rng.normal(size=shape) * (2 / math.prod(shape[1:])) ** 0.5
        return rng.normal(size=shape) + (len(shape) == 1 and not name.endswith("bias"))

    return {name: value(name, shape).astype("float32") for name, shape in shapes.items()}
