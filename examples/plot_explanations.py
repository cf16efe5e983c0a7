"""
Which pixels does a prediction depend on?
=========================================

Four methods of `explain`, side by side.
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
# Grad-CAM uses the maps of the last convolution, which are small, so it is coarse. Saliency is the derivative of the
# output with respect to each pixel. Integrated gradients show how much each pixel contributes, compared with an empty
# image. Occlusion covers a window, here in black, and measures how much the output falls. The last two have a sign: red
# is evidence for the prediction, blue evidence against it. The others go from red to yellow, the strongest effect.

methods = ["gradcam", "saliency", "integrated_gradients", "occlusion"]
ExplanationDisplay.from_estimator(net, X[[0, 3, 4]], y[[0, 3, 4]], method=methods, value=0)

# %%
# Another class
# -------------
# `target` selects the class. Which pixels of an image of a 9 are evidence for a 7, and which against it?

nine = X[9:10]
for target in (9, 7):
    ExplanationDisplay.from_estimator(
        net, nine, method=["integrated_gradients", "occlusion"], target=target, value=0
    )

# %%
# The maps are numbers
# --------------------
# The values of integrated gradients add up to the difference of the logit between the image and an empty image.

maps = net.explain(nine, "integrated_gradients", target=7)
logits = net.decision_function(np.concatenate([nine, np.zeros_like(nine)]))[:, 7]
print(maps.shape, maps.dtype)
print(f"sum of the map {maps.sum():.2f}, difference of the logits {logits[0] - logits[1]:.2f}")
plt.show()
