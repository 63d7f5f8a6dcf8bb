"""DINOv2 in torch, of arrays under the published names, for comparison with ours."""

import torch
from torch.nn import functional


def class_token(state, images, num_heads, patch, grid):
    """Compute the class token ``[batch, dim]`` of images ``[batch, height, width, 3]``, in float64."""
    state = {name: torch.as_tensor(array).double() for name, array in state.items()}

    def layer(name, x):
        return functional.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])

    def norm(name, x):
        return functional.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"], 1e-6)

    x = torch.as_tensor(images).double().permute(0, 3, 1, 2)
    mean, std = (
        torch.tensor(v, dtype=torch.double).view(1, 3, 1, 1)
        for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    rows, columns = x.shape[2] // patch, x.shape[3] // patch
    x = functional.conv2d(
        (x - mean) / std, state["patch_embed.proj.weight"], state["patch_embed.proj.bias"], patch
    )
    x = torch.cat([state["cls_token"].expand(len(x), -1, -1), x.flatten(2).transpose(1, 2)], 1)
    places = state["pos_embed"]
    if (rows, columns) != (grid, grid):
        table = places[:, 1:].reshape(1, grid, grid, -1).permute(0, 3, 1, 2)
        scale = ((rows + 0.1) / grid, (columns + 0.1) / grid)
        table = functional.interpolate(table, scale_factor=scale, mode="bicubic")
        assert table.shape[2:] == (rows, columns)
        places = torch.cat([places[:, :1], table.flatten(2).transpose(1, 2)], 1)
    x = x + places
    depth = sum(name.endswith("ls1.gamma") for name in state)
    for i in range(depth):
        block = f"blocks.{i}"
        q, k, v = (
            part.unflatten(-1, (num_heads, -1)).transpose(1, 2)
            for part in layer(f"{block}.attn.qkv", norm(f"{block}.norm1", x)).chunk(3, -1)
        )
        mixed = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + state[f"{block}.ls1.gamma"] * layer(f"{block}.attn.proj", mixed)
        y = norm(f"{block}.norm2", x)
        if f"{block}.mlp.w12.weight" in state:
            gate, y = layer(f"{block}.mlp.w12", y).chunk(2, -1)
            y = layer(f"{block}.mlp.w3", functional.silu(gate) * y)
        else:
            y = layer(f"{block}.mlp.fc2", functional.gelu(layer(f"{block}.mlp.fc1", y)))
        x = x + state[f"{block}.ls2.gamma"] * y
    return norm("norm", x)[:, 0].numpy()
