#!/usr/bin/env python3
"""schedulers.py - the classes of diffusers beside POST /v1/schedule: random configurations, played by hand.

    bench/schedulers.py [--rows N] [--seed S] [--golden] [CLASS...]

Each configuration is run twice with the same latents, noise and network: by the Python class's own loop, in double
precision where it lets one, and by the operations that `solvent call POST /v1/schedule` tells. What differs by more than
1e-4 of the greatest number is listed, and so is what only one of the two refuses; the exit code is 1 where there are
differences. --golden prints rows for tests/handlers/scheduler_goldens.h instead. Skipped by name where there is no
diffusers (pip install diffusers torch torchsde). Known and not counted: trailing spacing that makes a step too many, and
FlowMatch* that shift twice, which are mended before they run."""
import argparse
import collections
import contextlib
import importlib
import json
import math
import os
import random
import subprocess
import sys
import warnings

SHAPE, NUMBERS, TOLERANCE = (3, 1, 4, 4), 48, 1e-4
SOLVENT = os.environ.get("SOLVENT", os.path.join(os.path.dirname(__file__), "..", "build", "release", "solvent"))

try:
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    warnings.filterwarnings("ignore")
    import numpy
    import torch
    import diffusers
except ImportError as error:
    print("skipped: schedulers,", error)
    sys.exit(0)


# The fixture of tests/handlers/test_scheduler.c.
def latents():
    return (numpy.arange(NUMBERS) * 37 % 101 / 50 - 1).reshape(SHAPE)


def noise(index):
    return ((numpy.arange(NUMBERS) * 53 + index * 29) % 97 / 48 - 1).reshape(SHAPE) * 1.5


def network(x, t):
    t = float(numpy.float32(t))
    return numpy.tanh(x * (0.7 + 0.2 * math.sin(t / 150))) * 0.8 + 0.1 * math.cos(t / 97)


def spread(x, t):
    """What the network says of the variance, beside its prediction."""
    return 0.5 * numpy.tanh(x + 0.01 * t) + 0.6


class Player:
    """The operations of a schedule on vectors."""

    def __init__(self, schedule):
        self.vectors, self.calls, self.asked = {0: latents() * (schedule["start"]["sigma"] or 1)}, 0, {}
        for operation in (o for step in schedule["steps"] for o in step["operations"]):
            self.vectors[operation["out"]] = getattr(self, operation["op"])(operation)
        self.result = self.vectors[schedule["state"]]

    def call(self, o):
        x, self.calls = self.vectors[o["x"]], self.calls + 1
        self.asked[o["out"]] = (o["input_scale"] * x, o["time"])
        return o["x_by"] * x + o["out_by"] * network(*self.asked[o["out"]])

    def spread(self, o):
        return spread(*self.asked[o["d"]])

    def mix(self, o):
        total = sum(by * self.vectors[of] for of, by in zip(o["of"], o["by"]))
        if "draw" not in o:
            return total
        by = o["noise"]
        if "low" in o:
            by = by * numpy.exp((o["low"] + (o["high"] - o["low"]) * (1 + self.vectors[o["spread"]]) / 2) / 2)
        elif "spread" in o:
            by = by * numpy.sqrt(self.vectors[o["spread"]].clip(0))
        return total + by * noise(o["draw"])

    def clip(self, o):
        x = self.vectors[o["x"]]
        if "range" in o:
            return x.clip(-o["range"], o["range"])
        s = numpy.quantile(abs(x.reshape(len(x), -1)), o["quantile"], axis=1).clip(1, o["most"]).reshape(-1, 1, 1, 1)
        return x.clip(-s, s) / s

    def langevin(self, o):
        x, z = self.vectors[o["x"]], noise(o["draw"])
        score = (o["alpha"] * self.vectors[o["d"]] - x) / o["sigma"] ** 2
        size = [numpy.sqrt((v.reshape(len(v), -1) ** 2).sum(1)).reshape(-1, 1, 1, 1) for v in (z, score)]
        delta = 2 * o["a"] * (o["snr"] * size[0] / size[1]) ** 2
        return x + delta * score + numpy.sqrt(2 * delta) * z


