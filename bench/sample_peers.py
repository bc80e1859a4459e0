"""sample_peers.py - the peers of bench/sample: the loop that one would write in NumPy or PyTorch.

    python3 sample_peers.py PEER CASE FILE      the protocol of kernels.c; where the package is absent, "absent PEER"
"""
import math
import sys
import time

STEPS, LOW, HIGH, RHO, WIDTH = 20, 0.002, 80.0, 7.0, 0.3


def levels():
    ends = HIGH ** (1 / RHO), LOW ** (1 / RHO)
    return [(ends[0] + i / (STEPS - 1) * (ends[1] - ends[0])) ** RHO for i in range(STEPS)] + [0.0]


def dpmpp_2m(denoise, x):
    """DPM-Solver++ (2M), Lu et al. 2022, on the levels of Karras et al. 2022."""
    sigma, last, h_last = levels(), None, None
    x = x * sigma[0]
    for now, then in zip(sigma, sigma[1:]):
        denoised = denoise(x, now)
        if then == 0:
            return denoised
        h, mixed = math.log(now / then), denoised
        if last is not None:
            r = h_last / h
            mixed = (1 + 1 / (2 * r)) * denoised - 1 / (2 * r) * last
        x = then / now * x - math.expm1(-h) * mixed
        last, h_last = denoised, h


def numpy_peer(case, means, latents):
    import numpy
    width = WIDTH if case[0] == "mixture" else 0.0
    half = 0.5 * (means * means).sum(1)

    def denoise(x, sigma):
        v = width * width + sigma * sigma
        logit = (x @ means.T - half) / v
        logit -= logit.max(1, keepdims=True)
        e = numpy.exp(logit, out=logit)
        e /= e.sum(1, keepdims=True)
        return (sigma * sigma / v) * (e @ means) + (width * width / v) * x if width else e @ means

    if case[0] == "normal":
        draw = numpy.random.Generator(numpy.random.Philox(1))
        return numpy.__version__, lambda: draw.standard_normal(latents.shape)
    return numpy.__version__, lambda: dpmpp_2m(denoise, latents)


def torch_peer(case, means, latents, single=False):
    import torch
    torch.set_num_threads(int(case[-1]))
    kind = torch.float32 if single else torch.float64
    means, latents = torch.from_numpy(means).to(kind), torch.from_numpy(latents).to(kind)
    width, half = WIDTH if case[0] == "mixture" else 0.0, 0.5 * (means * means).sum(1)

    def denoise(x, sigma):
        v = width * width + sigma * sigma
        mean = torch.softmax((x @ means.T - half) / v, 1) @ means
        return (sigma * sigma / v) * mean + (width * width / v) * x if width else mean

    if case[0] == "normal":
        return torch.__version__, lambda: torch.randn(latents.shape, dtype=kind)
    return torch.__version__, lambda: dpmpp_2m(denoise, latents)


def main():
    peer, case, file = sys.argv[1], sys.argv[2].split("-"), sys.argv[3]
    try:
        import numpy
        if peer != "numpy":
            __import__("torch")
    except ImportError:
        print("absent", peer, flush=True)
        return
    k, d, count = (int(word) for word in (case[1:4] if case[0] != "normal" else ("0", case[1], case[2])))
    numbers = numpy.fromfile(file).reshape(-1, d)
    peers = {"numpy": numpy_peer, "torch": torch_peer, "torch32": lambda *a: torch_peer(*a, single=True)}
    version, work = peers[peer](case, numbers[:k], numbers[k:k + count])
    print("ready", peer, version, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        out = work()
        took = time.perf_counter() - start
        check = 0 if case[0] == "normal" else round(float(out.mean()), 6)
        print(f"{took:.9f} {check!r}", flush=True)


if __name__ == "__main__":
    main()
