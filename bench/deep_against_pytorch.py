"""Times training and inference of ours and of PyTorch in turn, on the same shapes and threads.

    cargo xtask bench-deep [--rounds N] [--threads N]    # writes docs/benchmarks-deep.md
    cargo xtask bench-deep --quick                       # two rounds, writes nothing
    bench/deep_against_pytorch.py PROGRAM --device gpu   # on a card, PROGRAM built with `--features wgpu`; prints only

PyTorch runs in this process, ours in another, and they take turns; the better of PyTorch's two memory layouts counts.
Peak memory is that of a fresh process each, for PyTorch less what importing it takes.

On a card pictures lie in main memory, as ours do, and every step brings its own over; the loss of a step is read after it, so
that nothing is under way when the clock is. PyTorch computes in single precision, and with TF32 in another column.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from common import processor


def resident():
    """The most memory this process has held, in KiB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


class Ours:
    def __init__(self, program, threads, environment=os.environ):
        environment = {**environment, "RAYON_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            sys.exit(f"our side failed: {answer['error']}")
        return answer

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def resnet32(torch):
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.stride, self.more = stride, outputs - inputs

        def forward(self, x):
            y = torch.relu(self.bn1(self.conv1(x)))
            y = self.bn2(self.conv2(y))
            if self.more:
                half = self.more // 2
                x = nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, half, half))
            return torch.relu(x + y)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(16)
            stages = [(16, 16, 1), (16, 32, 2), (32, 64, 2)]
            blocks = []
            for inputs, outputs, stride in stages:
                blocks.append(Block(inputs, outputs, stride))
                blocks += [Block(outputs, outputs, 1) for _ in range(4)]
            self.blocks = nn.Sequential(*blocks)
            self.linear = nn.Linear(64, 10)

        def forward(self, x):
            x = self.blocks(torch.relu(self.bn1(self.conv1(x))))
            return self.linear(x.mean((2, 3)))

    return Net()


def autoencoder(torch):
    nn = torch.nn

    def down(inputs, outputs, norm):
        layers = [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False)]
        return layers + ([nn.BatchNorm2d(outputs)] if norm else []) + [nn.LeakyReLU(0.2)]

    encoder = nn.Sequential(
        *down(1, 64, False), *down(64, 128, True), *down(128, 256, True), *down(256, 512, True),
        nn.Flatten(), nn.Linear(512, 300),
    )
    decoder = nn.Sequential(
        nn.Linear(300, 512 * 7 * 7), nn.ReLU(), nn.Unflatten(1, (512, 7, 7)),
        nn.ConvTranspose2d(512, 256, 4), nn.BatchNorm2d(256), nn.ReLU(),
        nn.ConvTranspose2d(256, 128, 4), nn.BatchNorm2d(128), nn.ReLU(),
        nn.ConvTranspose2d(128, 1, 4, 2), nn.Tanh(),
    )
    return encoder, decoder


def mirror(torch):
    """Four halvings from 128 to 1024 channels, and their mirror."""
    nn = torch.nn
    widths = [3, 128, 256, 512, 1024]

    def down(inputs, outputs, norm):
        layers = [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False)]
        return layers + ([nn.BatchNorm2d(outputs)] if norm else []) + [nn.LeakyReLU(0.2)]

    def up(inputs, outputs):
        return [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]

    pairs = list(zip(widths, widths[1:]))
    encoder = [layer for place, pair in enumerate(pairs) for layer in down(*pair, place > 0)]
    encoder = nn.Sequential(*encoder, nn.Flatten(), nn.Linear(4096, 600))
    decoder = nn.Sequential(
        nn.Linear(600, 4096), nn.ReLU(), nn.Unflatten(1, (1024, 2, 2)),
        *up(1024, 512), *up(512, 256), *up(256, 128), nn.ConvTranspose2d(128, 3, 4, 2, 1), nn.Tanh(),
    )
    return encoder, decoder