def ours(name, config, steps, run):
    """The result and the number of calls, or a refusal's sentence."""
    sampler = {"times" if key == "timesteps" else key: value for key, value in run.items() if key not in IN_CONFIG}
    if steps:
        sampler["steps"] = steps
    body = {"scheduler_config": {"_class_name": name + "Scheduler", **config,
                                 **{key: value for key, value in run.items() if key in IN_CONFIG}}, "sampler": sampler}
    told = subprocess.run([SOLVENT, "call", "POST", "/v1/schedule", "-"], input=json.dumps(body), text=True,
                          capture_output=True, check=False).stdout
    answer = json.loads(told)
    if "steps" not in answer:
        return answer["detail"], body
    player = Player(answer)
    return (player.result, player.calls), body


IN_CONFIG = ("mu", "use_clipped_model_output")  # what a pipeline passes, and a request says in the config
SETS = ("timesteps", "sigmas", "mu")            # what set_timesteps takes; the rest is for step


class Double:
    """A module whose single precision is double."""

    def __init__(self, module, **other):
        self.__dict__.update(other, module=module)

    def __getattr__(self, name):
        return getattr(self.module, name)


class Draws:
    """randn_tensor and the Brownian tree, as numbered draws."""

    def __init__(self):
        self.n = 0

    def __call__(self, *_, **__):
        self.n += 1
        return torch.from_numpy(noise(self.n - 1))

    def tree(self, *_, **__):
        return lambda *levels: self()


@contextlib.contextmanager
def doubled(name, config, draws):
    """The scheduler with tables as the class makes them, everything after that in double."""
    if name == "ScoreSdeVp":
        cls = importlib.import_module("diffusers.schedulers.deprecated.scheduling_sde_vp").ScoreSdeVpScheduler
    else:
        cls = getattr(diffusers, name + "Scheduler")
    module, scheduler = importlib.import_module(cls.__module__), cls(**config)
    for key, value in list(vars(scheduler).items()):
        if isinstance(value, torch.Tensor) and value.dtype == torch.float32:
            setattr(scheduler, key, value.double())
    if name.startswith("FlowMatch"):
        scheduler.sigma_max, scheduler.sigma_min = 1.0, 1 / scheduler.config.num_train_timesteps
    kept = {key: vars(module)[key] for key in ("torch", "np", "randn_tensor", "BrownianTreeNoiseSampler")
            if key in vars(module)}
    replaced = {"torch": Double(torch, float32=torch.float64), "np": Double(numpy, float32=numpy.float64),
                "randn_tensor": draws, "BrownianTreeNoiseSampler": draws.tree}
    vars(module).update({key: replaced[key] for key in kept})
    try:
        yield scheduler
    finally:
        vars(module).update(kept)


def ask(x, t, draws):
    draws.calls += 1
    return torch.from_numpy(network(x.numpy(), float(t)))


def score_ve(scheduler, steps, draws):
    """Predictor and corrector, sample by sample: the class takes the norms over the batch."""
    scheduler.set_timesteps(steps)
    scheduler.set_sigmas(steps)
    results, c = [], scheduler.config
    for i in range(SHAPE[0]):
        draws.n, draws.calls = 0, 0
        x = torch.from_numpy(latents()[i:i + 1]) * c.sigma_max
        scheduler_noise = lambda *_, **__: draws()[i:i + 1]
        sys.modules[type(scheduler).__module__].randn_tensor = scheduler_noise
        for t in scheduler.timesteps:
            level = c.sigma_min * (c.sigma_max / c.sigma_min) ** t
            for _ in range(c.correct_steps):
                x = scheduler.step_correct(ask(x, level, draws), x).prev_sample
            out = scheduler.step_pred(ask(x, level, draws), t, x)
            x = out.prev_sample
        results.append(out.prev_sample_mean.numpy())
    return numpy.concatenate(results), draws.calls


