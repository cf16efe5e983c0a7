"""A net fitted on a folder of photographs keeps how their files became images."""

import pickle

import numpy as np
import pytest
from photographs import write_photographs

import convnet
from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.data import ImageFolder
from convnet.layers import Dense

FORM = {"size": (8, 12), "channels": 1, "fit": "pad"}


@pytest.fixture
def folder(tmp_path):
    write_photographs(tmp_path / "photos", 4)
    return ImageFolder(tmp_path / "photos", **FORM)


def test_image_form(folder):
    assert folder.image_form == folder[2:5].image_form == FORM
    clf = ConvNetClassifier([], max_iter=1).fit(folder[::2], folder.target[::2])
    assert clf.image_form_ == FORM
    again = ImageFolder(folder._folder, **clf.image_form_)
    assert (np.asarray(again) == np.asarray(folder)).all()
    clf.fit(np.asarray(folder), folder.target)
    assert not hasattr(clf, "image_form_")


def test_a_resumed_fit_keeps_it(folder):
    clf = ConvNetClassifier([], max_iter=1, warm_start=True).fit(folder, folder.target)
    assert clf.fit(np.asarray(folder), folder.target).image_form_ == FORM
    assert clf.partial_fit(np.asarray(folder), folder.target).image_form_ == FORM


@pytest.mark.parametrize("kind", [ConvNetClassifier, ConvNetRegressor])
@pytest.mark.parametrize("ending", ["npz", "safetensors", "pkl"])
def test_files(folder, tmp_path, kind, ending):
    net, path = kind([], max_iter=1).fit(folder, folder.target), tmp_path / f"net.{ending}"
    if ending == "pkl":
        found = pickle.loads(pickle.dumps(net))
    else:
        net.save(path)
        found = convnet.load(path)
    assert found.image_form_ == FORM
    assert (found.predict(folder) == net.predict(folder)).all()


def test_a_transformer_keeps_it(folder, tmp_path):
    net = ConvNetTransformer(ConvNetClassifier([Dense(3)], max_iter=1)).fit(folder, folder.target)
    net.save(tmp_path / "net.npz")
    assert convnet.load(tmp_path / "net.npz").estimator_.image_form_ == FORM


def test_another_form_warns(folder):
    """A net fitted on padded photographs warns about cropped ones, once, and not about padded ones."""
    clf = ConvNetClassifier([], max_iter=1).fit(folder, folder.target)
    clf.predict(folder)
    other = ImageFolder(folder._folder, **FORM | {"fit": "crop"})
    with pytest.warns(UserWarning, match="with fit='crop', but the fit was on one with 'pad'"):
        clf.predict_proba(other[1:3])
    with pytest.warns(UserWarning) as told:
        clf.score(other, other.target)
    assert len(told) == 1
