"""The exit codes of the command."""

DONE = 0
BROKEN_PIPE = 1  # the reader of standard output, such as head, has ended
FAILED = 2  # wrong options, files or data
SOME_UNREADABLE = 3  # `predict` has finished, but could not read some of the files
INTERRUPTED = 130  # Ctrl-C; 128 + SIGINT, as in shells
