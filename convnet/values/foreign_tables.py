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
LAYER_NORM = (
    "Write GroupNorm(1). It normalizes a sample over its pixels and channels. Keras normalizes the channels of each "
    "pixel, which is the same for flat data only."
)
AUGMENT = "Images are augmented by the estimator: ConvNetClassifier(layers, augment=[{}()])."
FOLDER = (
    'Write photos = load_images("photos"), a folder with a folder for each class, then '
    "fit(photos.data, photos.target); ImageFolder reads more images than fit in memory."
)

_AUGMENTATIONS = (
    *("RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "RandomContrast"),
    *(
        "RandomBrightness",
        "RandomSaturation",
        "RandomHue",
        "RandomCrop",
        "RandomResizedCrop",
        "MixUp",
        "CutMix",
    ),
)

LAYERS = ForeignNames(
    {
        # Keras
        "Add": 'Parallel([[], [ReLU()]], "add")',
        "AlphaDropout": "Dropout(0.5)",
        "Average": 'Parallel([[], [ReLU()]], "mean")',
        "AveragePooling1D": "AvgPool1D(2)",
        "AveragePooling2D": "AvgPool2D(2)",
        "BatchNormalization": "BatchNorm()",
        "Concatenate": "Parallel([[], [ReLU()]])",
        "Convolution1DTranspose": "Conv1DTranspose(16, 3)",
        "Convolution2DTranspose": "Conv2DTranspose(16, 3)",
        "Convolution1D": "Conv1D(16, 3)",
        "Convolution2D": "Conv2D(16, 3)",
        "GaussianDropout": "Dropout(0.5)",
        "GlobalAveragePooling1D": "GlobalAvgPool1D()",
        "GlobalAveragePooling2D": "GlobalAvgPool2D()",
        "GlobalMaxPooling1D": "GlobalMaxPool1D()",
        "GlobalMaxPooling2D": "GlobalMaxPool2D()",
        "GroupNormalization": "GroupNorm(32)",
        "Input": SHAPE,
        "InputLayer": SHAPE,
        "LayerNormalization": LAYER_NORM,
        "MaxPooling1D": "MaxPool1D(2)",
        "MaxPooling2D": "MaxPool2D(2)",
        "Maximum": 'Parallel([[], [ReLU()]], "max")',
        "Multiply": 'Parallel([[], [ReLU()]], "multiply")',
        "Normalization": "Normalize()",
        "Rescaling": "Rescale(1 / 255)",
        "Reshape": "Leave it out: pass input_shape to the estimator, which reshapes flat X.",
        "Resizing": "Resize((150, 150))",
        "SeparableConvolution2D": "SeparableConv2D(16, 3)",
        "SpatialDropout": "SpatialDropout2D(0.5)",
        "DropPath": "Residual([Conv2D(16, 3)], drop_path=0.1)",
        "StochasticDepth": "Residual([Conv2D(16, 3)], drop_path=0.1)",
        "UpSampling1D": "UpSample1D(2)",
        "UpSampling2D": "UpSample2D(2)",
        "ZeroPadding1D": "Pass padding to the next layer: Conv1D(16, 3, padding=1).",
        "ZeroPadding2D": "ZeroPad2D(1)",
        **{name: AUGMENT.format(name) for name in _AUGMENTATIONS},
        # layers that only apply an activation
        "ELU": 'Activation("elu")',
        "GELU": 'Activation("gelu")',
        "Hardsigmoid": 'Activation("hard_sigmoid")',
        "HardSwish": 'Activation("hard_swish")',
        "Identity": "Leave it out.",
        "LeakyReLU": 'Activation("leaky_relu")',
        "LogSoftmax": OUTPUT,
        "Mish": 'Activation("mish")',
        "ReLU6": 'Activation("relu6")',
        "Sigmoid": 'Activation("sigmoid")',
        "SiLU": 'Activation("silu")',
        "Softmax": 'Write Activation("softmax"). As the last layer, leave it out: the output layer has its own.',
        "Softplus": 'Activation("softplus")',
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
        "ConvTranspose1d": "Conv1DTranspose(16, 3), without the number of input channels",
        "ConvTranspose2d": "Conv2DTranspose(16, 3), without the number of input channels",
        "Dropout1d": "Dropout(0.5)",
        "Dropout2d": "SpatialDropout2D(0.5)",
        "InstanceNorm1d": "GroupNorm(-1)",
        "InstanceNorm2d": "GroupNorm(-1)",
        "LayerNorm": LAYER_NORM,
        "LocalResponseNorm": "LRN(5)",
        "Linear": "Dense(64), without the number of inputs",
        "Upsample": "UpSample2D(2)",
        "UpsamplingBilinear2d": 'UpSample2D(2, interpolation="bilinear")',
        "UpsamplingNearest2d": "UpSample2D(2)",
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
        "num_channels": INPUTS,
        "num_features": INPUTS,
        "num_groups": "groups={value}",
        # windows
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
        "drop_path_rate": "drop_path={value}",
        "drop_rate": ("rate={value}", "drop_path={value}"),
        "stochastic_depth_prob": "drop_path={value}",
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
        "method": "interpolation={value}",
        "mode": ("method={value}", "interpolation={value}"),
        "output_size": "size={value}",
        "random_state": "Pass random_state={value} to the estimator.",
        "scale_factor": "size={value}",
        "seed": "Pass random_state={value} to the estimator.",
        "width": "size=(height, width)",
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
        "ReduceLROnPlateau": "ConvNetClassifier(layers, learning_rate=ReduceOnPlateau())",
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
        "ReduceLROnPlateau": "ReduceOnPlateau()",
        "StepLR": "Step(10, 0.1)",
    }
)

AUGMENTATIONS = ForeignNames(
    {
        "ColorJitter": "[RandomBrightness(0.2), RandomContrast(0.2), RandomSaturation(0.2), RandomHue(0.05)]",
        "Compose": "a list of augmentations, such as [RandomFlip(), RandomRotation(15)]",
        "HorizontalFlip": "RandomFlip()",
        "Normalize": "Normalize(), a layer of convnet.layers",
        "RandomAffine": "[RandomRotation(15), RandomTranslation(0.1)]",
        "RandomColorJitter": "[RandomBrightness(0.2), RandomContrast(0.2), RandomSaturation(0.2), RandomHue(0.05)]",
        "RandomCutMix": "CutMix()",
        "RandomCutmix": "CutMix()",
        "RandomCutout": "Cutout(8)",
        "RandomErasing": "Cutout(8)",
        "RandomGrayscale": "RandomSaturation(1)",
        "RandomHeight": "RandomZoom(0.2)",
        "RandomHorizontalFlip": "RandomFlip()",
        "RandomMixUp": "MixUp()",
        "RandomMixup": "MixUp()",
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
        "beta": "alpha={value}",
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
    **{"leakyrelu": "leaky_relu", "hyperbolic tangent": "tanh", "hard_silu": "hard_swish"},
    **{"hardsigmoid": "hard_sigmoid", "hardswish": "hard_swish", "hardsilu": "hard_swish"},
}
INITIALIZERS = {
    **{"kaiming": "he_uniform", "kaiming_normal": "he_normal", "kaiming_uniform": "he_uniform"},
    **{"xavier": "glorot_uniform", "xavier_normal": "glorot_normal"},
    **{"xavier_uniform": "glorot_uniform", "lecun_normal": "glorot_normal"},
}
