"""How many of the threads that it may use a run of many alike steps does use."""

from collections import deque
from statistics import median

FIRST_TRIAL = 32  # steps before another number of threads may be tried
CALM_TRIAL = 512  # the same for fewer threads while steps take the same time again and again
LAST_TRIAL = 4096  # most steps between trials
TRIAL = 4  # steps of a trial; the first, in which threads wake or fall asleep, does not count
WINDOW = 16  # last steps that are looked at
ERRATIC = 1.4  # median over least time of a step: above, steps wait for something
GAIN = 0.9  # share of the time per step that another number of threads must stay below to be taken


class Pace:
    """Finds the number of threads with the fastest steps, up to a given one.

    Threads meet at barriers several times a step. Beside other busy processes each meeting waits for the scheduler, and
    two threads may be ten times slower than one. What is computed does not depend on the number of
    threads, so it can follow the measured time: some steps run on half as many threads when the time of steps is
    erratic, and now and then in any case; and on twice as many now and then.

    Parameters
    ----------
    most : int
        Threads to begin with, and never to exceed.
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
        """Take note of how long a step on `threads()` threads took."""
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
        """Whether to try another number of threads, some steps after the last time."""
        fewer_only = self.level == self.most
        calm = median(self._times) <= ERRATIC * min(self._times)
        return not (fewer_only and calm) or self._since_trial >= max(CALM_TRIAL, self._interval)

    def _other(self) -> int:
        """Half or twice the level, in turn where both are possible."""
        self._up = self.level == 1 or (not self._up and self.level < self.most)
        return min(self.most, 2 * self.level) if self._up else max(1, self.level // 2)

    def _decide(self) -> None:
        better = median(self._trial[1:]) < GAIN * median(self._times)
        self._interval = FIRST_TRIAL if better else min(2 * self._interval, LAST_TRIAL)
        if better:
            self.level = self._candidate
            self._times.clear()
            self._times.extend(self._trial[1:])
        self._candidate, self._trial, self._since_trial = self.level, [], 0
