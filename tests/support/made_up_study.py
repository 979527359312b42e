"""Describe a study of made-up answers: its rates, its jobs, and a listener that expects no job to start."""

from ekspresi.study.plan import ArmJob

RATES = {("rmsprop", 0): 1e-3, ("rmsprop", 1): 2e-4, ("adam", 0): 1e-3, ("adam", 1): 1e-3}
"""Learning rate of each optimizer for each half of the folds."""


def jobs_of(planned: list[ArmJob], arm: str, protocol: str) -> list[ArmJob]:
    """Select the jobs of one arm under one protocol."""
    return [each for each in planned if (each.arm.name, each.protocol) == (arm, protocol)]


class Silent:
    """Listen without a word; fail when a job starts."""

    def on_plan(self, jobs, processes) -> None:
        pass

    def on_start(self, job) -> None:
        raise AssertionError(f"{job.name} is done and must not be run")

    def on_end(self, job, failure, seconds) -> None:
        pass

    def on_wait(self) -> None:
        pass
