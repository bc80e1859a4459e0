"""train_peers.py - the peers of bench/train: the same step in PyTorch, eager or compiled.

    python3 train_peers.py PEER CASE FILE      the protocol of kernels.c; where a package is absent, "absent PEER"
"""
import os
import sys
import time


def mlp(hidden=128, classes=0):
    """core/nn/mlp.h, by default in its default configuration."""
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.norm, self.linear_1, self.emb, self.linear_2 = (
                nn.LayerNorm(n), nn.Linear(n, n), nn.Linear(n, n), nn.Linear(n, n))

        def forward(self, h, emb):
            return h + self.linear_2(nn.functional.silu(self.linear_1(self.norm(h)) + self.emb(emb)))

    class Mlp(nn.Module):
        def __init__(self, n, blocks=3):
            super().__init__()
            if classes:
                self.add_module("class", nn.Embedding(classes + 1, n))
            self.time = nn.ModuleDict({"linear_1": nn.Linear(n, n), "linear_2": nn.Linear(n, n)})
            self.input = nn.Linear(2, n)
            self.blocks = nn.ModuleList(Block(n) for _ in range(blocks))
            self.norm, self.output = nn.LayerNorm(n), nn.Linear(n, 2)
            self.register_buffer("frequencies", torch.exp(-torch.arange(n // 2) / (n // 2) * 9.210340371976184))

        def forward(self, x, times, labels):
            angle = times[:, None] * self.frequencies
            emb = nn.functional.silu(self.time["linear_1"](torch.cat([angle.cos(), angle.sin()], 1)))
            emb = self.time["linear_2"](emb)
            emb = nn.functional.silu(emb + getattr(self, "class")(labels) if classes else emb)
            h = self.input(x)
            for block in self.blocks:
                h = block(h, emb)
            return self.output(nn.functional.silu(self.norm(h)))

    return Mlp(hidden), (2,)


POINTS = {"mlp": {}, "toy": {"hidden": 64, "classes": 2}}


def network(kind):
    if kind in POINTS:
        return mlp(**POINTS[kind])
    import diffusers
    if kind == "dit":
        net = diffusers.DiTTransformer2DModel(
            num_attention_heads=4, attention_head_dim=32, in_channels=1, num_layers=6, sample_size=28, patch_size=4,
            num_embeds_ada_norm=10)
    else:
        net = diffusers.UNet2DModel(
            sample_size=28, in_channels=1, out_channels=1, block_out_channels=(16, 32, 64), layers_per_block=1,
            down_block_types=("DownBlock2D",) * 3, up_block_types=("UpBlock2D",) * 3, norm_num_groups=8,
            num_class_embeds=11)
    return net, (1, 28, 28)


def peer(name, kind, batch, threads, file, dtype=""):
    import numpy
    import torch
    torch.set_num_threads(threads)
    net, shape = network(kind)
    numbers = torch.from_numpy(numpy.fromfile(file, dtype=numpy.float32))
    named, parameters, at = dict(net.named_parameters()), list(net.parameters()), 0
    with torch.no_grad(), open(file + ".names", encoding="ascii") as names:
        for p in (named[line.strip()] for line in names):
            p.copy_(numbers[at:at + p.numel()].view_as(p))
            at += p.numel()
    n = batch * torch.Size(shape).numel()
    x, rest = numbers[at:at + n].view(batch, *shape), numbers[at + n:]
    times, classes, target = rest[:batch], rest[batch:2 * batch].long(), rest[2 * batch:].view(batch, *shape)
    average = [p.detach().clone() for p in parameters]
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.01)
    net = torch.compile(net) if name == "compiled" else net
    cast = {"bf16": torch.bfloat16, "f16": torch.float16}.get(dtype)
    scaler = torch.amp.GradScaler("cpu", enabled=dtype == "f16")
    net.eval()  # DiT would draw which labels to drop

    def forward():
        if kind in POINTS:
            return net(x, times, classes)
        if kind == "dit":
            return net(x, timestep=times.long(), class_labels=classes).sample
        return net(x, times, class_labels=classes).sample

    def step(count):
        optimiser.zero_grad()
        with torch.autocast("cpu", dtype=cast, enabled=cast is not None):
            out = forward()
        loss = torch.nn.functional.mse_loss(out.float(), target)
        scaler.scale(loss).backward()
        scaler.unscale_(optimiser)
        torch.nn.utils.clip_grad_norm_(parameters, 1)
        scaler.step(optimiser)
        scaler.update()
        with torch.no_grad():
            torch._foreach_lerp_(average, parameters, 1 - min(0.999, (1 + count) / (10 + count)))
        return loss.item()

    return torch.__version__, step


def main():
    name, case, file = sys.argv[1], sys.argv[2].split("-"), sys.argv[3]
    try:
        import numpy  # noqa: F401
        import torch  # noqa: F401
        if case[0] not in POINTS:
            import diffusers  # noqa: F401
    except ImportError:
        print("absent", name, flush=True)
        return
    version, step = peer(name, case[0], int(case[1]), int(case[2]), file, *case[3:])
    clock = time.process_time if os.environ.get("CPU_TIME") else time.perf_counter
    count, steps = 0, 50 if case[0] in POINTS else 4
    print("ready", name, version, flush=True)
    for _ in sys.stdin:
        start = clock()
        for _ in range(steps):
            count += 1
            loss = step(count)
        print(f"{clock() - start:.9f} {loss:.4g}", flush=True)


if __name__ == "__main__":
    main()
