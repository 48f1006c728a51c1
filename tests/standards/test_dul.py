"""The upper layer as values and tables, held against pynetdicom's."""

from __future__ import annotations

import random
from io import BytesIO

import pytest
from pynetdicom import build_context, build_role
from pynetdicom.dimse_messages import C_ECHO_RQ, C_STORE_RQ, C_STORE_RSP
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.dsutils import decode
from pynetdicom.fsm import ACTIONS, TRANSITION_TABLE
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import A_ASSOCIATE, MaximumLengthNotification, UserIdentityNegotiation
from pynetdicom.transport import AddressInformation

from klisza.standards.dul import command, pdus
from klisza.standards.dul.errors import Malformed
from klisza.standards.dul.machine import NEXT, TABLE, Action, Event, State

CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
# A receiver neither asks for an association nor for its release: Evt1, Evt2, Evt11 of the local user.
OF_A_REQUESTOR = {"Evt1", "Evt2", "Evt11"}


def request(contexts: int = 3, maximum: int = 16_384) -> bytes:
    """An A-ASSOCIATE-RQ as pynetdicom writes it."""
    made = A_ASSOCIATE()
    made.calling_ae_title, made.called_ae_title = "SENDER", "KLISZA"
    made.application_context_name = pdus.APPLICATION_CONTEXT
    here = AddressInformation("127.0.0.1", 104)
    made.calling_presentation_address = made.called_presentation_address = here
    proposed = [build_context(f"{CT}.{number}", [EXPLICIT, IMPLICIT]) for number in range(contexts)]
    for number, context in enumerate(proposed):
        context.context_id = 2 * number + 1
    made.presentation_context_definition_list = proposed
    length, identity = MaximumLengthNotification(), UserIdentityNegotiation()
    length.maximum_length_received = maximum
    identity.user_identity_type, identity.primary_field = 1, b"somebody"
    made.user_information = [length, build_role(f"{CT}.0", scu_role=True, scp_role=True), identity]
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(made)
    return pdu.encode()


class TestMachine:
    @pytest.mark.parametrize("state", list(State), ids=lambda state: state.value)
    @pytest.mark.parametrize("event", list(Event), ids=lambda event: event.value)
    def test_every_cell_is_the_standards(self, event: Event, state: State) -> None:
        """Table 9-10; a cell that cannot happen is in neither table."""
        ours = TABLE.get((event, state))

        assert (ours.value if ours else None) == TRANSITION_TABLE.get((event.value, state.value))

    def test_only_a_requestors_events_are_left_out(self) -> None:
        states = {state.value for state in State}
        theirs = {key for key in TRANSITION_TABLE if key[1] in states and key[0] not in OF_A_REQUESTOR}

        assert {(event.value, state.value) for event, state in TABLE} == theirs

    @pytest.mark.parametrize("action", list(Action), ids=lambda action: action.value)
    def test_every_action_leads_where_the_standard_says(self, action: Action) -> None:
        following = ACTIONS[action.value][2]

        assert NEXT[action].value in ((following,) if isinstance(following, str) else following)


class TestAssociateRequest:
    def test_what_it_says(self) -> None:
        read = pdus.read_request(request())

        assert (read.called_ae_title, read.calling_ae_title) == ("KLISZA", "SENDER")
        assert read.application_context == pdus.APPLICATION_CONTEXT
        assert read.is_known_version
        assert read.maximum_length == 16_384
        assert read.proposals[1] == pdus.Proposal(3, f"{CT}.1", (EXPLICIT, IMPLICIT))
        assert read.roles == (pdus.Role(f"{CT}.0", True, True),)

    def test_a_full_house(self) -> None:
        assert len(pdus.read_request(request(128)).proposals) == 128

    @pytest.mark.parametrize("cut", [10, 73, 80, 200, -1])
    def test_cut_anywhere_it_is_malformed(self, cut: int) -> None:
        with pytest.raises(Malformed):
            pdus.read_request(request()[:cut])

    def test_cut_inside_and_announced_so(self) -> None:
        """Between two items it is a shorter request; nothing it does not hold is read into it."""
        whole = request()
        proposals, malformed = pdus.read_request(whole).proposals, 0
        for end in range(75, len(whole)):
            cut = whole[:2] + (end - 6).to_bytes(4, "big") + whole[6:end]
            try:
                read = pdus.read_request(cut)
            except Malformed:
                malformed += 1
            else:
                assert read.proposals == proposals[: len(read.proposals)]
        assert malformed > len(whole) // 2

    def test_two_contexts_of_one_id(self) -> None:
        with pytest.raises(Malformed):
            pdus.read_request(request().replace(b"\x03\0\0\0\x30", b"\x01\0\0\0\x30"))

    def test_an_even_id(self) -> None:
        with pytest.raises(Malformed):
            pdus.read_request(request().replace(b"\x03\0\0\0\x30", b"\x02\0\0\0\x30"))

    def test_ten_thousand_mutants_are_read_or_malformed(self) -> None:
        """T-35: no other exception, whatever comes."""
        source, whole = random.Random(20), request()
        for _ in range(10_000):
            mutant = bytearray(whole)
            for _ in range(source.randint(1, 6)):
                mutant[source.randrange(6, len(mutant))] = source.randrange(256)
            try:
                pdus.read_request(bytes(mutant))
            except Malformed:
                continue


