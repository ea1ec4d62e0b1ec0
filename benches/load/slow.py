"""A directory that is slow: passes connections on, and each answer some time later.

    slow.py PORT TARGET_PORT MILLISECONDS
"""

import asyncio
import sys


async def passed_on(reader, writer, delay):
    loop = asyncio.get_running_loop()
    try:
        while octets := await reader.read(65536):
            loop.call_later(delay, writer.write, octets)
        await asyncio.sleep(delay)
    except OSError:
        pass
    finally:
        writer.close()


async def serve(port, target, delay):
    async def connected(reader, writer):
        server = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(
            passed_on(reader, server[1], 0), passed_on(server[0], writer, delay)
        )

    async with await asyncio.start_server(connected, "127.0.0.1", port) as server:
        await server.serve_forever()


asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) / 1000))
