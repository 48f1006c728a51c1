"""pynetdicom as the acceptor that ours is held against: python -m tests.gateways.oracle, prints its port."""

from __future__ import annotations

import threading

from pynetdicom import AE, evt

from klisza.standards.dicom.uids import ACCEPTED_TRANSFER_SYNTAXES, EXPLICIT_LE, IMPLICIT_LE, VERIFICATION

from .objects import CT

MR = "1.2.840.10008.5.1.4.1.1.4"


def main() -> None:
    ae = AE("KLISZA")
    ae.maximum_pdu_size, ae.maximum_associations = 262_144, 50
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 5
    ae.add_supported_context(VERIFICATION, [EXPLICIT_LE, IMPLICIT_LE])
    for sop_class in (CT, MR):
        ae.add_supported_context(sop_class, list(ACCEPTED_TRANSFER_SYNTAXES))
    server = ae.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, lambda _: 0x0000)]
    )
    print(server.server_address[1], flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
