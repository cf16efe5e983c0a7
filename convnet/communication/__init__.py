"""Exchange of bytes between the processes of one fit.

::

    communicator   Communicator: the exchanges that a fit needs, and the one that is in use
    heartbeat      Heartbeat: how ranks learn that another one has failed or stalled
    mpi            the exchanges over MPI
    tcp            the exchanges over TCP connections
    connecting     how TCP connections between all ranks begin
    requests       Requests: what ranks ask each other at any time

A communicator moves bytes and computes nothing: sums are computed by convnet, in its own order.
"""