def theirs(work, steps, layout, device="cpu"):
    """Seconds of the work in PyTorch."""
    import torch

    torch.manual_seed(1)
    form = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    if work == "resnet32-step":
        net = resnet32(torch).to(device, memory_format=form)
        optimizer = torch.optim.SGD(net.parameters(), 0.02, momentum=0.9, weight_decay=2e-4)
        pictures = torch.randint(0, 256, (128 * steps, 3, 32, 32), dtype=torch.uint8)
        labels = torch.arange(128 * steps) % 10
        net.train()
        start = time.perf_counter()
        for rows in torch.randperm(128 * steps).split(128):
            x = (pictures[rows].float() / 127.5 - 1).to(device, memory_format=form)
            loss = torch.nn.functional.cross_entropy(net(x), labels[rows].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()
        return time.perf_counter() - start
    if work == "resnet32-inference":
        net = resnet32(torch).to(device, memory_format=form).eval()
        pictures = torch.randint(0, 256, (256 * steps, 3, 32, 32), dtype=torch.uint8)
        start = time.perf_counter()
        with torch.inference_mode():
            for part in pictures.split(256):
                net((part.float() / 127.5 - 1).to(device, memory_format=form)).cpu().numpy()
        return time.perf_counter() - start
    if work == "mirror-step":
        encoder, decoder = (part.to(device, memory_format=form) for part in mirror(torch))
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 2e-4)
        pictures = torch.randint(0, 256, (100 * steps, 3, 32, 32), dtype=torch.uint8)
        start = time.perf_counter()
        for rows in torch.randperm(100 * steps).split(100):
            x = (pictures[rows].float() / 127.5 - 1).to(device, memory_format=form)
            loss = torch.nn.functional.mse_loss(decoder(encoder(x)), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()
        return time.perf_counter() - start
    if work == "autoencoder-step":
        encoder, decoder = (part.to(device, memory_format=form) for part in autoencoder(torch))
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 2e-4)
        pictures = torch.randint(0, 256, (100 * steps, 1, 28, 28), dtype=torch.uint8)
        labels = torch.arange(100 * steps) % 10
        mse = torch.nn.functional.mse_loss
        start = time.perf_counter()
        for rows in torch.randperm(100 * steps).split(100):
            x = (pictures[rows].float() / 127.5 - 1).to(device, memory_format=form)
            loss = mse(decoder(encoder(x)), x)
            of_class = (labels == torch.randint(0, 10, ()).item()).nonzero().flatten()
            of_class = of_class[torch.randperm(len(of_class))[:100]]
            x = (pictures[of_class].float() / 127.5 - 1).to(device, memory_format=form)
            order = torch.roll(torch.arange(len(of_class)), -1).to(device)
            codes = encoder(x).detach()
            loss = loss + mse(decoder(codes[order]), x[order])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()
        return time.perf_counter() - start
    if work == "head":
        values, labels = torch.rand(50_000, 64), torch.arange(50_000) % 10
        head = torch.nn.Linear(64, 10).to(device)
        optimizer = torch.optim.SGD(head.parameters(), 0.1, momentum=0.9, weight_decay=2e-4)
        start = time.perf_counter()
        for _ in range(10):
            for rows in torch.randperm(50_000).split(128):
                loss = torch.nn.functional.cross_entropy(head(values[rows].to(device)), labels[rows].to(device))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                loss.item()
        return time.perf_counter() - start
    if work == "nothing":
        return 0.0
    raise SystemExit(f"no work is called {work}")


# Seconds before whatever is timed.
PAUSE = 0.3

LEVELS = ["avx512", "avx2"]


def without_avx512():
    """The environment in which PyTorch and what it brings do without."""
    limits = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
    return {**os.environ, **limits, "COUNTERPOISE_VECTORS": "avx2"}


