"""Whether PyTorch, given the weights that `counterpoise train` wrote, says what `counterpoise evaluate` says, and the other
way round. Run by `cargo xtask check --heavy`.

    networks_in_pytorch.py COUNTERPOISE
"""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

CLASSES = 3


def block(inputs, outputs, stride, projected):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.shortcut = nn.Identity()
            if projected and (stride != 1 or inputs != outputs):
                convolution = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
                self.shortcut = nn.Sequential(convolution, nn.BatchNorm2d(outputs))

        def forward(self, x):
            y = torch.relu(self.bn1(self.conv1(x)))
            y = self.bn2(self.conv2(y))
            if not projected and inputs != outputs:
                half = (outputs - inputs) // 2
                return torch.relu(y + nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, half, half)))
            return torch.relu(y + self.shortcut(x))

    return Block()


class ResNet(nn.Module):
    def __init__(self, first, widths, blocks, projected):
        super().__init__()
        self.conv1 = nn.Conv2d(3, first, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(first)
        self.stages = []
        inputs = first
        for number, width in enumerate(widths, 1):
            layers = []
            for place in range(blocks):
                layers.append(block(inputs, width, 2 if number > 1 and place == 0 else 1, projected))
                inputs = width
            self.stages.append(f"layer{number}")
            setattr(self, f"layer{number}", nn.Sequential(*layers))
        self.linear = nn.Linear(inputs, CLASSES)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        for stage in self.stages:
            x = getattr(self, stage)(x)
        return self.linear(x.mean((2, 3)))


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.linear = nn.Linear(16 * 6 * 6, 120), nn.Linear(120, 84), nn.Linear(84, CLASSES)

    def forward(self, x):
        for convolution in (self.conv1, self.conv2):
            x = nn.functional.max_pool2d(torch.relu(convolution(x)), 2)
        return self.linear(torch.relu(self.fc2(torch.relu(self.fc1(x.flatten(1))))))


NETWORKS = {
    "lenet": LeNet,
    "resnet20": lambda: ResNet(16, (16, 32, 64), 3, False),
    "resnet32": lambda: ResNet(16, (16, 32, 64), 5, False),
    "resnet56": lambda: ResNet(16, (16, 32, 64), 9, False),
    "resnet18": lambda: ResNet(64, (64, 128, 256, 512), 2, True),
}


def weights(path):
    """The tensors of a safetensors file, read by hand so that nothing of ours and no other package is trusted."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    found = {}
    for name, tensor in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            start, end = tensor["data_offsets"]
            values = np.frombuffer(data[8 + length + start : 8 + length + end], "<f4").reshape(tensor["shape"])
            found[name] = torch.tensor(values)
    return found


def scores(path):
    """What `evaluate` wrote, one row a picture."""
    with open(path, newline="") as file:
        return np.array([[float(row[f"score {code}"]) for code in range(CLASSES)] for row in csv.DictReader(file)])


def main():
    program, folder = sys.argv[1], Path(tempfile.mkdtemp())
    draw = np.random.default_rng(1)
    labels = np.repeat(np.arange(CLASSES), [48, 24, 12])
    pictures = draw.integers(0, 120, (len(labels), 32, 32, 3), dtype=np.uint8)
    for place, label in enumerate(labels):
        pictures[place, 8 * label : 8 * label + 12, :, label] += 120
    np.savez(folder / "p.npz", train_images=pictures, train_labels=labels)

    def call(*words):
        subprocess.run([program, *words, "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL)

    input = torch.tensor(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    worst = 0.0
    for name, new in NETWORKS.items():
        call("train", "p.npz", "--network", name, "--epochs", "2", "--batch", "16", "--rate", "0.02", "--output", f"{name}.safetensors")
        call("evaluate", f"{name}.safetensors", "p.npz", "--split", "train", "--output", f"{name}.csv")
        net = new()
        missing, unknown = net.load_state_dict(weights(folder / f"{name}.safetensors"), strict=False)
        missing = [key for key in missing if not key.endswith("num_batches_tracked")]
        if missing or unknown:
            sys.exit(f"{name}: missing {missing}, unknown {unknown}")
        net.eval()
        with torch.no_grad():
            theirs = net(input).softmax(1).numpy()
        out = np.abs(theirs - scores(folder / f"{name}.csv")).max()
        # The other way: fresh weights of PyTorch, in its own format, judged by us.
        torch.manual_seed(2)
        other = new().eval()
        torch.save(other.state_dict(), folder / f"{name}.pth")
        call("evaluate", f"{name}.pth", "p.npz", "--split", "train", "--network", name, "--output", f"{name}-pth.csv")
        with torch.no_grad():
            theirs = other(input).softmax(1).numpy()
        into = np.abs(theirs - scores(folder / f"{name}-pth.csv")).max()
        print(f"{name:<9} probabilities differ by at most {out:.1e} with our weights, {into:.1e} with theirs")
        worst = max(worst, out, into)
    if not worst < 1e-4:
        sys.exit(f"probabilities differ by {worst:.1e}, more than single precision explains")


if __name__ == "__main__":
    main()