def score_vp(scheduler, steps, draws):
    scheduler.set_timesteps(steps)
    x = torch.from_numpy(latents())
    for t in scheduler.timesteps:
        x, mean = scheduler.step_pred(ask(x, 999 * t, draws), x, t)
    return mean.numpy(), draws.calls


def theirs(name, config, steps, run):
    draws = Draws()
    draws.calls = 0
    with doubled(name, config, draws) as s:
        if name.startswith("ScoreSde"):
            return (score_ve if name == "ScoreSdeVe" else score_vp)(s, steps, draws)
        sets = {key: numpy.array(value) if name == "UniPCMultistep" and key == "sigmas" else value
                for key, value in run.items() if key in SETS}
        s.set_timesteps(**sets, **({"num_inference_steps": steps} if steps else {}))
        if steps and config.get("timestep_spacing") == "trailing" and len(set(s.timesteps.tolist())) > steps:
            raise OverflowError("trailing spacing made a step too many")
        x = torch.from_numpy(latents())
        if "Inverse" not in name:
            x = x * float(getattr(s, "init_noise_sigma", 1))
        for t in s.timesteps:
            seen = s.scale_model_input(x, t) if hasattr(s, "scale_model_input") else x
            said = ask(seen, t, draws)
            if str(config.get("variance_type")).startswith("learned"):
                said = torch.cat([said, torch.from_numpy(spread(seen.numpy(), float(t)))], 1)
            x = s.step(said, t, x, **{key: value for key, value in run.items() if key not in SETS}).prev_sample
        return x.numpy(), draws.calls


def compare(name, config, steps, run):
    """The verdict, what there is to say, and our request."""
    with numpy.errstate(all="ignore"):
        try:
            want = theirs(name, config, steps, run)
        except Exception as error:  # any refusal of theirs will do
            want = f"{type(error).__name__}: {error}"
        got, body = ours(name, config, steps, run)
    if isinstance(want, str) or isinstance(got, str):
        refused = isinstance(want, str), isinstance(got, str)
        if refused[0] or not numpy.isfinite(want[0]).all():
            return "they refuse" if not refused[1] else "both refuse", want if refused[0] else "not finite", body
        return "WE REFUSE", got, body
    if not numpy.isfinite(want[0]).all():
        return "they refuse", "not finite", body
    off = abs(got[0] - want[0]).max() / max(abs(want[0]).max(), 1e-9)
    if got[1] != want[1]:
        return "DIFFERS", f"{got[1]} calls, theirs {want[1]}", body
    return "same" if off <= TOLERANCE else "DIFFERS", f"by {off:.2g}", (body, want)


class Dice(random.Random):
    """Draws configurations: choices of (key, values), each with probability p."""

    def into(self, config, p=0.5, **choices):
        for key, values in choices.items():
            if self.random() < p:
                config[key] = self.choice(values)

    def betas(self, c, *more):
        self.into(c, 0.4, num_train_timesteps=(1000, 500, 100, 1100, 50, 999))
        self.into(c, 0.5, beta_schedule=("linear", "scaled_linear", "squaredcos_cap_v2", *more))
        if self.random() < 0.3:
            c["beta_start"], c["beta_end"] = self.choice([(0.00085, 0.012), (0.0001, 0.02), (0.001, 0.01), (0.01, 0.05)])
        if self.random() < 0.05:
            n = c.get("num_train_timesteps", 1000)
            c["trained_betas"] = [round(1e-4 + 0.02 * (i / n) ** 2, 7) for i in range(n)]

    def spacing(self, c):
        self.into(c, 0.6, timestep_spacing=("linspace", "leading", "trailing"))
        self.into(c, 0.3, steps_offset=(0, 1, 2))

    def predictions(self, c, *more):
        self.into(c, 0.6, prediction_type=("epsilon", "v_prediction", *more))

    def levels(self, c, *more):
        if self.random() < 0.45:
            c[self.choice(("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", *more))] = True

    def threshold(self, c):
        if self.random() < 0.2:
            c["thresholding"] = True
            self.into(c, dynamic_thresholding_ratio=(0.995, 0.87, 0.5), sample_max_value=(1.0, 1.5, 5.0))

    def zero_snr(self, c):
        if self.random() < 0.15:
            c.update(rescale_betas_zero_snr=True, prediction_type=self.choice(("v_prediction", "sample")))

    def churn(self, run):
        if self.random() < 0.25:
            run["s_churn"] = self.choice((0.5, 5.0, 40.0))
            self.into(run, s_tmin=(0.11, 1.0), s_tmax=(5.0, 51.0), s_noise=(1.003, 0.5))

    def flow(self, c, run, dynamic=True):
        if self.random() < 0.2:
            c.pop("rescale_betas_zero_snr", None)
            c.update(use_flow_sigmas=True, prediction_type="flow_prediction")
            self.into(c, flow_shift=(1.0, 3.0, 0.5, 7.0))
            if dynamic and self.random() < 0.3:
                c["use_dynamic_shifting"], run["mu"] = True, self.choice((0.5, 1.15, 0.9))

    def times(self, c, run, steps, p=0.12, trained=1000):
        if self.random() < p and not any(key.startswith("use_") for key in c):
            n = c.get("num_train_timesteps", trained)
            run["timesteps"] = sorted(self.sample(range(n), min(steps, n, 20)), reverse=True)

    def orders(self, c):
        self.into(c, 0.6, solver_order=(1, 2, 3))
        self.into(c, 0.5, lower_order_final=(True, False))


