// Follows schedules with examples/sampler.mjs and a network written here, and compares with what /v1/sample makes of the same model and
// latents. usage: node sampler_check.mjs http://127.0.0.1:8080
import { sample } from "../../examples/sampler.mjs";

const server = process.argv[2];
const model = { type: "mixture", weights: [0.25, 0.75], means: [[-1, 0.3], [0.5, -0.1]], stds: [0.3, 0.6] };

// denoised is E[x0 | x] of the model at a noise level.
function denoised(x, alpha, sigma) {
  const parts = model.means.map((mean, c) => {
    const s2 = model.stds[c] ** 2, spread = alpha ** 2 * s2 + sigma ** 2;
    const away = x.map((a, i) => a - alpha * mean[i]);
    const log = Math.log(model.weights[c]) - 0.5 * away.reduce((sum, a) => sum + a * a, 0) / spread - (x.length / 2) * Math.log(spread);
    return { log, D: mean.map((m, i) => m + (alpha * s2 / spread) * away[i]) };
  });
  const most = Math.max(...parts.map(p => p.log)), total = parts.reduce((sum, p) => sum + Math.exp(p.log - most), 0);
  return x.map((_, i) => parts.reduce((sum, p) => sum + (Math.exp(p.log - most) / total) * p.D[i], 0));
}

// What networks of some paths predict, given nothing but their input and the time they are told.
const networks = {
  flow: { prediction: "velocity", of: (x, time) => { const t = time / 1000, D = denoised(x, 1 - t, t); return x.map((a, i) => (a - D[i]) / t); } },
  vp: {
    prediction: "eps",
    of: (x, time) => {
      const t = time / 999, alpha = Math.exp(-0.25 * t * t * 19.9 - 0.05 * t), sigma = Math.sqrt(1 - alpha * alpha), D = denoised(x, alpha, sigma);
      return x.map((a, i) => (a - alpha * D[i]) / sigma);
    },
  },
  edm: {
    prediction: "edm",
    of: (x, time) => {
      const k = Math.exp(4 * time), s = 0.5, r = Math.hypot(k, s), y = x.map(a => a * r), D = denoised(y, 1, k);
      return y.map((a, i) => (D[i] - (s * s / (r * r)) * a) * r / (k * s));
    },
  },
};

const latents = [[0.3, -1.1], [-0.7, 0.4], [1.6, 0.2]];
let worst = 0, followed = 0;
for (const [path, network] of Object.entries(networks))
  for (const solver of ["euler", "heun", "dpm2", "dpm_solver_3", "lms", "ipndm", "deis", "dpmpp_2m", "dpmpp_3m", "unipc"]) {
    const sampler = { solver, steps: 9 };
    const body = JSON.stringify({ model, path, sampler, latents, count: latents.length, seed: 1 });
    const headers = { "Content-Type": "application/json" };
    const want = (await (await fetch(server + "/v1/sample", { method: "POST", headers, body })).json()).samples;
    for (const [i, latent] of latents.entries()) {
      const got = await sample(server, { path, sampler, prediction: network.prediction }, network.of, latent);
      const error = Math.max(...got.map((a, j) => Math.abs(a - want[i][j]) / Math.max(1, Math.abs(want[i][j]))));
      if (!(error <= 1e-12)) console.log(`${path} ${solver}: ${got}, want ${want[i]}`);
      worst = Math.max(worst, error);
      followed++;
    }
  }

// Noise is drawn where the solver wants it, for each number anew.
let draws = 0;
const drawn = await sample(server, { path: "vp", prediction: "eps", sampler: { solver: "ddpm", steps: 5 } }, networks.vp.of, [0.1, 0.2], () => { draws++; return 0.5; });
const fine = worst <= 1e-12 && followed === 90 && draws === 8 && drawn.every(Number.isFinite);
if (!fine) console.log(`followed ${followed}, the worst error is ${worst}; drew ${draws}: ${drawn}`);
process.exit(fine ? 0 : 1);
