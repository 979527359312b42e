import signal

import pytest

from ekspresi.cli.signals import Stop, stopping


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_first_signal_sets_the_event(number: signal.Signals, code: int) -> None:
    with stopping() as stop:
        assert not stop.event.is_set()
        signal.raise_signal(number)
        assert stop.event.is_set() and stop.exit_code == code


def test_stopping_second_signal_interrupts() -> None:
    with pytest.raises(KeyboardInterrupt), stopping():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)


def test_stopping_restores_the_handlers() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(ValueError, match="inside"), stopping():
        raise ValueError("inside")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_stop_without_a_signal_has_no_number() -> None:
    assert Stop().number == 0 and not Stop().event.is_set()
