"""A folder with one subfolder of images per class.

image_folder.py     ImageFolder, an array-like that reads images when they are needed
listing.py          the classes and files of a folder
csv_listing.py      the classes and files that a CSV file lists
source.py           ImageSource: reads images from memory, from the disk cache or from their files
memory_cache.py     decoded images that stay in memory
disk_cache.py       decoded images in a file: format, reading, writing
open_disk_cache.py  finds the disk cache of a folder, or builds it
"""
