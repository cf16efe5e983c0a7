"""X that is read in parts: image folders, memory maps, h5py, zarr and other array-likes.

array.py     LazyArray: any such X as an array of one shape and dtype
prefetch.py  reads the next batches in a thread
chunks.py    visits all of X in order
"""
