"""What to write instead of the names of Keras, PyTorch, scikit-learn and skorch. See `ForeignNames` for the entries."""

from convnet.values.foreign_names import ForeignNames

OUTPUT = "Leave it out: the output layer and its activation follow from y."
SHAPE = "Leave it out: fit reads the shape from X. For flat X, pass input_shape to the estimator."
INPUTS = "Leave it out: the number of inputs follows from the layer before."
FLOAT32_CPU = "Leave it out: convnet computes in float32 on the CPU."
NO_BIAS_OPTION = "Leave it out: biases start at 0 and are not penalized."
BEST_EPOCH = (
    "Leave it out: with a validation set, fit keeps the weights of the epoch with the best score."
)
WHOLE_EPOCHS = "Leave it out: an epoch visits each sample of X once."
SCHEDULE = 'Write learning_rate="cosine", or a schedule of convnet.schedules; learning_rate_init is the rate.'
LAYER_LIST = "Pass a list of layers: ConvNetClassifier([Conv2D(16, 3), MaxPool2D(2), Dense(64)])."
AUGMENT = "Images are augmented by the estimator: ConvNetClassifier(layers, augment=[{}()])."
FOLDER = (
    'Write photos = load_images("photos"), a folder with a folder for each class, then '
    "fit(photos.data, photos.target); ImageFolder reads more images than fit in memory."
)

