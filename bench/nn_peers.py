"""nn_peers.py - the peers of bench/nn: the same networks in PyTorch (as it is, and compiled), ONNX Runtime and diffusers.

    python3 nn_peers.py PEER CASE FILE      the protocol of kernels.c; where a package is absent, "absent PEER"

Weights are those that the constructors draw; the check of a row is the number of parameters, which are to be ours. A case
that ends in -bf16 has the whole network and its inputs in bfloat16, as a pipeline's .to(torch.bfloat16) has them."""
import os
import sys
import time
import warnings

PIPELINE_STEPS = 50


def cifar():
    """google/ddpm-cifar10-32's configuration."""
    from diffusers import UNet2DModel
    return UNet2DModel(sample_size=32, block_out_channels=(128, 256, 256, 256), layers_per_block=2, downsample_padding=0,
                       down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
                       up_block_types=("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"), attention_head_dim=None,
                       flip_sin_to_cos=False, freq_shift=1, norm_eps=1e-6)


def digits():
    from diffusers import UNet2DModel
    return UNet2DModel(sample_size=28, in_channels=1, out_channels=1, block_out_channels=(16, 32, 64), layers_per_block=1,
                       down_block_types=("DownBlock2D",) * 3, up_block_types=("UpBlock2D",) * 3, norm_num_groups=8,
                       num_class_embeds=11)


def dit():
    from diffusers import DiTTransformer2DModel
    return DiTTransformer2DModel(num_attention_heads=4, attention_head_dim=32, in_channels=1, num_layers=6, sample_size=28,
                                 patch_size=4, num_embeds_ada_norm=10)


def inputs(kind, batch):
    """What each call gets: the image, the time and, but for cifar, the class."""
    import torch
    side, channels = (32, 3) if kind == "cifar" else (28, 1)
    x, t, c = torch.randn(batch, channels, side, side), torch.full((batch,), 500), torch.arange(batch) % 10
    return (x, t) if kind == "cifar" else (x, t, c)


def caller(kind, network):
    import torch

    class Call(torch.nn.Module):
        """A network with its inputs in order and one tensor out."""

        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, x, t, c=None):
            return self.network(x, t, class_labels=c, return_dict=False)[0]

    return Call().eval()


def torch_peer(call, given):
    return lambda: call(*given)


def compiled_peer(call, given):
    import torch
    fast = torch.compile(call)
    fast(*given)
    return lambda: fast(*given)


def onnx_peer(call, given, threads, file):
    import onnxruntime
    import torch
    sys.stdout, shown = sys.stderr, sys.stdout  # the exporter prints
    torch.onnx.export(call, given, file + ".onnx", dynamo=True)
    sys.stdout = shown
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file + ".onnx", options, providers=["CPUExecutionProvider"])
    named = {i.name: v.numpy() for i, v in zip(session.get_inputs(), given)}
    return lambda: session.run(None, named)


def diffusers_peer(network, batch):
    from diffusers import DDIMPipeline, DDIMScheduler
    pipeline = DDIMPipeline(network, DDIMScheduler())
    pipeline.set_progress_bar_config(disable=True)
    return lambda: pipeline(batch_size=batch, num_inference_steps=PIPELINE_STEPS, output_type="np")


def make(peer, case, file):
    """The version that is measured, what a round runs, and how many parameters the network has."""
    import torch
    kind, batch, threads, half = case[0], int(case[1]), int(case[2]), case[3:] == ["bf16"]
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = {"digits": digits, "dit": dit}.get(kind, cifar)()
    count = sum(p.numel() for p in network.parameters())
    if kind == "pipeline":
        import diffusers
        return diffusers.__version__, diffusers_peer(network, batch), count
    call, given = caller(kind, network), inputs(kind, batch)
    if half:
        call, given = call.to(torch.bfloat16), (given[0].to(torch.bfloat16), *given[1:])
    if peer == "onnxruntime":
        import onnxruntime
        return onnxruntime.__version__, onnx_peer(call, given, threads, file), count
    return torch.__version__, (compiled_peer if peer == "compiled" else torch_peer)(call, given), count


def main():
    peer, case, file = sys.argv[1], sys.argv[2].split("-"), sys.argv[3]
    warnings.simplefilter("ignore")
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        import torch
        with torch.inference_mode():
            version, work, count = make(peer, case, file)
    except ImportError:
        print("absent", peer, flush=True)
        return
    print("ready", peer, version, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        with torch.inference_mode():
            work()
        print(f"{time.perf_counter() - start:.9f} {count}", flush=True)


if __name__ == "__main__":
    main()
