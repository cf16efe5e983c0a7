"""ThreadCountTuner: the number of threads with which a long run of similar steps is fastest."""

from collections import deque
from statistics import median

FIRST_TRIAL = 32  # steps before another number of threads may be tried
STEADY_TRIAL = 512  # the same for fewer threads while all steps take about the same time
MAX_INTERVAL = 4096  # steps between trials
TRIAL = 4  # steps of a trial; the first does not count, as threads wake or fall asleep in it
WINDOW = 16  # last steps whose times are compared
ERRATIC = 1.4  # median over minimum of the times of steps: above it, steps wait for something
GAIN = 0.9  # another number of threads is taken if a step takes less than this share of the time


class ThreadCountTuner:
    """Finds the number of threads with the fastest steps, up to a given one.

    Threads meet at barriers several times a step. When other processes are busy, each barrier waits for the scheduler,
    and two threads may be ten times slower than one. Results do not depend on the number of threads, so the number can
    follow the measured time: a few steps run on half as many threads when the times are erratic, and now and then
    in any case, and on twice as many now and then.

    Parameters
    ----------
    most : int
        Number of threads to start with, and the maximum.
    """

    def __init__(self, most: int) -> None:
        self.most = self.level = self._candidate = most
        self._interval, self._since_trial = FIRST_TRIAL, 0
        self._times: deque[float] = deque(maxlen=WINDOW)
        self._trial: list[float] = []
        self._up = False

    def threads(self) -> int:
        """Return the number of threads for the next step."""
        return self._candidate

    def record(self, seconds: float) -> None:
        """Record the seconds of a step on `threads()` threads."""
        if self._candidate != self.level:
            self._trial.append(seconds)
            if len(self._trial) == TRIAL:
                self._decide()
            return
        self._times.append(seconds)
        self._since_trial += 1
        full = self._since_trial % WINDOW == 0
        if full and self.most > 1 and self._since_trial >= self._interval and self._due():
            self._candidate = self._other()

    def _due(self) -> bool:
        """Whether it is time to try another number of threads."""
        fewer_only = self.level == self.most
        steady = median(self._times) <= ERRATIC * min(self._times)
        return not (fewer_only and steady) or self._since_trial >= max(STEADY_TRIAL, self._interval)

    def _other(self) -> int:
        """Half or twice the level, alternately where both are possible."""
        self._up = self.level == 1 or (not self._up and self.level < self.most)
        return min(self.most, 2 * self.level) if self._up else max(1, self.level // 2)

    def _decide(self) -> None:
        better = median(self._trial[1:]) < GAIN * median(self._times)
        self._interval = FIRST_TRIAL if better else min(2 * self._interval, MAX_INTERVAL)
        if better:
            self.level = self._candidate
            self._times.clear()
            self._times.extend(self._trial[1:])
        self._candidate, self._trial, self._since_trial = self.level, [], 0
