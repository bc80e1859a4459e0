#!/usr/bin/env python3
"""Is what `solvent train` writes what diffusers loads? Trains a small model of every network, path and prediction, without
classes and with them, loads its folder by from_pretrained, takes the same steps from the same latents by the folder's own
scheduler, and compares with /v1/sample. UNet2DModel and DiTTransformer2DModel are diffusers' own; of an MLP, which it has not,
a few lines of PyTorch read the same files. Then a UNet2DModel of diffusers' is trained on by --init-from, and loads again.
Exit code 1 where numbers differ, 0 where diffusers is not installed.

    python3 bench/trained.py [--solvent build/release/solvent] [--keep FOLDER] [WORD ...]     those whose name holds a word
"""
import argparse, json, math, os, random, struct, subprocess, sys, tempfile

try:
    import torch
    import diffusers
    from safetensors.torch import load_file
except ImportError as absent:
    print(f"absent: {absent.name}")
    sys.exit(0)

SIDE, CLASSES, STEPS, COUNT = 8, 3, 6, 3
UNET = "--block-out-channels 8,16 --norm-num-groups 4 --attention-levels 1 --attention-head-dim 4".split()
DIT = "--network dit --num-layers 2 --num-attention-heads 2 --attention-head-dim 8".split()
MLP = "--hidden-size 32 --num-blocks 2 --time-size 16".split()
PATHS = {"flow": [], "edm": ["--path", "edm"]}
PATHS.update({f"{path}-{says}": ["--path", path, "--prediction", says]
              for path in ("ddpm-linear", "ddpm-scaled-linear", "ddpm-cosine") for says in ("eps", "x0", "v")})
PATHS["ddpm-linear-v-zero-snr"] = PATHS["ddpm-linear-v"] + ["--zero-snr", "true"]


def idx(path, shape, values):
    with open(path, "wb") as file:
        file.write(struct.pack(">BBBB", 0, 0, 8, len(shape)) + struct.pack(f">{len(shape)}I", *shape) + bytes(values))


def write_data(folder):
    draw = random.Random(1)
    idx(f"{folder}/images", (40, SIDE, SIDE), (draw.randrange(256) for _ in range(40 * SIDE * SIDE)))
    idx(f"{folder}/labels", (40,), (i % CLASSES for i in range(40)))
    with open(f"{folder}/rows.csv", "w") as file:
        file.write("x,y,kind\n" + "".join(f"{draw.gauss(5, 2)},{draw.gauss(0, 9)},{'abc'[i % 3]}\n" for i in range(40)))
    with open(f"{folder}/points.csv", "w") as file:
        file.write("x,y\n" + "".join(f"{draw.gauss(5, 2)},{draw.gauss(0, 9)}\n" for i in range(40)))


def cases():
    for path, options in PATHS.items():
        yield f"unet-{path}", UNET + options, "images", False
        yield f"unet-{path}-classes", UNET + options, "images", True
        yield f"dit-{path}-classes", DIT + options, "images", True
        yield f"mlp-{path}", MLP + options, "points", False
        yield f"mlp-{path}-classes", MLP + options, "rows", True
    for network, options in (("unet", UNET), ("dit", DIT), ("mlp", MLP)):
        for dtype in ("bf16", "f16"):
            yield f"{network}-{dtype}-classes", options + ["--dtype", dtype], "rows" if network == "mlp" else "images", True


def data(folder, kind, classes):
    if kind == "images":
        return ["--data", f"{folder}/images"] + (["--labels", f"{folder}/labels"] if classes else [])
    return ["--data", f"{folder}/{kind}.csv"] + (["--label-column", "kind"] if classes else [])


