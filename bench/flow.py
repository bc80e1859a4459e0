#!/usr/bin/env python3
"""8gaussians to moons by flow matching: points of eight Gaussians are led to two moons, and the exact squared 2-Wasserstein
distance says how near what comes out is to new points of the moons. Protocol and published numbers: Cheng and Schwing 2025
(C2OT, figure 1 and the code that goes with it): 20,000 steps of 256, 10,000 points, dopri5 with tolerances of 1e-4 and one
step of Euler. NPE is the normalised path energy of Tong et al. 2023: |E integral |v|^2 dt - W2^2(source, data)| / W2^2, where
no class is told.
Needs numpy and POT (the distance).

    bench/flow.py [--solvent build/release/solvent] [--seeds 3] [--steps 20000] [--points 10000] [fm] [ot] [fm-class] [ot-class]
"""
import argparse, json, os, subprocess, tempfile
import numpy as np
import ot

LEARNT = 100000
# W2^2 by dopri5 and by one step of Euler: mean +- deviation of ten runs
PUBLISHED = {"fm": "FM .120+-.045 6.232+-.186", "ot": "OT .050+-.040 .072+-.025",
             "fm-class": "FM .059+-.029 2.573+-.112", "ot-class": "C2OT .018+-.006 .048+-.010, OT .462+-.025 .483+-.059"}


def gaussians(rng, n):
    a = rng.integers(0, 8, n) * np.pi / 4
    return 5 * np.c_[np.cos(a), np.sin(a)] + .1 ** .25 * rng.normal(size=(n, 2))


def moons(rng, n):
    a, label = np.repeat(np.linspace(0, np.pi, (n + 1) // 2), 2)[:n], np.arange(n) % 2
    upper, lower = np.c_[np.cos(a), np.sin(a)], np.c_[1 - np.cos(a), .5 - np.sin(a)]
    return 3 * (np.where(label[:, None], lower, upper) + .2 * rng.uniform(size=(n, 1))) - 1, label


def run(*words, text=None):
    done = subprocess.run(words, input=text, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout


def train(args, folder, kind, seed):
    rng = np.random.default_rng(seed)
    data, label = moons(rng, LEARNT)
    for name, values in (("source", gaussians(rng, LEARNT)), ("data", data), ("labels", label)):
        np.save(f"{folder}/{name}.npy", values)
    options = ["--labels", f"{folder}/labels.npy", "--label-drop", "0"] if kind.endswith("-class") else []
    run(args.solvent, "train", "--data", f"{folder}/data.npy", "--source", f"{folder}/source.npy", "--coupling",
        "ot" if kind.startswith("ot") else "independent", "--batch", "256", "--steps", str(args.steps), "--seed", str(seed),
        "--sample-every", "0", "--out", f"{folder}/models/m", *options)


def translate(args, folder, rows, sampler, **more):
    request = {"model": "m", "count": len(rows), "seed": 1, "init": rows.tolist(), "sampler": sampler, **more}
    return json.loads(run(args.solvent, "call", "--models", f"{folder}/models", "--time-limit", "30m", "POST", "/v1/sample", "-",
                          text=json.dumps(request)))


def by_class(args, folder, rows, label, sampler, **more):
    """What becomes of the rows, each led to its own class: samples, and the states on the way where they are asked for."""
    out, path = np.empty_like(rows), None
    for c in (0, 1) if label is not None else (None,):
        mine = slice(None) if c is None else label == c
        told = {} if c is None else {"class": c}
        answer = translate(args, folder, rows[mine], sampler, **told, **more)
        out[mine] = answer["samples"]
        if "trajectory" in answer:
            states = np.array(answer["trajectory"])
            path = np.empty((len(states), *rows.shape)) if path is None else path
            path[:, mine] = states
    return out, path


def squared(a, b):
    return ot.emd2([], [], ot.dist(a, b), numItermax=10 ** 8)


def energy(path, scale):
    """E integral |v|^2 dt along steps of equal length in t: the states are of the network's scale."""
    return float((((path[1:] - path[:-1]) * scale) ** 2).sum(-1).mean(1).sum() * (len(path) - 1))


def measure(args, kind):
    found = []
    for seed in range(1, args.seeds + 1):
        rng = np.random.default_rng(1000 + seed)
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(f"{folder}/models")
            train(args, folder, kind, seed)
            source, (data, label) = gaussians(rng, args.points), moons(rng, args.points)
            told = label if kind.endswith("-class") else None
            scale = json.load(open(f"{folder}/models/m/mlp/config.json"))["data_std"]
            fine, _ = by_class(args, folder, source, told, {"solver": "dopri5", "rtol": 1e-4, "atol": 1e-4})
            one, _ = by_class(args, folder, source, told, {"solver": "euler", "steps": 1})
            _, path = by_class(args, folder, source[:2000], told if told is None else told[:2000],
                               {"solver": "euler", "steps": 100}, trajectory=True)
            way = squared(source, data)
            excess = abs(energy(path, scale) - way) / way if told is None else float("nan")
            found.append([squared(data, fine), squared(data, one), excess, squared(data, moons(rng, args.points)[0])])
            print(f"{kind} seed {seed}: " + " ".join(f"{x:.4f}" for x in found[-1]), flush=True)
    mean, std = np.mean(found, 0), np.std(found, 0)
    print(f"{kind}: W2^2 {mean[0]:.3f}+-{std[0]:.3f} (dopri5), {mean[1]:.3f}+-{std[1]:.3f} (Euler, 1 step), NPE {mean[2]:.3f}; "
          f"between new points {mean[3]:.3f}; published: {PUBLISHED[kind]}", flush=True)


parser = argparse.ArgumentParser()
parser.add_argument("--solvent", default="build/release/solvent")
parser.add_argument("--seeds", type=int, default=3)
parser.add_argument("--steps", type=int, default=20000)
parser.add_argument("--points", type=int, default=10000)
parser.add_argument("kinds", nargs="*", default=[])
args = parser.parse_args()
for kind in args.kinds or PUBLISHED:
    measure(args, kind)
