"""The `hl7` package's own MLLP server, as its documentation shows it: reads a message, answers AA, keeps nothing.

python -m bench.mllp_peer PORT
"""

from __future__ import annotations

import asyncio
import sys

from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server

LIMIT = 64 * 1024 * 1024  # its default of 64 KiB is less than one of these messages


async def attend(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
    try:
        while not reader.at_eof():
            message = await reader.readmessage()
            writer.writemessage(message.create_ack())
            await writer.drain()
    except asyncio.IncompleteReadError:
        pass  # the sender has ended
    finally:
        writer.close()


async def main(port: int) -> None:
    server = await start_hl7_server(attend, host="127.0.0.1", port=port, limit=LIMIT, encoding="utf-8")
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
