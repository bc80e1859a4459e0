"""Tables whose distribution is known, how far rows are from it, and simple peers that draw rows: for bench/tables.py."""
import csv, io
import numpy as np

BINS = 5  # of numbers, for pairs of columns


def words(k, names):
    return np.array(names, object)[k]


def choose(r, p):
    """A category a row, of the shares p[rows][categories]."""
    return (r.random(len(p))[:, None] > np.cumsum(p, 1)[:, :-1]).sum(1)


def leave_out(r, values, share):
    values = values.astype(object)
    values[r.random(len(values)) < share] = None
    return values


def coins(n, r):
    """Two independent binary columns, of even odds and of 7 : 3, and a number that has nothing to do with them."""
    return {"even": words(r.integers(0, 2, n), ["a", "b"]), "odd": words((r.random(n) < .3) * 1, ["a", "b"]),
            "x": r.standard_normal(n)}


def dependent(n, r):
    """Five categories, and three whose shares depend on them; a number whose mean does on both."""
    five = choose(r, np.tile([.4, .25, .2, .1, .05], (n, 1)))
    shares = np.array([[.8, .1, .1], [.1, .8, .1], [.1, .1, .8], [.4, .4, .2], [.34, .33, .33]])
    three = choose(r, shares[five])
    return {"five": words(five, list("abcde")), "three": words(three, ["u", "v", "w"]),
            "x": five - 2 * three + r.standard_normal(n)}


def numbers(n, r):
    """A category of the odds exp(2 x) : 1, and another of whether |x| is large; integers and heavy tails of them."""
    x = r.standard_normal(n)
    side = (r.random(n) < 1 / (1 + np.exp(-2 * x))) * 1
    far = (r.random(n) < np.where(np.abs(x) > 1, .9, .1)) * 1
    return {"x": x, "side": words(side, ["left", "right"]), "far": words(far, ["no", "yes"]),
            "count": r.poisson(np.where(far, 8, 2)).astype(float),
            "income": np.round(np.exp(7 + .5 * x + .5 * r.standard_normal(n)), 2)}


def towns(n, r):
    """Thirty categories of shares 1 / (k + 3), a number that goes with each, and a category that goes with its parity."""
    k = choose(r, np.tile((1 / np.arange(3, 33)) / (1 / np.arange(3, 33)).sum(), (n, 1)))
    parity = (r.random(n) < np.where(k % 2, .85, .15)) * 1
    return {"town": words(k, [f"t{i}" for i in range(30)]), "north": words(parity, ["no", "yes"]),
            "height": 10 * np.sin(k) + r.standard_normal(n)}


def rare(n, r):
    """A category of one in a hundred whose numbers are elsewhere; a number of three degrees of freedom."""
    fraud = r.random(n) < .01
    return {"fraud": words(fraud * 1, ["no", "yes"]), "x": r.standard_normal(n) + 4 * fraud, "t": r.standard_t(3, n)}


def gaps(n, r):
    """Values missing by what stands beside them: a number by a category, a category by a number; a constant, a number
    (as of an order) that only grows, and one with a lump at 0."""
    kind = (r.random(n) < .5) * 1
    x = r.standard_normal(n)
    return {"kind": words(kind, ["a", "b"]), "x": leave_out(r, x, np.where(kind, .4, .1)),
            "colour": leave_out(r, words(r.integers(0, 3, n), ["r", "g", "b"]), np.where(x > 0, .3, .05)),
            "one": np.full(n, 1.0), "id": 1000 + np.sort(r.choice(10**6, n, False)).astype(float),
            "rain": np.round(np.where(r.random(n) < .6, 0, r.exponential(5, n)), 1)}


def ten(n, r):
    """Ten columns at once."""
    a, b = numbers(n, r), dependent(n, r)
    return {**a, **{f"{k}2": v for k, v in b.items()}, "kind": words((r.random(n) < .5) * 1, ["a", "b"]),
            "y": r.standard_normal(n) + a["x"]}