_AUGMENTATIONS = (
    *("RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "RandomContrast"),
    *("RandomBrightness", "RandomCrop"),
)

LAYERS = ForeignNames(
    {
        # Keras
        "AlphaDropout": "Dropout(0.5)",
        "AveragePooling1D": "AvgPool1D(2)",
        "AveragePooling2D": "AvgPool2D(2)",
        "BatchNormalization": "BatchNorm()",
        "Convolution1D": "Conv1D(16, 3)",
        "Convolution2D": "Conv2D(16, 3)",
        "GaussianDropout": "Dropout(0.5)",
        "GlobalAveragePooling1D": "GlobalAvgPool1D()",
        "GlobalAveragePooling2D": "GlobalAvgPool2D()",
        "GlobalMaxPooling1D": "GlobalMaxPool1D()",
        "GlobalMaxPooling2D": "GlobalMaxPool2D()",
        "Input": SHAPE,
        "InputLayer": SHAPE,
        "MaxPooling1D": "MaxPool1D(2)",
        "MaxPooling2D": "MaxPool2D(2)",
        "Normalization": "Normalize()",
        "Rescaling": "Rescale(1 / 255)",
        "Reshape": "Leave it out: pass input_shape to the estimator, which reshapes flat X.",
        "Resizing": "Resize((150, 150))",
        "SeparableConvolution2D": "SeparableConv2D(16, 3)",
        "SpatialDropout": "SpatialDropout2D(0.5)",
        "ZeroPadding1D": "Pass padding to the next layer: Conv1D(16, 3, padding=1).",
        "ZeroPadding2D": "ZeroPad2D(1)",
        **{name: AUGMENT.format(name) for name in _AUGMENTATIONS},
        # layers that only apply an activation
        "ELU": 'Activation("elu")',
        "GELU": 'Activation("gelu")',
        "Identity": "Leave it out.",
        "LeakyReLU": 'Activation("leaky_relu")',
        "LogSoftmax": OUTPUT,
        "Sigmoid": 'Activation("sigmoid")',
        "SiLU": 'Activation("silu")',
        "Softmax": OUTPUT,
        "Swish": 'Activation("silu")',
        "Tanh": 'Activation("tanh")',
        # PyTorch
        "AdaptiveAvgPool1d": "GlobalAvgPool1D()",
        "AdaptiveAvgPool2d": "GlobalAvgPool2D()",
        "AdaptiveMaxPool1d": "GlobalMaxPool1D()",
        "AdaptiveMaxPool2d": "GlobalMaxPool2D()",
        "BatchNorm1d": "BatchNorm()",
        "BatchNorm2d": "BatchNorm()",
        "Conv1d": "Conv1D(16, 3), without the number of input channels",
        "Conv2d": "Conv2D(16, 3), without the number of input channels",
        "Dropout1d": "Dropout(0.5)",
        "Dropout2d": "SpatialDropout2D(0.5)",
        "Linear": "Dense(64), without the number of inputs",
        # models
        "Functional": LAYER_LIST,
        "Model": LAYER_LIST,
        "Module": LAYER_LIST,
        "ModuleList": LAYER_LIST,
        "Sequential": LAYER_LIST,
    }
)

LAYER_PARAMETERS = ForeignNames(
    {
        # sizes
        "channels": ("filters={value}", "units={value}"),
        "filter_size": "kernel_size={value}",
        "filters": "units={value}",
        "hidden_units": "units={value}",
        "kernel": ("kernel_size={value}", "pool_size={value}"),
        "kernel_shape": "kernel_size={value}",
        "kernel_size": "pool_size={value}",
        "ksize": ("kernel_size={value}", "pool_size={value}"),
        "n_filters": "filters={value}",
        "n_units": "units={value}",
        "nb_filter": "filters={value}",
        "neurons": "units={value}",
        "nodes": "units={value}",
        "num_filters": "filters={value}",
        "num_units": "units={value}",
        "out_channels": "filters={value}",
        "out_features": "units={value}",
        "output_dim": "units={value}",
        "pool": "pool_size={value}",
        "pool_length": "pool_size={value}",
        "size": ("kernel_size={value}", "pool_size={value}"),
        "units": "filters={value}",
        "window_size": "pool_size={value}",
        # inputs
        "batch_input_shape": SHAPE,
        "in_channels": INPUTS,
        "in_features": INPUTS,
        "input_dim": INPUTS,
        "input_shape": SHAPE,
        "input_size": INPUTS,
        "num_features": INPUTS,
        # windows
        "ceil_mode": 'Leave it out, or write padding="same", which keeps the pixels at the edge.',
        "count_include_pad": "Leave it out.",
        "dilation_rate": "dilation={value}",
        "pad": "padding={value}",
        "padding_mode": "Leave it out: padding is with zeros.",
        "return_indices": "Leave it out.",
        "strides": "stride={value}",
        # weights
        "activity_regularizer": "Leave it out.",
        "bias": "use_bias={value}",
        "bias_constraint": NO_BIAS_OPTION,
        "bias_initializer": NO_BIAS_OPTION,
        "bias_regularizer": NO_BIAS_OPTION,
        "has_bias": "use_bias={value}",
        "init": "kernel_initializer={value}",
        "initializer": "kernel_initializer={value}",
        "kernel_constraint": "max_norm=3.0",
        "kernel_init": "kernel_initializer={value}",
        "kernel_regularizer": "l2=1e-4, the strength for this layer, or alpha=1e-4 on the estimator",
        "regularizer": "l2=1e-4, the strength for this layer, or alpha=1e-4 on the estimator",
        "trainable": 'Pass freeze=["conv1"] to the estimator, with the names of the layers.',
        "weight_decay": "l2={value}",
        "weight_init": "kernel_initializer={value}",
        "weights": "Pass init_weights to the estimator.",
        # what is a layer of its own
        "act": "activation={value}",
        "activation": "Put a layer behind it: Activation({value}).",
        "activation_fn": "activation={value}",
        "batch_norm": "Put a layer behind it: BatchNorm().",
        "dropout": ("rate={value}", "Put a layer behind it: Dropout({value})."),
        "nonlinearity": "activation={value}",
        "pool_size": "Put a layer behind it: MaxPool2D({value}).",
        # batch normalization and dropout
        "affine": "Leave it out: scale and offset are learned.",
        "axis": "Leave it out: the last axis holds the channels.",
        "center": "Leave it out: scale and offset are learned.",
        "drop_prob": "rate={value}",
        "drop_rate": "rate={value}",
        "dropout_rate": "rate={value}",
        "eps": "epsilon={value}",
        "keep_prob": "rate=1 - keep_prob, the share that is dropped",
        "noise_shape": "Leave it out, or use SpatialDropout2D, which drops whole channels.",
        "p": "rate={value}",
        "prob": "rate={value}",
        "track_running_stats": "Leave it out: running statistics are always kept.",
        # everything else
        "align_corners": "Leave it out.",
        "data_format": "Pass data_format={value} to the estimator.",
        "device": FLOAT32_CPU,
        "dtype": FLOAT32_CPU,
        "height": "size=(height, width)",
        "inplace": "Leave it out.",
        "interpolation": "method={value}",
        "keepdims": "Leave it out: the output is flat.",
        "mode": "method={value}",
        "output_size": "size={value}",
        "random_state": "Pass random_state={value} to the estimator.",
        "seed": "Pass random_state={value} to the estimator.",
        "width": "size=(height, width)",
    }
)

ESTIMATOR_PARAMETERS = ForeignNames(
    {
        # length of training
        "epoch": "max_iter={value}",
        "epochs": "max_iter={value}",
        "iterations": "max_iter={value}",
        "max_epochs": "max_iter={value}",
        "n_epochs": "max_iter={value}",
        "n_iter": "max_iter={value}",
        "n_iterations": "max_iter={value}",
        "nb_epoch": "max_iter={value}",
        "nb_epochs": "max_iter={value}",
        "num_epochs": "max_iter={value}",
        "initial_epoch": "warm_start=True, with which fit continues from the last epoch",
        "max_fun": "Leave it out.",
        "max_runtime": "max_time={value}",
        "max_seconds": "max_time={value}",
        "steps_per_epoch": WHOLE_EPOCHS,
        "time_limit": "max_time={value}",
        "timeout": "max_time={value}",
        "validation_steps": WHOLE_EPOCHS,
        # optimizer
        "amsgrad": 'solver="adam"',
        "base_lr": "learning_rate_init={value}",
        "beta1": "beta_1={value}",
        "beta2": "beta_2={value}",
        "betas": "beta_1=0.9, beta_2=0.999",
        "clip": "clip_norm={value}",
        "clip_grad": "clip_norm={value}",
        "clipnorm": "clip_norm={value}",
        "clipvalue": "clip_norm={value}",
        "decay": SCHEDULE,
        "eps": "epsilon={value}",
        "eta": "learning_rate_init={value}",
        "eta0": "learning_rate_init={value}",
        "global_clipnorm": "clip_norm={value}",
        "grad_clip": "clip_norm={value}",
        "gradient_clip_val": "clip_norm={value}",
        "initial_lr": "learning_rate_init={value}",
        "learning_rate_schedule": SCHEDULE,
        "lr": "learning_rate_init={value}",
        "lr_decay": SCHEDULE,
        "lr_schedule": SCHEDULE,
        "lr_scheduler": SCHEDULE,
        "max_grad_norm": "clip_norm={value}",
        "nesterov": "nesterovs_momentum={value}",
        "opt": "solver={value}",
        "optim": "solver={value}",
        "optimizer": "solver={value}",
        "power_t": SCHEDULE,
        "scheduler": SCHEDULE,
        "step_size": "learning_rate_init={value}",
        # penalty and loss
        "criterion": ("loss={value}", "Leave it out: the net is trained on the cross-entropy."),
        "kernel_regularizer": "alpha=1e-4",
        "l2": "alpha={value}",
        "loss": "Leave it out: the net is trained on the cross-entropy.",
        "loss_fn": ("loss={value}", "Leave it out: the net is trained on the cross-entropy."),
        "reg_lambda": "alpha={value}",
        "regularization": "alpha=1e-4",
        "smoothing": "label_smoothing={value}",
        "weight_decay": "alpha={value}",
        # validation
        "early_stop": "early_stopping=True",
        "eval_metric": 'scoring="accuracy"',
        "metric": 'scoring="accuracy"',
        "metrics": 'scoring="accuracy"',
        "min_delta": "tol={value}",
        "patience": "n_iter_no_change={value}",
        "restore_best_weights": BEST_EPOCH,
        "save_best_only": BEST_EPOCH,
        "val_split": "early_stopping=True, validation_fraction={value}",
        "validation_batch_size": "Leave it out.",
        "validation_freq": "Leave it out: validation follows each epoch.",
        "validation_size": "early_stopping=True, validation_fraction={value}",
        "validation_split": "early_stopping=True, validation_fraction={value}",
        # layers
        "activation": "Pass it to the layers: Conv2D(16, 3, activation={value}).",
        "architecture": ("layers=[Conv2D(16, 3), ...]", "estimator=..."),
        "batch_norm": "Put BatchNorm() into the list of layers.",
        "build_fn": ("layers=[Conv2D(16, 3), ...]", "estimator=..."),
        "classes": OUTPUT,
        "dropout": "Put Dropout({value}) into the list of layers.",
        "dropout_rate": "Put Dropout({value}) into the list of layers.",
        "hidden_layer_sizes": 'layers=[Dense(100, activation="relu")]',
        "hidden_layers": 'layers=[Dense(100, activation="relu")]',
        "hidden_units": 'layers=[Dense(100, activation="relu")]',
        "image_shape": "input_shape={value}",
        "image_size": "input_shape={value}",
        "img_size": "input_shape={value}",
        "input_size": "input_shape={value}",
        "model": ("layers=[Conv2D(16, 3), ...]", "estimator=..."),
        "module": ("layers=[Conv2D(16, 3), ...]", "estimator=..."),
        "n_classes": OUTPUT,
        "n_outputs": OUTPUT,
        "net": ("layers=[Conv2D(16, 3), ...]", "estimator=..."),
        "network": ("layers=[Conv2D(16, 3), ...]", "estimator=..."),
        "num_class": OUTPUT,
        "num_classes": OUTPUT,
        "out_activation": OUTPUT,
        "output_activation": OUTPUT,
        "target_size": "input_shape={value}",
        # transfer learning
        "frozen": "freeze={value}",
        "include_top": "Leave it out: init_weights loads the layers whose names and shapes match.",
        "initial_weights": "init_weights={value}",
        "pretrained": "init_weights={value}",
        "pretrained_weights": "init_weights={value}",
        "trainable": 'freeze=["conv1"], with the names of the layers that are not to change',
        "weights": "init_weights={value}",
        # data
        "augmentation": "augment=[RandomFlip()]",
        "batch": "batch_size={value}",
        "batchsize": "batch_size={value}",
        "class_weights": "class_weight={value}",
        "data_augmentation": "augment=[RandomFlip()]",
        "minibatch_size": "batch_size={value}",
        "scaling": "rescale=1 / 255",
        "transform": "augment=[RandomFlip()]",
        "transforms": "augment=[RandomFlip()]",
        # machine
        "cuda": FLOAT32_CPU,
        "device": FLOAT32_CPU,
        "dtype": FLOAT32_CPU,
        "gpu": FLOAT32_CPU,
        "max_queue_size": "Leave it out.",
        "mixed_precision": FLOAT32_CPU,
        "n_threads": "n_jobs={value}",
        "nthread": "n_jobs={value}",
        "num_threads": "n_jobs={value}",
        "num_workers": "n_jobs={value}",
        "precision": FLOAT32_CPU,
        "random_seed": "random_state={value}",
        "rng": "random_state={value}",
        "seed": "random_state={value}",
        "use_cuda": FLOAT32_CPU,
        "use_gpu": FLOAT32_CPU,
        "use_multiprocessing": "Leave it out.",
        "verbosity": "verbose={value}",
        "workers": "n_jobs={value}",
    }
)

FIT_PARAMETERS = ForeignNames(
    {
        **dict.fromkeys(
            ("data", "images", "inputs", "train_data", "training_data", "x", "x_train", "dataset"),
            "Pass the samples as X.",
        ),
        **dict.fromkeys(
            ("labels", "target", "targets", "train_labels", "y_train"), "Pass the targets as y."
        ),
        **dict.fromkeys(
            (
                *("eval_data", "eval_set", "val_data", "valid_set", "validation"),
                *("validation_data", "validation_set"),
            ),
            "X_val=X_val, y_val=y_val",
        ),
        "sample_weights": "sample_weight={value}",
        "val_sample_weight": "sample_weight_val={value}",
        "weights": "sample_weight={value}",
        "x_test": "X_val={value}",
        "x_valid": "X_val={value}",
        "y_test": "y_val={value}",
        "y_valid": "y_val={value}",
    }
)

PREDICT_PARAMETERS = ForeignNames(
    dict.fromkeys(
        (
            *("batch_size", "callbacks", "max_queue_size", "return_dict", "steps", "training"),
            *("use_multiprocessing", "verbose", "workers"),
        ),
        "Leave it out: convnet predicts in batches of its own choice and prints nothing.",
    )
)

ATTRIBUTES = ForeignNames(
    {
        # Keras
        "add": "Pass all layers to the constructor as a list.",
        "build": "net.initialize(X, y), or leave it out: fit builds the net",
        "compile": 'Leave it out: solver="adam", learning_rate_init and scoring="accuracy" are parameters of '
        "the constructor.",
        "count_params": "net.n_parameters_",
        "evaluate": "net.score(X, y)",
        "fit_generator": "net.fit(X, y), with an ImageFolder as X for images that do not fit in memory",
        "from_config": "net.set_params(**params)",
        "get_config": "net.get_params()",
        "get_layer": "net.layers_, or weights_ for the arrays",
        "get_weights": "net.weights_",
        "history": "net.history_",
        "load_weights": "init_weights=path in the constructor, or net = convnet.load(path)",
        "losses": "net.loss_curve_",
        "metrics_names": "net.history_",
        "optimizer": "net.solver",
        "output_shape": "net.layers_[-1].output_shape",
        "pop": "Pass all layers to the constructor as a list.",
        "predict_classes": "net.predict(X)",
        "predict_generator": "net.predict(X)",
        "predict_on_batch": "net.predict(X)",
        "save_model": "net.save(path)",
        "save_weights": "net.save(path)",
        "test_on_batch": "net.score(X, y)",
        "to_json": "convnet.layers.to_json(net.layers)",
        "train_on_batch": "net.partial_fit(X, y)",
        "trainable": 'freeze=["conv1"] in the constructor, with the names of the layers',
        "trainable_weights": "net.weights_",
        "weights": "net.weights_",
        # PyTorch
        "children": "net.layers_",
        "cpu": FLOAT32_CPU,
        "cuda": FLOAT32_CPU,
        "double": FLOAT32_CPU,
        "eval": "Leave it out: predict uses no dropout and the running statistics of batch norm.",
        "float": FLOAT32_CPU,
        "forward": "net.decision_function(X), or feature_maps(X, layer) for a layer's outputs",
        "half": FLOAT32_CPU,
        "load_model": "net = convnet.load(path)",
        "load_state_dict": "net.set_weights(weights), after initialize(X, y) or fit(X, y)",
        "modules": "net.layers_",
        "named_parameters": "net.weights_",
        "parameters": "net.weights_",
        "requires_grad_": 'freeze=["conv1"] in the constructor, with the names of the layers',
        "state_dict": "net.weights_",
        "to": FLOAT32_CPU,
        "train": "Leave it out: fit trains the net, and predict needs no other mode.",
        "zero_grad": "Leave it out: fit trains the net.",
        # scikit-learn and skorch
        "best_epoch_": "net.best_iter_",
        "best_loss_": "net.loss_",
        "best_score_": "max(net.validation_scores_)",
        "best_validation_score_": "max(net.validation_scores_)",
        "coefs_": "net.weights_",
        "feature_importances_": "net.explain(X), which shows the pixels that a prediction depends on",
        "fit_transform": "ConvNetTransformer(net).fit_transform(X, y)",
        "intercepts_": "net.weights_",
        "load": "net = convnet.load(path)",
        "load_params": "init_weights=path in the constructor",
        "module_": "net.layers_ and weights_",
        "n_epochs_": "net.n_iter_",
        "n_layers_": "len(net.layers_)",
        "save_params": "net.save(path)",
        "transform": "ConvNetTransformer(net).fit(X, y).transform(X)",
        "train_loss_": "net.loss_curve_",
        "val_loss_": "net.validation_loss_curve_",
    }
)

CALLBACKS = ForeignNames(
    {
        "BackupAndRestore": 'Checkpoint("fit.npz")',
        "CSVLogger": 'HistoryCSV("history.csv")',
        "EarlyStopping": "ConvNetClassifier(layers, early_stopping=True, n_iter_no_change=5)",
        "EpochScoring": 'ConvNetClassifier(layers, scoring="accuracy", early_stopping=True)',
        "History": "Leave it out: history_ holds the metrics of each epoch.",
        "LambdaCallback": "a subclass of Callback with the method on_epoch_end",
        "LearningRateScheduler": "ConvNetClassifier(layers, learning_rate=Cosine()), or a callable of the epoch",
        "LRScheduler": "ConvNetClassifier(layers, learning_rate=Cosine()), or a callable of the epoch",
        "ModelCheckpoint": 'Checkpoint("fit.npz"), from which a fit resumes. With a validation set, fit keeps the best '
        "epoch anyway.",
        "ProgbarLogger": "Progress()",
        "ProgressBar": "Progress()",
        "ReduceLROnPlateau": 'ConvNetClassifier(layers, learning_rate="adaptive")',
        "TensorBoard": 'HistoryCSV("history.csv")',
        "TerminateOnNaN": "Leave it out: fit raises if a loss or a weight is not finite.",
    }
)

_CALLABLE_RATE = "ConvNetClassifier(layers, learning_rate=function), with a function of the epoch"
SCHEDULES = ForeignNames(
    {
        "ConstantLR": 'learning_rate="constant"',
        "CosineAnnealingLR": "Cosine()",
        "CosineAnnealingWarmRestarts": "Cosine()",
        "CosineDecay": "Cosine()",
        "ExponentialDecay": "Exponential(0.95)",
        "ExponentialLR": "Exponential(0.95)",
        "InverseTimeDecay": _CALLABLE_RATE,
        "LambdaLR": _CALLABLE_RATE,
        "LinearLR": "Warmup(5)",
        "MultiStepLR": "Step(10, 0.1)",
        "OneCycleLR": "OneCycle()",
        "PiecewiseConstantDecay": _CALLABLE_RATE,
        "PolynomialDecay": _CALLABLE_RATE,
        "ReduceLROnPlateau": 'ConvNetClassifier(layers, learning_rate="adaptive")',
        "StepLR": "Step(10, 0.1)",
    }
)

AUGMENTATIONS = ForeignNames(
    {
        "ColorJitter": "[RandomBrightness(0.2), RandomContrast(0.2)]",
        "Compose": "a list of augmentations, such as [RandomFlip(), RandomRotation(15)]",
        "HorizontalFlip": "RandomFlip()",
        "Normalize": "Normalize(), a layer of convnet.layers",
        "RandomAffine": "[RandomRotation(15), RandomTranslation(0.1)]",
        "RandomCutout": "Cutout(8)",
        "RandomErasing": "Cutout(8)",
        "RandomHeight": "RandomZoom(0.2)",
        "RandomHorizontalFlip": "RandomFlip()",
        "RandomResizedCrop": "[RandomZoom(0.2), RandomTranslation(0.1)]",
        "RandomShift": "RandomTranslation(0.1)",
        "RandomVerticalFlip": 'RandomFlip("vertical")',
        "RandomWidth": "RandomZoom(0.2)",
        "Rescaling": "Rescale(1 / 255), a layer of convnet.layers",
        "Resize": "Resize((150, 150)), a layer of convnet.layers",
        "ToTensor": "Leave it out: fit takes arrays (n, height, width, channels).",
        "VerticalFlip": 'RandomFlip("vertical")',
    }
)

AUGMENT_PARAMETERS = ForeignNames(
    {
        "angle": "degrees={value}",
        "factor": "degrees=15",
        "height_factor": "factor={value}",
        "interpolation": "Leave it out: images are resampled bilinearly.",
        "magnitude": "factor={value}",
        "p": "Leave it out: a flip has a chance of 1/2, and every other change is drawn for each image.",
        "prob": "Leave it out: a flip has a chance of 1/2, and every other change is drawn for each image.",
        "scale": "factor={value}",
        "seed": "Pass random_state={value} to the estimator.",
        "translate": "factor={value}",
        "width_factor": "factor=(vertical, horizontal)",
    }
)

DATA = ForeignNames(
    {
        "DataLoader": FOLDER,
        "Dataset": FOLDER,
        "DatasetFolder": FOLDER,
        "ImageDataGenerator": FOLDER,
        "flow_from_directory": FOLDER,
        "image_dataset_from_directory": FOLDER,
        "imread": 'ImageReader(size=(150, 150)).transform(["photo.jpg"])',
        "load_image": 'ImageReader(size=(150, 150)).transform(["photo.jpg"])',
        "load_img": 'ImageReader(size=(150, 150)).transform(["photo.jpg"])',
    }
)

TOP = ForeignNames(
    {
        "CNN": "ConvNetClassifier",
        "CNNClassifier": "ConvNetClassifier",
        "ConvNetModel": "ConvNetClassifier",
        "KerasClassifier": "ConvNetClassifier",
        "KerasRegressor": "ConvNetRegressor",
        "Model": LAYER_LIST,
        "NeuralNetClassifier": "ConvNetClassifier",
        "NeuralNetRegressor": "ConvNetRegressor",
        "Sequential": LAYER_LIST,
        "load_model": "net = convnet.load(path)",
        "save_model": "net.save(path)",
    }
)

# Values of parameters that are strings.
ACTIVATIONS = {
    **{"identity": "linear", "none": "linear", "logistic": "sigmoid", "swish": "silu"},
    **{"leakyrelu": "leaky_relu", "hyperbolic tangent": "tanh"},
}
INITIALIZERS = {
    **{"kaiming": "he_uniform", "kaiming_normal": "he_normal", "kaiming_uniform": "he_uniform"},
    **{"xavier": "glorot_uniform", "xavier_normal": "glorot_normal"},
    **{"xavier_uniform": "glorot_uniform", "lecun_normal": "glorot_normal"},
}
LOSSES = {
    **{"mse": "squared_error", "mean_squared_error": "squared_error", "l2": "squared_error"},
    **{
        "mseloss": "squared_error",
        "mae": "absolute_error",
        "mean_absolute_error": "absolute_error",
    },
    **{"l1": "absolute_error", "l1loss": "absolute_error", "smooth_l1": "huber"},
    **{"smoothl1loss": "huber", "huber_loss": "huber", "huberloss": "huber"},
}
SOLVERS = {"lbfgs": "adam", "nadam": "adam", "adamax": "adam", "adagrad": "rmsprop"} | {
    "adadelta": "rmsprop",
    "momentum": "sgd",
}
LEARNING_RATES = {
    **{"fixed": "constant", "invscaling": "exponential", "optimal": "one_cycle"},
    **{"reduce_on_plateau": "adaptive", "plateau": "adaptive", "onecycle": "one_cycle"},
    **{"cosine_annealing": "cosine", "cosine_decay": "cosine", "exp": "exponential"},
}
DATA_FORMATS = {"nhwc": "channels_last", "nchw": "channels_first", "channel_last": "channels_last"}
SCORERS = {
    **{"acc": "accuracy", "accuracy_score": "accuracy", "categorical_accuracy": "accuracy"},
    **{
        "val_acc": "accuracy",
        "val_accuracy": "accuracy",
        "sparse_categorical_accuracy": "accuracy",
    },
    **{"binary_accuracy": "accuracy", "balanced_acc": "balanced_accuracy", "auc": "roc_auc"},
    **{"roc": "roc_auc", "auroc": "roc_auc", "roc_auc_score": "roc_auc", "f1_score": "f1_macro"},
    **{"ap": "average_precision", "log_loss": "neg_log_loss", "logloss": "neg_log_loss"},
    **{"loss": "neg_log_loss", "val_loss": "neg_log_loss", "cross_entropy": "neg_log_loss"},
    **{"mse": "neg_mean_squared_error", "mean_squared_error": "neg_mean_squared_error"},
    **{"rmse": "neg_root_mean_squared_error", "mae": "neg_mean_absolute_error"},
    **{"mean_absolute_error": "neg_mean_absolute_error", "r2_score": "r2", "r_squared": "r2"},
}
