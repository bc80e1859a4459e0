#!/usr/bin/env python3
"""Tables by the protocol of ForestDiffusion (Jolicoeur-Martineau et al. 2024): 80/20 stratified splits, features scaled to
0 .. 1 by the training rows, categories one-hot / 2, Wasserstein-1 with L1 cost, the mean of 3 splits x 5 generations.
Needs numpy, scikit-learn (the data) and POT (the distance).

    bench/tables.py [--solvent build/release/solvent] [--options '{"steps":1500}'] [iris] [wine] [breast_cancer] [mixed] [made]

made, or a name in table_cases.py, are tables of categories, numbers and gaps whose distribution is known: 2000 rows are
learnt and 10000 drawn, and what is measured is how far these are from 50000 rows of the distribution, beside a Gaussian
copula's and the training rows, which nothing that learns from them can be expected to be nearer than. mixed is a table made here, of numbers, integers, categories and gaps that depend on each other in a known way: what
/v1/tables/compare says of drawn rows beside rows held out, and how near conditional distributions are to their formulas.
"""
import argparse, csv, io, json, resource, subprocess, tempfile, time
import numpy as np
import ot
from sklearn import datasets
from sklearn.model_selection import train_test_split
import table_cases

PUBLISHED = {"iris": "Forest-flow .197/.328, TabDDPM .193/.329, oracle 0/.236",
             "wine": "Forest-flow .845/1.421, TabDDPM .712/1.531, oracle 0/1.440",
             "breast_cancer": "Forest-flow 1.281/1.749, TabDDPM 3.024/3.438, oracle 0/1.853"}


