"""Integers that come from image folders mean the classes of that folder."""

import numpy as np
import pytest
from photographs import write_photographs

from convnet import ConvNetClassifier
from convnet.data import ImageFolder
from convnet.layers import Conv2D

MESSAGE = "for both folders: {}=np.array"


@pytest.fixture
def folders(tmp_path):
    write_photographs(tmp_path / "train", 3, kinds=("ant", "bee", "cat"))
    write_photographs(tmp_path / "other", 3, kinds=("ant", "cat"))
    write_photographs(tmp_path / "same", 2, kinds=("ant", "bee", "cat"))
    return [ImageFolder(tmp_path / name, 8) for name in ("train", "other", "same")]


def net(**params):
    return ConvNetClassifier([Conv2D(2, 3)], max_iter=1, random_state=0, **params)


def names(folder):
    return np.array(folder.target_names)[folder.target]


def test_a_validation_folder_without_one_of_the_classes(folders):
    train, other, same = folders
    with pytest.raises(ValueError, match=MESSAGE.format("y_val")) as caught:
        net().fit(train, train.target, X_val=other, y_val=other.target)
    assert "the classes ant, cat, but training uses a folder with the classes ant, bee, cat" in str(
        caught.value
    )
    net().fit(train, names(train), X_val=other, y_val=names(other))
    net().fit(train, train.target, X_val=same, y_val=same.target)
    net().fit(train, train.target, X_val=np.asarray(other), y_val=other.target)  # an array: unknown


def test_scores_and_further_fits(folders):
    train, other, same = folders
    clf = net(warm_start=True).fit(train, train.target)
    clf.score(same, same.target)
    for call in (clf.score, clf.fit, clf.partial_fit):
        with pytest.raises(ValueError, match=MESSAGE.format("y")):
            call(other, other.target)
    by_name = net().fit(train, names(train))
    by_name.score(other, names(other))
    assert by_name.predict(other).shape == (6,)  # needs no names


def test_saved_models_know_the_classes(folders, tmp_path):
    import convnet

    train, other, _ = folders
    net().fit(train, train.target).save(tmp_path / "m.npz")
    with pytest.raises(ValueError, match=MESSAGE.format("y")):
        convnet.load(tmp_path / "m.npz").score(other, other.target)