def run(solvent, *words, text=None):
    done = subprocess.run([solvent, *words], input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


class Mlp:
    """core/nn/mlp.h from its files; rows are those of the data."""

    def __init__(self, folder):
        self.w = load_file(f"{folder}/diffusion_pytorch_model.safetensors")
        self.c = json.load(open(f"{folder}/config.json"))
        self.classes = self.c["num_classes"]
        self.mean, self.std = torch.tensor(self.c["data_mean"]), torch.tensor(self.c["data_std"])

    def linear(self, name, x):
        return x @ self.w[name + ".weight"].T + self.w[name + ".bias"]

    def norm(self, name, x):
        return torch.nn.functional.layer_norm(x, x.shape[-1:], self.w[name + ".weight"], self.w[name + ".bias"], 1e-5)

    def __call__(self, x, t, label):
        silu, half = torch.nn.functional.silu, self.c["time_size"] // 2
        angle = torch.as_tensor(t, dtype=torch.float32) * torch.exp(-math.log(10000) * torch.arange(half) / half)
        e = self.linear("time.linear_2", silu(self.linear("time.linear_1", torch.cat([angle.cos(), angle.sin()])))).repeat(len(x), 1)
        e = silu(e + self.w["class.weight"][label] if self.classes else e)
        h = self.linear("input", x)
        for i in range(self.c["num_blocks"]):
            block = f"blocks.{i}."
            h = h + self.linear(block + "linear_2", silu(self.linear(block + "linear_1", self.norm(block + "norm", h)) +
                                                         self.linear(block + "emb", e)))
        return self.linear("output", silu(self.norm("norm", h)))


def load(folder):
    """The network as network(x, t, label), and what turns its numbers into those of the data."""
    index = json.load(open(f"{folder}/model_index.json"))
    if "mlp" in index:
        mlp = Mlp(f"{folder}/mlp")
        return mlp, lambda x: x * mlp.std + mlp.mean
    part = "unet" if "unet" in index else "transformer"
    network = getattr(diffusers, index[part][1]).from_pretrained(folder, subfolder=part).eval()
    told = getattr(network.config, "num_class_embeds", None) or part == "transformer"

    def call(x, t, label):
        kind = {"class_labels": label} if told else {}
        t = torch.as_tensor(t).reshape(-1).expand(len(x))
        return network(x.reshape(-1, network.config.in_channels, SIDE, SIDE), t, **kind).sample.reshape(len(x), -1)
    return call, lambda x: x


def by_diffusers(folder, latents, label):
    index = json.load(open(f"{folder}/model_index.json"))
    scheduler = getattr(diffusers, index["scheduler"][1]).from_pretrained(folder, subfolder="scheduler")
    network, back = load(folder)
    scheduler.set_timesteps(STEPS)
    x = latents * getattr(scheduler, "init_noise_sigma", 1.0)
    labels = torch.full((len(x),), label)
    with torch.no_grad():
        for t in scheduler.timesteps:
            scaled = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
            x = scheduler.step(network(scaled, t, labels), t, x).prev_sample
        return back(x)


def by_solvent(solvent, models, name, latents, label):
    request = {"model": name, "count": len(latents), "seed": 1, "sampler": {"steps": STEPS}, "latents": latents.tolist()}
    if label is not None:
        request["class"] = label
    answer = run(solvent, "call", "POST", "/v1/sample", "-", "--models", models, text=json.dumps(request))
    return torch.tensor(json.loads(answer)["samples"])


def compare(args, models, name, classes):
    label = 1 if classes else None
    width = 2 if name.startswith("mlp") else SIDE * SIDE
    latents = torch.randn(COUNT, width, generator=torch.Generator().manual_seed(1))
    theirs = by_diffusers(f"{models}/{name}", latents, 1)
    ours = by_solvent(args.solvent, models, name, latents, label)
    error = ((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1)).item()
    print(f"{name:40} {error:.1e}{'' if error < 1e-4 else '  DIFFERS'}", flush=True)
    return error < 1e-4


def train(args, folder, models, name, *options):
    run(args.solvent, "train", *options, "--steps", "40", "--batch", "16", "--warmup", "5", "--lr", "0.01", "--sample-count", "2",
        "--sample-every", "0", "--out", f"{models}/{name}")


def fine_tune(args, folder, models):
    """A network with keys that solvent train has no options for."""
    torch.manual_seed(1)
    theirs = diffusers.UNet2DModel(sample_size=SIDE, in_channels=1, out_channels=1, block_out_channels=(8, 16), layers_per_block=1,
                                   down_block_types=("AttnDownBlock2D", "DownBlock2D"),
                                   up_block_types=("UpBlock2D", "AttnUpBlock2D"), norm_num_groups=4, attention_head_dim=None,
                                   freq_shift=1, flip_sin_to_cos=False, norm_eps=1e-6, downsample_padding=0, act_fn="gelu")
    diffusers.DDPMPipeline(theirs, diffusers.DDPMScheduler()).save_pretrained(f"{folder}/theirs")
    name = "unet-after-theirs"
    train(args, folder, models, name, *data(folder, "images", False), "--init-from", f"{folder}/theirs")
    return compare(args, models, name, False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--solvent", default="build/release/solvent")
    parser.add_argument("--keep", help="a new folder for data and models, that stays")
    parser.add_argument("words", nargs="*")
    args = parser.parse_args()
    diffusers.utils.logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as scratch:
        folder, good = args.keep or scratch, True
        models = f"{folder}/models"
        os.makedirs(models)
        write_data(folder)
        for name, options, kind, classes in cases():
            if all(word in name for word in args.words):
                train(args, folder, models, name, *data(folder, kind, classes), *options)
                good = compare(args, models, name, classes) and good
        if not args.words:
            good = fine_tune(args, folder, models) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