def call(args, models, route, request):
    run = subprocess.run([args.solvent, "call", "--models", models, "--threads", "1", "POST", route, "-"],
                         input=json.dumps(request), capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(run.stdout + run.stderr)
    return json.loads(run.stdout)


def text_of(names, x, y):
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(names + ["class"])
    rows.writerows([[repr(float(v)) for v in row] + [f"c{c}"] for row, c in zip(x, y)])
    return out.getvalue()


def wasserstein(a, b):
    cost = np.abs(a[:, None, :] - b[None, :, :]).sum(-1)
    return ot.emd2(np.full(len(a), 1 / len(a)), np.full(len(b), 1 / len(b)), cost)


def measure(args, name):
    data = getattr(datasets, "load_" + name)()
    names = [f"x{i}" for i in range(data.data.shape[1])]
    found, oracle, seconds = [], [], []
    for split in range(3):
        x, x_test, y, y_test = train_test_split(data.data, data.target, test_size=.2, random_state=split,
                                                stratify=data.target)
        low, high = x.min(0), x.max(0)
        def point(a, c):
            return np.hstack([(a - low) / (high - low), np.eye(data.target.max() + 1)[c] / 2])
        train, test = point(x, y), point(x_test, y_test)
        oracle.append(wasserstein(train, test))
        with tempfile.TemporaryDirectory() as models:
            options = dict({"seed": split + 1}, **json.loads(args.options))
            start = time.time()
            call(args, models, "/v1/models",
                 {"name": "m", "csv": text_of(names, x, y), "label": "class", "options": options})
            seconds.append(time.time() - start)
            for seed in range(5):
                rows = call(args, models, "/v1/sample/rows", {"model": "m", "count": len(x), "seed": seed})["columns"]
                drawn = point(np.array([rows[n] for n in names]).T, [int(c[1:]) for c in rows["class"]])
                found.append((wasserstein(drawn, train), wasserstein(drawn, test)))
    train, test = np.mean(found, 0)
    print(f"{name}: W1 train/test {train:.3f}/{test:.3f}, oracle {np.mean(oracle):.3f}, training "
          f"{np.mean(seconds):.1f} s; published: {PUBLISHED[name]}", flush=True)


def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure_made(args, name, seeds=2, rows=2000, drawn=10000):
    make, found = table_cases.CASES[name], {"solvent": [], "copula": [], "training rows": []}
    truth, began = make(50000, np.random.default_rng(99)), spent()
    for seed in range(1, 1 + seeds):
        train = make(rows, np.random.default_rng(seed))
        with tempfile.TemporaryDirectory() as models:
            call(args, models, "/v1/models", {"name": "m", "csv": table_cases.text_of(train),
                                              "options": dict({"seed": seed}, **json.loads(args.options))})
            ours = call(args, models, "/v1/sample/rows", {"model": "m", "count": drawn, "seed": seed})["columns"]
        peer = table_cases.copula(train, drawn, np.random.default_rng(seed))
        for who, of in zip(found, (ours, peer, train)):
            found[who].append(table_cases.far_from(truth, of))
    for who, list_of in found.items():
        mean = {k: np.mean([one[k] for one in list_of]) for k in list_of[0]}
        print(f"{name}, {who}: " + ", ".join(f"{k} {v:.3f}" for k, v in mean.items()), flush=True)
    print(f"{name}: {(spent() - began) / seeds:.1f} s of a core to learn and draw", flush=True)


def mixed(rows, seed):
    """age is normal; income goes with it (correlation .6); city has the odds of exp(1.5 age) : 1; visits are Poisson of
    city and missing for a fifth, more often of the young."""
    r = np.random.default_rng(seed)
    age, other = r.standard_normal(rows), r.standard_normal(rows)
    income = .6 * age + .8 * other
    city = r.random(rows) < 1 / (1 + np.exp(-1.5 * age))
    visits = r.poisson(np.where(city, 8, 2))
    missing = r.random(rows) < np.where(age < 0, .3, .1)
    lines = [f"{40 + 10 * a:.1f},{3000 + 900 * i:.0f},{'town' if c else 'land'},{'' if m else v}"
             for a, i, c, v, m in zip(age, income, city, visits, missing)]
    return "age,income,city,visits\n" + "\n".join(lines) + "\n"


def measure_mixed(args):
    train, test = mixed(2000, 1), mixed(2000, 2)
    with tempfile.TemporaryDirectory() as models:
        start = time.time()
        call(args, models, "/v1/models", {"name": "m", "csv": train, "options": json.loads(args.options)})
        seconds = time.time() - start
        def rows(**more):
            return call(args, models, "/v1/sample/rows", dict({"model": "m", "count": 2000, "seed": 1}, **more))
        drawn = rows(format="csv")["csv"]
        for name, other in (("drawn", drawn), ("held out", test)):
            report = call(args, models, "/v1/tables/compare", {"real": train, "drawn": other})
            columns = {c["name"]: round(c["distance"], 3) for c in report["columns"]}
            print(f"mixed, {name} beside trained: columns {columns}, pairs off {report['pairs_off']:.3f}, W1 "
                  f"{report['to_real']['wasserstein']:.3f}, copies {report['drawn_nearest']['copies']}", flush=True)
        for age in (30, 45, 55):
            a, c = (age - 40) / 10, rows(given={"age": age})["columns"]
            income, town = np.array(c["income"]), np.mean([x == "town" for x in c["city"]])
            print(f"mixed, age {age}: income {income.mean():.0f} +- {income.std():.0f} (want {3000 + 540 * a:.0f} +- 720), "
                  f"town {town:.3f} (want {1 / (1 + np.exp(-1.5 * a)):.3f}), visits missing "
                  f"{np.mean([v is None for v in c['visits']]):.3f} (want {.3 if age < 40 else .1})", flush=True)
    print(f"mixed: training {seconds:.1f} s", flush=True)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--solvent", default="build/release/solvent")
parser.add_argument("--options", default="{}")
parser.add_argument("data", nargs="*")
args = parser.parse_args()
for name in args.data or ["iris", "wine"]:
    if name == "mixed":
        measure_mixed(args)
    elif name == "made" or name in table_cases.CASES:
        for case in table_cases.CASES if name == "made" else [name]:
            measure_made(args, case)
    else:
        measure(args, name)