def table(d, c, run, steps, name):  # DDPM, DDIM, DDIMInverse
    d.betas(c, *(("sigmoid", "laplace") if name == "DDPM" else ()))
    d.predictions(c, "sample")
    d.spacing(c)
    d.into(c, clip_sample=(True, False))
    d.into(c, 0.3, clip_sample_range=(1.0, 2.5))
    d.zero_snr(c)
    if name == "DDPM":
        d.into(c, variance_type=("fixed_small", "fixed_small_log", "fixed_large", "learned", "learned_range"))
        d.times(c, run, steps)
    else:
        d.into(c, set_alpha_to_one=(True, False))
    if name == "DDIMInverse":
        c["timestep_spacing"] = d.choice(("leading", "trailing"))
        return
    d.threshold(c)
    if name == "DDIM":
        d.into(run, 0.3, eta=(0.3, 1.0), use_clipped_model_output=(True, False))


def pndm(d, c, run, steps, name):
    d.betas(c)
    d.predictions(c)
    d.spacing(c)
    d.into(c, skip_prk_steps=(True, False), set_alpha_to_one=(True, False))


def in_k(d, c, run, steps, name):  # the classes that hold y
    samples = name in ("LMSDiscrete", "EulerDiscrete", "HeunDiscrete")
    d.betas(c, *(("exp",) if name == "HeunDiscrete" else ()))
    d.predictions(c, *(("sample",) if samples else ()))
    d.spacing(c)
    if name != "EulerAncestralDiscrete":
        d.levels(c)
    if name == "HeunDiscrete":
        d.into(c, 0.3, clip_sample=(True, False), clip_sample_range=(1.0, 2.0))
        d.times(c, run, steps)
    if name == "LMSDiscrete":
        d.into(run, 0.3, order=(1, 2, 3, 4))
    if name == "DPMSolverSDE":
        d.into(run, 0.2, s_noise=(1.0, 0.7))
    if name == "EulerDiscrete":
        d.zero_snr(c)
        d.into(c, 0.3, interpolation_type=("linear", "log_linear"), timestep_type=("discrete", "continuous"))
        d.into(c, 0.5, final_sigmas_type=("zero", "sigma_min"))
        d.into(c, 0.15, sigma_min=(0.1, 0.03), sigma_max=(14.0, 10.0))
        d.churn(run)
        if c.get("timestep_type") != "continuous":
            d.times(c, run, steps)
        if d.random() < 0.1 and "timesteps" not in run:
            run["sigmas"] = [14.0, 6.4, 3.1, 1.2, 0.5, 0.11, 0.0]
    if name == "EulerAncestralDiscrete":
        d.zero_snr(c)