class TestAccept:
    def test_pynetdicom_reads_what_we_answer(self) -> None:
        read = pdus.read_request(request())
        decisions = [
            pdus.Decision(1, pdus.Verdict.ACCEPTED, EXPLICIT),
            pdus.Decision(3, pdus.Verdict.ABSTRACT_SYNTAX_NOT_SUPPORTED, IMPLICIT),
            pdus.Decision(5, pdus.Verdict.TRANSFER_SYNTAXES_NOT_SUPPORTED, IMPLICIT),
        ]
        raw = pdus.accept(
            read,
            decisions,
            maximum_length=262_144,
            implementation_class_uid="1.2.3",
            implementation_version_name="KLISZA_1",
        )
        theirs = A_ASSOCIATE_AC()
        theirs.decode(raw)

        assert theirs.encode() == raw
        assert [(one.context_id, one.result) for one in theirs.presentation_context] == [
            (1, 0),
            (3, 3),
            (5, 4),
        ]
        assert theirs.user_information.maximum_length == 262_144
        assert theirs.user_information.implementation_class_uid == "1.2.3"
        (role,) = theirs.user_information.role_selection.values()
        assert (role.scu_role, role.scp_role) == (1, 0)
        assert raw[10:74] == read.echoed


class TestData:
    def test_values_of_a_pdu(self) -> None:
        body = b"\0\0\0\5\x01\x03abc" + b"\0\0\0\2\x03\x02"

        found = [
            (one.context_id, one.is_command, one.is_last, bytes(one.data))
            for one in pdus.fragments(memoryview(body))
        ]

        assert found == [(1, True, True, b"abc"), (3, False, True, b"")]

    @pytest.mark.parametrize(
        "body", [b"", b"\0\0", b"\0\0\0\1\x01", b"\0\0\0\x09\x01\x03abc", b"\0\0\0\2\x01\x03\0\0"]
    )
    def test_lengths_that_do_not_fit(self, body: bytes) -> None:
        with pytest.raises(Malformed):
            list(pdus.fragments(memoryview(body)))

    @pytest.mark.parametrize("maximum", [0, 7, 20, 64, 16_384])
    def test_a_command_goes_into_what_the_other_side_takes(self, maximum: int) -> None:
        sent = bytes(range(200))
        raw, found = memoryview(pdus.command_pdus(9, sent, maximum_length=maximum)), b""
        while raw:
            length = pdus.length_of(raw)
            assert not maximum or length <= max(maximum, 8)
            (fragment,) = pdus.fragments(raw[6 : 6 + length])
            found, raw = found + bytes(fragment.data), raw[6 + length :]
            assert (fragment.context_id, fragment.is_command, fragment.is_last) == (9, True, not raw)

        assert found == sent


class TestCommand:
    def test_a_store_as_pynetdicom_writes_it(self) -> None:
        made = C_STORE()
        made.MessageID, made.Priority = 7, 2
        made.AffectedSOPClassUID, made.AffectedSOPInstanceUID = CT, "1.2.3.4"
        made.DataSet = BytesIO(b"x")

        assert command.read_request(_encoded(C_STORE_RQ(), made)) == command.Request(
            1, 7, CT, "1.2.3.4", True
        )

    def test_an_echo(self) -> None:
        made = C_ECHO()
        made.MessageID, made.AffectedSOPClassUID = 65_535, "1.2.840.10008.1.1"

        read = command.read_request(_encoded(C_ECHO_RQ(), made))

        assert (read.kind, read.message_id, read.has_data) == (command.Kind.C_ECHO_RQ, 65_535, False)

    def test_pynetdicom_reads_our_response(self) -> None:
        asked = command.Request(1, 7, CT, "1.2.3.4", True)
        theirs = C_STORE_RSP()
        raw = command.response(asked, status=0xA700, comment="try again later")
        theirs.command_set = decode(BytesIO(raw), True, True)
        read = theirs.message_to_primitive()

        assert (read.Status, read.MessageIDBeingRespondedTo) == (0xA700, 7)
        assert (read.AffectedSOPClassUID, read.AffectedSOPInstanceUID) == (CT, "1.2.3.4")
        assert theirs.command_set.ErrorComment == "try again later"
        assert theirs.command_set.CommandGroupLength == len(raw) - 12

    @pytest.mark.parametrize("raw", [b"", b"\0" * 7, b"\0\0\0\1\xff\xff\xff\xff", b"\x08\0\0\1\2\0\0\0\1\0"])
    def test_what_is_no_command_set(self, raw: bytes) -> None:
        with pytest.raises(Malformed):
            command.read_request(raw)

    def test_a_response_is_no_request(self) -> None:
        with pytest.raises(Malformed):
            command.read_request(command.response(command.Request(1, 7, CT, "1.2", True), status=0))


def _encoded(message: object, primitive: object) -> bytes:
    message.primitive_to_message(primitive)  # type: ignore[attr-defined]
    pieces = message.encode_msg(1, 0)  # type: ignore[attr-defined]
    first = next(iter(pieces)).presentation_data_value_list[0][1]
    return bytes(first[1:])
