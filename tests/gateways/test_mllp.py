"""The HL7 door with a sender of raw bytes: answers, repetitions, modes, charsets, who may send."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .door import prepared  # noqa: F401 - fixture
from .hl7door import (  # noqa: F401 - fixtures
    END,
    START,
    Hl7Door,
    Sender,
    adt,
    ask,
    code,
    control_id,
    hl7,
    message,
    oru,
    place,
    shared_hl7,
    told,
)

MSH_15 = "||"  # fields 13 and 14 are empty


@pytest.fixture
def port(shared_hl7: Hl7Door) -> int:  # noqa: F811
    return shared_hl7.port


def row(door: Hl7Door, control: str, columns: str = "state") -> list[tuple[str, ...]]:
    return door.rows(
        f"SELECT {columns} FROM gateways_inboundmessage WHERE control_id = '{control}' ORDER BY id"
    )


class TestAnswers:
    def test_a_message_is_accepted_and_applied(self, shared_hl7: Hl7Door) -> None:  # noqa: F811
        control = control_id()

        answer = ask(shared_hl7.port, adt("A-1", control=control))

        assert told(answer) == ("AA", "", "")
        assert f"MSA|AA|{control}".encode() in answer
        assert row(shared_hl7, control, "state, answer, message_type, patient_key") == [
            ("applied", "AA", "ADT^A28", "1.2.3.4|A-1")
        ]

    def test_the_bytes_are_kept_as_received(self, shared_hl7: Hl7Door) -> None:  # noqa: F811
        control = control_id()
        sent = adt("A-2", control=control, family="Łąka").replace(b"\r", b"\r\n") + b"\n\n"

        ask(shared_hl7.port, sent)

        assert row(shared_hl7, control, "raw, size") == [(sent, len(sent))]

    def test_a_large_message_lies_in_a_blob(self, shared_hl7: Hl7Door) -> None:  # noqa: F811
        control = control_id()
        sent = message(
            "ADT^A28",
            "EVN|A28",
            "PID|1||A-3^^^SZP||Testowa^Anna",
            "NTE|1||" + "x" * 3_000_000,
            control=control,
        )

        assert told(ask(shared_hl7.port, sent))[0] == "AA"

        ((raw, key),) = row(shared_hl7, control, "raw, blob_id")
        assert (raw, shared_hl7.blob(key)) == (b"", sent)

    def test_what_cannot_be_used_is_refused_and_kept(self, shared_hl7: Hl7Door) -> None:  # noqa: F811
        control = control_id()

        answer = ask(shared_hl7.port, message("ADT^A28", "EVN|A28", "PID|1||||Testowa", control=control))

        assert told(answer) == ("AE", "101", "PID^1^3")
        assert row(shared_hl7, control, "state, answer, code, location") == [
            ("refused", "AE", "101", "PID^1^3")
        ]

    @pytest.mark.parametrize("noise", [b"hello", b"\x00" * 2000, b"MSH", b"MSH|^~\\&", bytes(range(32, 256))])
    def test_no_hl7_at_all_is_answered(self, port: int, noise: bytes) -> None:
        assert told(ask(port, noise))[0] in ("AE", "AR")

    def test_answers_come_in_the_order_of_the_messages(self, port: int) -> None:
        controls = [control_id() for _ in range(20)]
        with Sender(port) as sender:
            sender.line.sendall(
                b"".join(START + adt(f"O-{number}", control=one) + END for number, one in enumerate(controls))
            )
            answers = [sender.answer() for _ in controls]

        assert [answer.split(b"MSA|AA|")[1].strip().decode() for answer in answers] == controls

    def test_a_message_may_come_byte_by_byte(self, port: int) -> None:
        with Sender(port) as sender:
            for place in START + adt("B-1") + END:
                sender.line.sendall(bytes([place]))
            assert code(sender.answer()) == "AA"


class TestRepetitions:
    def test_the_same_again_gets_the_same_answer(self, shared_hl7: Hl7Door) -> None:  # noqa: F811
        """2.3: another time of sending, other line ends."""
        control = control_id()
        first = adt("R-1", control=control, at="20260301")
        time.sleep(1.1)
        second = adt("R-1", control=control, at="20260301").replace(b"\r", b"\n").rstrip()

        answers = [told(ask(shared_hl7.port, sent)) for sent in (first, second, first)]

        assert answers == [("AA", "", "")] * 3
        assert row(shared_hl7, control) == [("applied",), ("repeated",), ("repeated",)]

    def test_a_refusal_is_repeated(self, shared_hl7: Hl7Door) -> None:  # noqa: F811
        control = control_id()
        sent = message("ADT^A28", "EVN|A28", "PID|1||||Testowa", control=control)

        assert [told(ask(shared_hl7.port, sent)) for _ in range(2)] == [("AE", "101", "PID^1^3")] * 2
        assert row(shared_hl7, control) == [("refused",), ("repeated",)]

    def test_a_reused_control_id_is_a_new_message(self, shared_hl7: Hl7Door) -> None:  # noqa: F811
        control = control_id()

        answers = [code(ask(shared_hl7.port, adt(f"R-{number}", control=control))) for number in (2, 3)]

        assert answers == ["AA", "AA"]
        assert row(shared_hl7, control) == [("applied",), ("applied",)]
        assert shared_hl7.rows(
            "SELECT count(*) FROM gateways_workitem w JOIN gateways_inboundmessage m ON m.id = w.message_id "
            f"WHERE w.kind = 'control_id_reused' AND m.control_id = '{control}'"
        ) == [(1,)]

    def test_three_at_once_take_effect_once(self, shared_hl7: Hl7Door) -> None:  # noqa: F811
        """L6: the same control id three times in parallel, ten times over."""
        for number in range(10):
            control = control_id()
            sent = adt(f"P-{number}", control=control)
            with ThreadPoolExecutor(3) as senders:
                answers = list(senders.map(ask, [shared_hl7.port] * 3, [sent] * 3))
            assert [code(answer) for answer in answers] == ["AA"] * 3
            assert sorted(row(shared_hl7, control)) == [("applied",), ("repeated",), ("repeated",)]


class TestEnhancedMode:
    """MSH-15, MSH-16 (HL70155)."""

    def answers(self, port: int, accept: str, application: str, *, good: bool = True) -> list[str]:
        """All that is said to one message before the answer to the next, plain one."""
        more = f"|||{accept}|{application}"
        first = adt("E-1", more=more) if good else message("ADT^A28", "EVN|A28", "PID|1", more=more)
        with Sender(port) as sender:
            sender.line.sendall(START + first + END + START + adt("E-2", control="LAST") + END)
            found = []
            while b"|LAST" not in (answer := sender.answer()):
                found.append(code(answer))
        return found

    @pytest.mark.parametrize(
        ("accept", "application", "wanted"),
        [
            ("AL", "NE", ["CA"]),
            ("AL", "AL", ["CA", "AA"]),
            ("NE", "AL", ["AA"]),
            ("NE", "NE", []),
            ("SU", "ER", ["CA"]),
            ("ER", "SU", ["AA"]),
            ("ER", "NE", []),
        ],
    )
    def test_a_good_message(self, port: int, accept: str, application: str, wanted: list[str]) -> None:
        assert self.answers(port, accept, application) == wanted

    @pytest.mark.parametrize(
        ("accept", "application", "wanted"),
        [
            ("AL", "NE", ["CE"]),
            ("NE", "ER", ["AE"]),
            ("NE", "NE", []),
            ("SU", "NE", []),
            ("ER", "NE", ["CE"]),
        ],
    )
    def test_a_bad_message(self, port: int, accept: str, application: str, wanted: list[str]) -> None:
        assert self.answers(port, accept, application, good=False) == wanted


class TestHeldMessages:
    def test_a_report_waits_for_its_patient(self, shared_hl7: Hl7Door) -> None:  # noqa: F811
        control = control_id()

        answer = code(ask(shared_hl7.port, oru("H-1", report="H1", control=control)))
        before = row(shared_hl7, control)
        ask(shared_hl7.port, adt("H-1"))

        assert (answer, before) == ("AA", [("held",)])
        shared_hl7.wait_for(
            f"SELECT state FROM gateways_inboundmessage WHERE control_id = '{control}'", "applied"
        )
        assert shared_hl7.rows(
            "SELECT count(*), count(w.done_at) FROM gateways_workitem w "
            f"JOIN gateways_inboundmessage m ON m.id = w.message_id WHERE m.control_id = '{control}'"
        ) == [(1, 1)]

    def test_a_patient_known_by_a_script_counts(self, hl7: Hl7Door) -> None:  # noqa: F811
        """The worker looks after what waits."""
        ask(hl7.port, oru("H-2", report="H2"))
        worker = hl7.worker()
        try:
            hl7.run(
                "patient", "upsert", "--id", "H-2", "--issuer", "1.2.3.4", "--family", "Testowa", "--given",
                "Anna", "--birth-date", "1960-02-29",
            )  # fmt: skip
            hl7.wait_for("SELECT state FROM gateways_inboundmessage", "applied", seconds=60)
        finally:
            worker.terminate()
            worker.wait()


class TestHostileText:
    def test_a_segment_in_a_name_is_text(self, hl7: Hl7Door) -> None:  # noqa: F811
        """R07: neither an escaped nor a spelled-out line end makes a second segment out of a name."""
        names = {
            "S-1": r"Kowalski\X0D\PID|1||EVIL^^^SZP",
            "S-2": r"Nowak\X0D\OBX\X7C\1",
            "S-3": r"Lis\.br\ZZZ",
        }

        answers = [code(ask(hl7.port, adt(number, family=name.replace("|", r"\F\ ".strip()))))
                   for number, name in names.items()]  # fmt: skip

        assert answers == ["AA"] * 3
        assert hl7.rows("SELECT count(*) FROM patients_patient") == [(3,)]
        shown = [name for (name,) in hl7.rows("SELECT family_name FROM patients_patient ORDER BY created_at")]
        assert ["Kowalski" in shown[0] and "PID|1||EVIL" in shown[0], "OBX|1" in shown[1]] == [True, True]
        assert not any("\r" in name or "\n" in name for name in shown)

    def test_markup_stays_text(self, hl7: Hl7Door) -> None:  # noqa: F811
        ask(hl7.port, adt("S-4", family="<script>alert(1)</script>"))

        assert hl7.rows("SELECT family_name FROM patients_patient") == [("<script>alert(1)</script>",)]


class TestSenders:
    """R05."""

    @pytest.fixture
    def closed(self, place: Path) -> Hl7Door:  # noqa: F811
        return Hl7Door(place, HL7_OPEN="0")

    def test_a_stranger_is_shut_out_unread(self, closed: Hl7Door) -> None:
        closed.run("peer", "add", "his", "--hl7", "--address", "127.0.0.1")
        closed.start()
        try:
            with Sender(closed.port, source="127.0.0.2") as stranger:
                assert stranger.is_shut(within=5)
            assert told(ask(closed.port, adt("L-1")))[0] == "AA"
            closed.wait_for("SELECT count(*) FROM gateways_refusedconnection", 1)
        finally:
            closed.stop()
        assert closed.rows("SELECT address, reason FROM gateways_refusedconnection") == [
            ("127.0.0.2", "address is not on the list")
        ]
        assert closed.states() == ["applied"]

    def test_application_and_facility_are_looked_at(self, closed: Hl7Door) -> None:
        closed.run(
            "peer",
            "add",
            "ris",
            "--hl7",
            "--address",
            "127.0.0.0/8",
            "--application",
            "RIS",
            "--facility",
            "SZP",
        )
        closed.start()
        try:
            assert told(ask(closed.port, adt("L-2"))) == ("AR", "103", "MSH^1^3")
            assert told(ask(closed.port, oru("L-2", report="L2")))[0] == "AA"
        finally:
            closed.stop()
        assert closed.rows("SELECT state, answer, peer_name FROM gateways_inboundmessage ORDER BY id") == [
            ("refused", "AR", ""), ("held", "AA", "ris"),
        ]  # fmt: skip

    def test_a_refused_message_may_come_again(self, closed: Hl7Door) -> None:
        """Once the list is corrected: what was refused is judged anew."""
        closed.run("peer", "add", "ris", "--hl7", "--address", "127.0.0.1", "--application", "RIS")
        closed.start()
        sent = adt("L-3")
        try:
            before = code(ask(closed.port, sent))
            closed.run("peer", "add", "his", "--hl7", "--address", "127.0.0.1", "--application", "HIS")
            time.sleep(2.1)
            after = code(ask(closed.port, sent))
        finally:
            closed.stop()
        assert (before, after, closed.states()) == ("AR", "AA", ["refused", "applied"])

    def test_the_charset_of_a_sender_wins(self, closed: Hl7Door) -> None:
        closed.run("peer", "add", "his", "--hl7", "--address", "127.0.0.1", "--charset", "CP1250")
        closed.start()
        try:
            sent = adt("L-4", family="Śliwińska", more="|||||POL|8859/2").decode().encode("cp1250")
            assert told(ask(closed.port, sent))[0] == "AA"
        finally:
            closed.stop()
        assert closed.rows("SELECT family_name FROM patients_patient") == [("Śliwińska",)]

    def test_a_removed_sender_is_sent_away(self, closed: Hl7Door) -> None:
        closed.run("peer", "add", "his", "--hl7", "--address", "127.0.0.1")
        closed.start()
        try:
            with Sender(closed.port) as sender:
                assert code(sender.ask(adt("L-5"))) == "AA"
                closed.run("peer", "remove", "his", "--hl7")
                time.sleep(2.1)
                with pytest.raises((ConnectionError, OSError)):
                    sender.ask(adt("L-6"))
        finally:
            closed.stop()
        assert closed.states() == ["applied"]


def test_sigterm_lets_a_message_finish(place: Path) -> None:  # noqa: F811
    running = Hl7Door(place).start()
    assert running.process is not None
    with Sender(running.port) as idle, Sender(running.port) as busy:
        busy.line.sendall(START + adt("T-1")[:50])
        time.sleep(0.2)
        running.process.terminate()
        assert idle.is_shut(within=5)
        sent = adt("T-1")
        busy.line.sendall(sent[50:] + END)
        answer = busy.answer()

    assert code(answer) == "AA"
    assert running.stop() == 0
    assert running.rows("SELECT holder FROM gateways_applierlease") == [("",)]
