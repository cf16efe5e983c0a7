"""dask_predict: lazy, block by block, with the values of the estimator's method."""

import numpy as np
import pytest
from dask_clusters import dask_cluster
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.distributed import dask_predict
from convnet.layers import Conv2D, MaxPool2D

da = pytest.importorskip("dask.array", reason="needs Dask")

X = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 1), np.uint8)
y = np.arange(50) % 3
dX = da.from_array(X, chunks=(20, 4, 8, 1))


@pytest.fixture(scope="module")
def net():
    return ConvNetClassifier([Conv2D(4, 3), MaxPool2D(2)], max_iter=1, random_state=0).fit(X, y)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_methods(net, method):
    lazy = dask_predict(net, dX, method)
    expected = getattr(net, method)(X)
    assert (lazy.shape, lazy.dtype) == (expected.shape, expected.dtype)
    assert lazy.chunks[0] == (20, 20, 10)
    found = lazy.compute(scheduler="synchronous")
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)


def test_other_estimators(net):
    regressor = ConvNetRegressor([Conv2D(2, 3)], max_iter=1, random_state=0).fit(X, np.c_[y, -y])
    transformer = ConvNetTransformer(FrozenEstimator(net)).fit(X, y)
    pipeline = make_pipeline(FunctionTransformer(), net)
    for estimator, method in [
        (regressor, "predict"),
        (transformer, "transform"),
        (pipeline, "predict_proba"),
    ]:
        found = dask_predict(estimator, dX, method).compute(scheduler="synchronous")
        assert np.array_equal(found, getattr(estimator, method)(X))


def test_chunks_of_unknown_length(net):
    some = dX[da.from_array(y, chunks=20) == 1]
    found = dask_predict(net, some).compute(scheduler="synchronous")
    assert np.array_equal(found, net.predict(X[y == 1]))


def test_on_a_cluster_the_model_is_sent_once_to_each_worker(net):
    with dask_cluster(2) as client:
        lazy = dask_predict(net, dX, "predict_proba", client=client)
        model = [key for key, on in client.who_has().items() if len(on) == 2]
        assert len(model) == 1
        assert np.array_equal(lazy.compute(), net.predict_proba(X))
        assert np.array_equal(dask_predict(net, dX).compute(), net.predict(X))


def test_misuse(net):
    with pytest.raises(TypeError, match=r"takes a dask.array.Array; got ndarray"):
        dask_predict(net, X)
    with pytest.raises(ValueError, match="method='fit': ConvNetClassifier has the methods predict"):
        dask_predict(net, dX, "fit")
    with pytest.raises(NotFittedError):
        dask_predict(ConvNetClassifier(), dX)
    with pytest.raises(ValueError, match="shape"):
        dask_predict(net, dX[:, :5])