CASES = {f.__name__: f for f in (coins, dependent, numbers, towns, rare, gaps, ten)}

# -- As text --


def text_of(rows):
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(rows)
    columns = [["" if v is None else v if isinstance(v, str) else repr(float(v)) for v in c] for c in rows.values()]
    lines.writerows(zip(*columns))
    return out.getvalue()


# -- How far --


def is_text(column):
    return any(isinstance(v, str) for v in column)


def as_numbers(column):
    return np.array([np.nan if v is None else v for v in column], float)


def shares(codes, n):
    return np.bincount(codes, minlength=n) / max(len(codes), 1)


def codes_of(name, truth, rows):
    """The column as categories, the last of which are those that are missing; and how many there are."""
    if is_text(truth[name]):
        names = {c: i for i, c in enumerate(sorted({v for v in truth[name] if v is not None}))}
        return np.array([len(names) if v is None else names[v] for v in rows[name]]), len(names) + 1
    known = as_numbers(truth[name])
    edges = np.unique(np.nanquantile(known, np.arange(1, BINS) / BINS))
    x = as_numbers(rows[name])
    return np.where(np.isnan(x), BINS, np.searchsorted(edges, x, side="right")), BINS + 1


def carried(a, b):
    """1-Wasserstein between samples of numbers, by their quantiles."""
    at = (np.arange(2000) + .5) / 2000
    return np.abs(np.quantile(a, at) - np.quantile(b, at)).mean()


def far_from(truth, rows):
    """Of categories (and what is missing) the total variation, of pairs of columns theirs in BINS bins, of numbers W1 in
    standard deviations; means, and the worst category column."""
    codes = {name: codes_of(name, truth, truth) + codes_of(name, truth, rows) for name in truth}
    variation, pairs, w1 = [], [], []
    for i, name in enumerate(truth):
        t, n, d, _ = codes[name]
        if is_text(truth[name]):
            variation.append(np.abs(shares(t, n) - shares(d, n)).sum() / 2)
        else:
            x, y = as_numbers(truth[name]), as_numbers(rows[name])
            w1.append(carried(x[~np.isnan(x)], y[~np.isnan(y)]) / (np.nanstd(x) or 1))
            if np.isnan(x).any():
                variation.append(abs(np.isnan(x).mean() - np.isnan(y).mean()))
        for other in list(truth)[:i]:
            t2, n2, d2, _ = codes[other]
            pairs.append(np.abs(shares(t * n2 + t2, n * n2) - shares(d * n2 + d2, n * n2)).sum() / 2)
    return {"variation": np.mean(variation), "worst": np.max(variation), "pairs": np.mean(pairs), "W1": np.mean(w1)}


# -- Peers --


def copula(train, n, r):
    """A Gaussian copula: normal scores of the columns' ranks (categories, and what is missing, by random places in their
    part of 0 .. 1) are normal numbers of their correlations, which are turned back."""
    from scipy.special import ndtr, ndtri
    scores, back = [], []
    for name, column in train.items():
        order = {c: i for i, c in enumerate(sorted({v for v in column if isinstance(v, str)}))}
        x = np.array([np.inf if v is None else order.get(v, v) for v in column], float)
        rank = np.argsort(np.lexsort((r.random(len(x)), x)))
        scores.append(ndtri((rank + .5) / len(x)))
        back.append((np.sort(x), list(order)))
    root = np.linalg.cholesky(np.corrcoef(scores) + 1e-6 * np.eye(len(scores)))
    drawn = ndtr(root @ r.standard_normal((len(scores), n)))
    out = {}
    for name, u, (x, names) in zip(train, drawn, back):
        v = x[np.minimum((u * len(x)).astype(int), len(x) - 1)]
        out[name] = np.array([None if k == np.inf else names[int(k)] if names else k for k in v], object)
    return out
