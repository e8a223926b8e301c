"""A stand-in for DynamoDB's PutItem: an HTTP server in a process of its own that answers after a fixed time.

`python -m bench.stand_in SECONDS` prints its port. It keeps the ids that it was given and refuses the second write of
one, as `attribute_not_exists(card_id)` does; nothing else is DynamoDB about it, so nothing in it can be slow.
"""

import asyncio
import json
import sys

_ANSWER = "HTTP/1.1 {} OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\r\n{}"
_GOOD = _ANSWER.format(200, 2, "{}").encode()
_TAKEN = json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "taken"})
_REFUSED = _ANSWER.format(400, len(_TAKEN), _TAKEN).encode()


async def serve(seconds: float) -> None:
    ids: set[str] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                size = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
                body = await reader.readexactly(size)
                await asyncio.sleep(seconds)
                card = json.loads(body)["Item"]["card_id"]["S"]
                writer.write(_REFUSED if card in ids else _GOOD)
                ids.add(card)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