def in_lambda(d, c, run, steps, name):  # DPM-Solver and its kin
    inverse = name == "DPMSolverMultistepInverse"
    d.betas(c)
    d.predictions(c, "sample")
    d.threshold(c)
    if name != "DPMSolverSinglestep":
        d.spacing(c)
    d.levels(c, *(("use_lu_lambdas",) if name == "DPMSolverMultistep" else ()))
    if name == "SASolver":
        d.into(c, predictor_order=(1, 2, 3, 4), corrector_order=(1, 2, 3, 4), lower_order_final=(True, False),
               algorithm_type=("data_prediction", "noise_prediction"))
    else:
        d.orders(c)
    if name.startswith("DPM"):
        d.into(c, solver_type=("midpoint", "heun"),
               algorithm_type=("dpmsolver", "dpmsolver++", "sde-dpmsolver++", "sde-dpmsolver"))
        d.into(c, 0.15, lambda_min_clipped=(-5.1, -3.0))
        if name != "DPMSolverSinglestep":
            d.into(c, 0.3, euler_at_final=(True, False))
        if not inverse:
            c["final_sigmas_type"] = "zero" if "++" in c.get("algorithm_type", "++") and d.random() < 0.5 else "sigma_min"
            d.times(c, run, steps)
    if name in ("DPMSolverMultistep", "UniPCMultistep"):
        d.zero_snr(c)
    if name == "UniPCMultistep":
        d.into(c, solver_type=("bh1", "bh2"), predict_x0=(True, False), final_sigmas_type=("zero", "sigma_min"))
        d.into(c, 0.15, disable_corrector=([0], [0, 1, 2]), sigma_min=(0.1, 0.03), sigma_max=(14.0, 10.0))
        if c.get("predict_x0") is False:
            c["final_sigmas_type"] = "sigma_min"
    if not inverse and "timesteps" not in run:
        d.flow(c, run, name != "SASolver")
    if name == "UniPCMultistep" and "use_flow_sigmas" in c:
        d.into(c, 0.2, shift_terminal=(0.1, 0.02))
        if not any(c.get(key) for key in ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")):
            d.into(run, 0.2, sigmas=([1.0, 0.9, 0.7, 0.4, 0.15],))


def edm(d, c, run, steps, name):
    d.into(c, sigma_min=(0.02, 0.1), sigma_max=(20.0, 50.0), sigma_data=(1.0, 0.3), rho=(5.0, 3.0),
           sigma_schedule=("karras", "exponential"), prediction_type=("epsilon", "v_prediction"),
           final_sigmas_type=("zero", "sigma_min"))
    if name == "EDMEuler":
        d.churn(run)
        return
    d.orders(c)
    d.threshold(c)
    d.into(c, solver_type=("midpoint", "heun"), algorithm_type=("dpmsolver++", "sde-dpmsolver++"),
           euler_at_final=(True, False))


def few(d, c, run, steps, name):  # LCM, TCD
    d.betas(c)
    d.predictions(c, "sample")
    d.into(c, set_alpha_to_one=(True, False), original_inference_steps=(50, 25, 100))
    d.zero_snr(c)
    d.into(c, 0.3, clip_sample=(True, False), timestep_scaling=(10.0, 5.0))
    d.threshold(c)
    if name == "TCD":
        d.into(run, eta=(0.0, 1.0, 0.7, 0.3))
    d.times(c, run, steps)


def consistency(d, c, run, steps, name):
    d.into(c, num_train_timesteps=(201, 100, 40), sigma_min=(0.02,), sigma_max=(50.0,), sigma_data=(1.0,),
           s_noise=(0.5,), rho=(5.0,), clip_denoised=(True, False))
    d.times(c, run, steps, trained=40)


def flow_match(d, c, run, steps, name):
    d.into(c, 0.2, num_train_timesteps=(1000, 500))
    d.into(c, 0.5, shift=(1.0, 3.0, 0.5))
    if name == "FlowMatchHeunDiscrete":
        return
    d.levels(c)
    d.into(c, 0.2, shift_terminal=(0.1, 0.02))
    if name == "FlowMatchEulerDiscrete":
        d.into(c, 0.15, **d.choice(({"stochastic_sampling": (True,)}, {"invert_sigmas": (True,)})))
    if d.random() < 0.3:
        c["use_dynamic_shifting"], run["mu"] = True, d.choice((0.5, 1.15, 0.9))
        d.into(c, time_shift_type=("exponential", "linear"))
    if d.random() < 0.15:
        run["sigmas"] = [1.0, 0.9, 0.7, 0.4, 0.15]
    elif d.random() < 0.1:
        run["timesteps"] = [share * c.get("num_train_timesteps", 1000) for share in (0.9, 0.6, 0.3, 0.1)]


def score(d, c, run, steps, name):
    if name == "ScoreSdeVe":
        d.into(c, snr=(0.1, 0.2), sigma_max=(50.0, 300.0), sigma_min=(0.02,), correct_steps=(2, 3, 0), sampling_eps=(1e-3,))
    else:
        d.into(c, beta_min=(0.2,), beta_max=(10.0,), sampling_eps=(1e-2,))


def ipndm(d, c, run, steps, name):
    if d.random() < 0.2:
        c["trained_betas"] = [math.sin(math.pi / 2 * (1 - i / steps)) for i in range(steps + 1)]


CLASSES = {
    "DDPM": table, "DDIM": table, "PNDM": pndm, "LMSDiscrete": in_k, "EulerDiscrete": in_k,
    "EulerAncestralDiscrete": in_k, "HeunDiscrete": in_k, "KDPM2Discrete": in_k, "KDPM2AncestralDiscrete": in_k,
    "DPMSolverSDE": in_k, "DPMSolverMultistep": in_lambda, "DPMSolverSinglestep": in_lambda, "UniPCMultistep": in_lambda,
    "DEISMultistep": in_lambda, "SASolver": in_lambda, "EDMEuler": edm, "EDMDPMSolverMultistep": edm, "IPNDM": ipndm,
    "LCM": few, "TCD": few, "CMStochasticIterative": consistency, "FlowMatchEulerDiscrete": flow_match,
    "FlowMatchHeunDiscrete": flow_match, "FlowMatchLCM": flow_match, "ScoreSdeVe": score, "ScoreSdeVp": score,
    "DDIMInverse": table, "DPMSolverMultistepInverse": in_lambda}


def draw(d, name):
    config, run, steps = {}, {}, d.choice((1, 2, 3, 4, 5, 7, 10, 10, 14, 15, 16, 20, 25, 30, 50))
    CLASSES[name](d, config, run, steps, name)
    return config, (None if "timesteps" in run or "sigmas" in run else steps), run


def golden(body, want):
    """A row of the test's table."""
    text = [json.dumps(json.dumps(part, separators=(",", ":"))) for part in (body["scheduler_config"], body["sampler"])]
    values = want[0].reshape(-1)
    return f"    {{{text[0]}, {text[1]}, {abs(values).sum():.9g}, {values[5]:.9g}, {want[1]}}},"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--rows", type=int, default=20)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--golden", action="store_true")
    arguments.add_argument("classes", nargs="*", default=list(CLASSES))
    options, differing = arguments.parse_args(), 0
    for name in options.classes:
        d, counts = Dice(f"{options.seed} {name}"), collections.Counter()
        for _ in range(options.rows):
            config, steps, run = draw(d, name)
            try:
                verdict, said, body = compare(name, config, steps, run)
            except Exception as error:  # a class may lack a package of its own (torchsde)
                print(f"skipped: {name}, {error}")
                break
            counts[verdict] += 1
            if options.golden and verdict == "same" and "trained_betas" not in config:
                print(golden(*body))
            elif verdict.isupper():
                differing += 1
                print(f"  {verdict} {said}: {json.dumps(body[0] if isinstance(body, tuple) else body)[:600]}")
        if not options.golden:
            print(f"{name}: {', '.join(f'{n} {verdict}' for verdict, n in sorted(counts.items()))}", flush=True)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
