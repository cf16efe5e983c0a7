"""Steps with MixUp and CutMix against PyTorch's cross-entropy with soft targets, on the same mixed images."""

import numpy as np
import oracle_augment
import pytest

from convnet.augment import CutMix, MixUp
from convnet.augment.plan import plan_augment
from convnet.graph import Network, Trainer
from convnet.graph.runtime.augmenter import augmented

SHAPE, N, CLASSES = (5, 4, 3), 24, 5
AUGMENT = [MixUp(0.4), CutMix()]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [None, "class", "sample"])
@pytest.mark.parametrize("augment", [AUGMENT, AUGMENT[:1], AUGMENT[1:]], ids=str)
def test_soft_target_cross_entropy(torch, augment, weighted, smoothing):
    """Loss and gradient of a linear net; class weights are those of torch's loss, which weights each class's term."""
    rng = np.random.default_rng(0)
    X = rng.random((N, *SHAPE)).astype(np.float32)
    y = rng.integers(0, CLASSES, N).astype(np.int32)
    class_weight = rng.uniform(0.2, 3, CLASSES).astype(np.float32)
    weight = {
        None: None, "class": class_weight[y], "sample": rng.uniform(0.2, 3, N).astype(np.float32),
    }[weighted]  # fmt: skip
    plan = plan_augment(augment, SHAPE)
    net = Network([], SHAPE, CLASSES, seed=1)
    start = net.get_weights()
    trainer = Trainer(
        net, loss="softmax", batch_size=N, solver="sgd", momentum=0.0, nesterov=False, augment=plan,
        label_smoothing=smoothing, seed=3,
    )  # fmt: skip
    value = trainer.step(X, y, np.arange(N), weight, scale=1.0, learning_rate=1.0, epoch=2)

    draws = [oracle_augment.mixing(augment, SHAPE, N, seed=3, epoch=2, row=i) for i in range(N)]
    w = np.ones(N) if weight is None else weight.astype(np.float64)
    one_hot = np.eye(CLASSES)[y]
    target, mixed_weight, _ = oracle_augment.mixed_targets(one_hot, w, draws)
    images = torch.tensor(augmented(X, plan, seed=3, epoch=2), dtype=torch.float64).flatten(1)
    matrix, bias = (
        torch.tensor(start[f"output/{name}"], dtype=torch.float64).requires_grad_()
        for name in ("weights", "bias")
    )
    logits = images @ matrix + bias
    loss = torch.nn.functional.cross_entropy
    if weighted == "class" and not smoothing:
        plain, _, _ = oracle_augment.mixed_targets(one_hot, np.ones(N), draws)
        total = loss(
            logits,
            torch.tensor(plain),
            torch.tensor(class_weight, dtype=torch.float64),
            reduction="sum",
        )
    else:
        each = loss(logits, torch.tensor(target), reduction="none", label_smoothing=smoothing)
        total = (each * torch.tensor(mixed_weight)).sum()
    total = total / w.sum()
    total.backward()
    assert value == pytest.approx(float(total.detach()), rel=1e-6)
    for name, parameter in (("weights", matrix), ("bias", bias)):
        got = start[f"output/{name}"] - net.get_weights()[f"output/{name}"]
        np.testing.assert_allclose(got, parameter.grad.numpy(), atol=2e-6)