def fastest(work, seconds=0.4):
    work()
    best, begun = float("inf"), time.perf_counter()
    while time.perf_counter() < begun + seconds:
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def their_rates(torch, layers):
    """Billions of operations a second: forwards and both gradients, of the better layout each; and of a product of matrices."""
    rates = {}
    for name, (batch, inputs, outputs, size, kernel, stride, padding) in layers:
        best = [0.0, 0.0]
        for form in [torch.contiguous_format, torch.channels_last]:
            x = torch.rand(batch, inputs, size, size).to(memory_format=form)
            w = torch.rand(outputs, inputs, kernel, kernel).to(memory_format=form)
            y = torch.nn.functional.conv2d(x, w, None, stride, padding)
            operations = 2 * y.numel() * inputs * kernel**2 / 1e9
            sizes = ([stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1)

            def forwards():
                torch.nn.functional.conv2d(x, w, None, stride, padding)

            def back():
                torch.ops.aten.convolution_backward(y, x, w, None, *sizes, [True, True, False])

            with torch.no_grad():
                best[0] = max(best[0], operations / fastest(forwards))
                best[1] = max(best[1], 2 * operations / fastest(back))
        rates[name] = best
    a, b = torch.rand(2048, 2048), torch.rand(2048, 2048)
    return {"layers": rates, "sgemm": 2 * 2048**3 / 1e9 / fastest(lambda: a @ b)}


WORK = [
    ("resnet32-step", "ResNet-32 training step, 128 pictures of 3x32x32", 4),
    ("resnet32-inference", "ResNet-32 inference, 256 pictures", 4),
    ("autoencoder-step", "DeepSMOTE step, 100 pictures of 1x28x28, class batch beside it", 3),
    ("mirror-step", "autoencoder step, 100 pictures of 3x32x32, 128 to 1024 channels and back", 3),
    ("head", "head re-training, ten epochs of 50,000 x 64 in batches of 128", 1),
]


def on_a_card(torch, arguments, rounds):
    """Prints a table of both on a card, and what each said of it."""
    ours = Ours(arguments.program, arguments.threads)
    card = ours.ask(card=arguments.device)["card"]
    name = torch.cuda.get_device_name() if arguments.theirs == "cuda" else processor()
    print(f"ours on {card['name']}; PyTorch {torch.__version__} on {name}; medians of {rounds} rounds after one that warms up")
    print()
    print("| work | PyTorch ms | with TF32 ms | ours ms | ours / PyTorch | spread of ours ms | first round of ours s |")
    print("|---|--:|--:|--:|--:|--:|--:|", flush=True)
    columns = [(layout, tf32) for tf32 in [False, True] for layout in ["contiguous", "channels_last"]]
    for work, about, steps in WORK:
        if arguments.only and work not in arguments.only:
            continue
        if work != "head":
            steps = arguments.steps or 5 * steps
        times = {"ours": [], **{column: [] for column in columns}}
        first = 0.0
        for number in range(rounds + 1):
            start = time.perf_counter()
            mine = ours.ask(deep=work, steps=steps, device=arguments.device)["seconds"] / steps
            if number == 0:
                first = time.perf_counter() - start
            else:
                times["ours"].append(mine)
            for layout, tf32 in columns:
                torch.backends.cuda.matmul.allow_tf32 = tf32
                torch.backends.cudnn.allow_tf32 = tf32
                other = theirs(work, steps, layout, arguments.theirs) / steps
                if number > 0:
                    times[layout, tf32].append(other)
        middle = {name: 1e3 * statistics.median(values) for name, values in times.items()}
        mine = middle["ours"]
        plain, quick = (min((middle[layout, tf32], layout) for layout in ["contiguous", "channels_last"]) for tf32 in [False, True])
        spread = f"{1e3 * min(times['ours']):.2f}-{1e3 * max(times['ours']):.2f}"
        print(
            f"| {about} | {plain[0]:.2f} ({plain[1]}) | {quick[0]:.2f} ({quick[1]}) | {mine:.2f} | {mine / plain[0]:.2f} | {spread} | {first:.1f} |",
            flush=True,
        )
    ours.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--quick", action="store_true", help="two rounds")
    parser.add_argument("--device", choices=["cpu", "gpu", "cuda"], default="cpu", help="where ours computes")
    parser.add_argument("--theirs", default="cuda", help="where PyTorch computes beside a card of ours")
    parser.add_argument("--steps", type=int, help="steps of a round, on a card")
    parser.add_argument("--only", nargs="*", help="names of work, on a card")
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(arguments.threads)
    if arguments.alone and arguments.alone[0] == "rates":
        print(json.dumps(their_rates(torch, json.loads(arguments.alone[1]))))
        return
    if arguments.alone:
        work, steps, layout = arguments.alone
        seconds = theirs(work, int(steps), layout)
        print(json.dumps({"seconds": seconds, "peak_kib": resident()}))
        return
    rounds = 2 if arguments.quick else arguments.rounds
    if arguments.device != "cpu":
        on_a_card(torch, arguments, rounds)
        return
    lines = []

    def say(line=""):
        lines.append(line)
        print(line, flush=True)

    say("# Networks beside PyTorch")
    say()
    say("Written by `cargo xtask bench-deep`; do not edit by hand. The same shapes, batches and threads; both in turn, medians")
    say(f"of {rounds} rounds on {arguments.threads} cores of {processor()}, PyTorch {torch.__version__}. Of PyTorch's two memory layouts the faster counts.")
    say("A ratio above 1 means that we are slower, or take more memory.")
    say()
    layouts = ["contiguous", "channels_last"]
    ours = Ours(arguments.program, arguments.threads)
    say("| work | PyTorch ms | ours ms | ours / PyTorch |")
    say("|---|---|---|---|")
    for work, about, steps in WORK:
        times = {"ours": [], **{layout: [] for layout in layouts}}
        for number in range(rounds + 1):
            # Threads of PyTorch's wait in a loop for more work when theirs is done, and would take time from ours.
            time.sleep(PAUSE)
            mine = ours.ask(deep=work, steps=steps)["seconds"]
            others = {}
            for layout in layouts:
                time.sleep(PAUSE)
                others[layout] = theirs(work, steps, layout)
            # The first round warms up.
            if number > 0:
                times["ours"].append(mine / steps)
                for layout in layouts:
                    times[layout].append(others[layout] / steps)
        middle = {name: statistics.median(values) for name, values in times.items()}
        layout = min(layouts, key=middle.get)
        mine, other = middle["ours"], middle[layout]
        word = f"{mine / other:.2f}" + (" (slower)" if mine > other else "")
        say(f"| {about} | {1e3 * other:.1f} ({layout}) | {1e3 * mine:.1f} | {word} |")
    ours.end()
    say()
    say("| work | PyTorch MiB, net of importing it | ours MiB | ours / PyTorch |")
    say("|---|---|---|---|")

    def alone(work, steps, layout="contiguous", environment=None):
        words = [sys.executable, __file__, arguments.program, "--threads", str(arguments.threads)]
        words += ["--alone", work, str(steps), layout]
        ran = subprocess.run(words, check=True, capture_output=True, text=True, env=environment)
        return json.loads(ran.stdout)

    bare = alone("nothing", 0)["peak_kib"]
    for work, about, steps in WORK:
        fresh = Ours(arguments.program, arguments.threads)
        mine = fresh.ask(deep=work, steps=steps)["peak_kib"]
        fresh.end()
        other = alone(work, steps)["peak_kib"] - bare
        say(f"| {about} | {other / 1024:.0f} | {mine / 1024:.0f} | {mine / other:.2f} |")
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    other = time.perf_counter() - start
    start = time.perf_counter()
    fresh = Ours(arguments.program, arguments.threads)
    fresh.ask(deep="nothing")
    mine = time.perf_counter() - start
    fresh.end()
    say()
    say(f"Importing PyTorch takes {bare / 1024:.0f} MiB and {1e3 * other:.0f} ms; our program starts in {1e3 * mine:.0f} ms.")
    environments = dict(zip(LEVELS, [None, without_avx512()]))
    say()
    say("## Without AVX-512")
    say()
    say("The first three again without it (ours by `COUNTERPOISE_VECTORS=avx2`, which small products of matrices do not heed), each in a fresh process, the better of two runs.")
    say()
    say("| work | PyTorch ms | ours ms | ours / PyTorch |")
    say("|---|---|---|---|")
    for work, about, steps in WORK[:3]:
        mine, other = float("inf"), float("inf")
        for _ in range(2):
            fresh = Ours(arguments.program, arguments.threads, environments["avx2"])
            mine = min(mine, fresh.ask(deep=work, steps=steps)["seconds"] / steps)
            fresh.end()
            for layout in layouts:
                other = min(other, alone(work, steps, layout, environments["avx2"])["seconds"] / steps)
        word = f"{mine / other:.2f}" + (" (slower)" if mine > other else "")
        say(f"| {about} | {1e3 * other:.1f} | {1e3 * mine:.1f} | {word} |")
    say()
    say("## Convolutions alone")
    say()
    say("Billions of operations a second, the fastest of many runs: forwards, and the gradients by input and by weights. For PyTorch")
    say("the better of both layouts: forwards, and both gradients at once. `MxNxN > O, kxk/s` are M channels of NxN pixels to O.")
    measured = {}
    for level in LEVELS:
        fresh = Ours(arguments.program, arguments.threads)
        mine = fresh.ask(rates=level)["layers"]
        fresh.end()
        layers = [(layer["layer"], layer["shape"]) for layer in mine]
        other = alone("rates", json.dumps(layers), environment=environments[level])
        measured[level] = (mine, other)
    for level, words in zip(LEVELS, ["With AVX-512", "Without"]):
        mine, other = measured[level]
        say()
        say(f"{words}; PyTorch multiplies matrices of 2048x2048 at {other['sgemm']:.0f}:")
        say()
        say("| layer | shape | ours forwards | by input | by weights | PyTorch forwards | both gradients |")
        say("|---|---|--:|--:|--:|--:|--:|")
        for layer in mine:
            name, (_, inputs, outputs, size, kernel, stride, _) = layer["layer"], layer["shape"]
            rates = " | ".join(f"{rate:.0f}" for rate in [*layer["rates"], *other["layers"][name]])
            say(f"| {name.split()[0]} | {inputs}x{size}x{size} > {outputs}, {kernel}x{kernel}/{stride} | {rates} |")
    if not arguments.quick:
        Path("docs/benchmarks-deep.md").write_text("\n".join(lines) + "\n")
        print("\nwrote docs/benchmarks-deep.md")


if __name__ == "__main__":
    main()
