"""How many of the threads that it may use a run of many alike steps does use."""

from collections import deque
from statistics import median

FIRST_TRIAL = 32  # steps before another number of threads is tried
LAST_TRIAL = 4096  # most steps between trials
TRIAL = 4  # steps of a trial; the first, in which threads wake or fall asleep, does not count
GAIN = 0.9  # share of the time per step that another number of threads must stay below to be taken


class Pace:
    """Finds the number of threads with the fastest steps, up to a given one.

    Threads meet at barriers several times a step. Beside other busy processes each meeting waits for the scheduler, and
    two threads may be ten times slower than one. What is computed does not depend on the number of
    threads, so it can follow the measured time: now and then some steps run on half or twice as many.

    Parameters
    ----------
    most : int
        Threads to begin with, and never to exceed.
    """

    def __init__(self, most):
        self.most = self.level = self._candidate = most
        self._interval = self._until_trial = FIRST_TRIAL
        self._times = deque(maxlen=TRIAL - 1)
        self._trial = []
        self._up = False

    def threads(self):
        """Return the number of threads for the next step."""
        return self._candidate

    def record(self, seconds):
        """Take note of how long a step on `threads()` threads took."""
        if self._candidate != self.level:
            self._trial.append(seconds)
            if len(self._trial) == TRIAL:
                self._decide()
            return
        self._times.append(seconds)
        self._until_trial -= 1
        if self._until_trial <= 0 and self.most > 1:
            self._candidate = self._other()

    def _other(self):
        """Half or twice the level, in turn where both are possible."""
        self._up = self.level == 1 or (not self._up and self.level < self.most)
        return min(self.most, 2 * self.level) if self._up else max(1, self.level // 2)

    def _decide(self):
        better = median(self._trial[1:]) < GAIN * median(self._times)
        self._interval = FIRST_TRIAL if better else min(2 * self._interval, LAST_TRIAL)
        if better:
            self.level = self._candidate
        self._times.extend(self._trial[1:] if better else ())
        self._candidate, self._trial, self._until_trial = self.level, [], self._interval
