"""One image file as pixels of a given size.

decode.py     opens a file and writes its pixels; says why a file cannot be read
probing.py    checks header and end of many files without decoding them
form.py       ImageForm: the size, channels and fit that every image is brought to
resizing.py   crop, resize and EXIF orientation
modes.py      any kind of pixels as 8-bit gray or RGB
pillow.py     which formats the installed Pillow reads
_resample     area averages and linear interpolation, in Cython
"""
