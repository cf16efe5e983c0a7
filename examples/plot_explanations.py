"""
Where a net looks
=================

Four ways to ask which pixels an answer hangs on, side by side.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

import convnet
from convnet.inspection import ExplanationDisplay

net = convnet.load_pretrained("mnist-small")
digits = load_digits()
ink = np.clip(digits.images - 3, 0, 13) / 13
X = np.pad(zoom(ink, (1, 2.5, 2.5), order=1), ((0, 0), (4, 4), (4, 4)))
y = digits.target

# %%
# Grad-CAM asks the last convolution, whose maps are small, and is coarse. Saliency is the slope of the answer by each
# pixel. Integrated gradients say what each pixel adds, compared with an empty image. Occlusion covers a window and
# looks how far the answer falls. Red speaks for the answer, blue against it; saliency is a size without a sign.

methods = ["gradcam", "saliency", "integrated_gradients", "occlusion"]
ExplanationDisplay.from_estimator(net, X[[0, 3, 4]], y[[0, 3, 4]], method=methods)

# %%
# Another question
# ----------------
# `target` is the class that is asked for: what speaks for a 7 in an image of a 9, and what against it?

nine = X[9:10]
for target in (9, 7):
    ExplanationDisplay.from_estimator(
        net, nine, method=["integrated_gradients", "occlusion"], target=target
    )

# %%
# The maps are numbers
# --------------------
# Those of integrated gradients add up to the difference of the logit between the image and the empty one.

maps = net.explain(nine, "integrated_gradients", target=7)
logits = net.decision_function(np.concatenate([nine, np.zeros_like(nine)]))[:, 7]
print(maps.shape, maps.dtype)
print(f"sum of the map {maps.sum():.2f}, difference of the logits {logits[0] - logits[1]:.2f}")
plt.show()
