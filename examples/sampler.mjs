// A sampler in ten lines: the service says what a solver does between its network calls, the network is your own.
export async function sample(server, how, network, latent, normal) {
  const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(how) };
  const plan = await (await fetch(server + "/v1/schedule", request)).json(), v = [latent.map(z => plan.start.sigma * z)];
  for (const op of plan.steps.flatMap(step => step.operations))
    if (op.op === "call") {
      const x = v[op.x], out = network(x.map(a => op.input_scale * a), op.time);
      v[op.out] = x.map((a, i) => op.x_by * a + op.out_by * out[i]);
    } else
      v[op.out] = latent.map((_, i) => op.of.reduce((sum, of, j) => sum + op.by[j] * v[of][i], op.noise ? op.noise * normal() : 0));
  return v[plan.state];
}
