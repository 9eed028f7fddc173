#!/usr/bin/python3
"""A receiver of crier's protocol, written from PROTOCOL.md alone: it follows the first session
that it hears on a group or of a topic, prints the messages of one partition, each once and in
order, and names on standard error what is lost. It needs python3-msgpack. Exit code 0: the end
came, and nothing is lost."""
import argparse, ipaddress, random, select, socket, struct, sys, time
import msgpack

DATA, REPAIR, HEARTBEAT, SESSION, NACK, STATUS, CONFIRM, GONE, BYE = range(1, 10)
WANT_SESSION, LEAVING, CONTINUES, UNFINISHED = 1, 2, 0x100, 0x200
SHAPES = {DATA: "iiil", REPAIR: "iib", HEARTBEAT: "iiiiiiii", BYE: "iiiiiiii",
          SESSION: "iiiibibd", CONFIRM: "iil", GONE: "iiiiil"}  # fields: first letters of types
MOST_ASKED, MOST_HELD, SILENCE = 2048, 16384, 2.0  # frames, frames, seconds

TABLE = list(range(256))
for _ in range(8):
    TABLE = [n >> 1 ^ (0x82F63B78 if n & 1 else 0) for n in TABLE]

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return struct.pack(">I", crc ^ 0xFFFFFFFF)

def named_group(topic, index):
    """Returns the address of a topic's group: index 0 is its home group, 1 + i data group i."""
    h = 0xCBF29CE484222325
    for byte in topic.encode():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    h = (h ^ h >> 27) * 0x94D049BB133111EB % 2**64
    h ^= h >> 31
    number = 256 + (h % 65280 + index * (1 + (h >> 32) % 254)) % 65280
    return str(ipaddress.IPv4Address("239.77.0.0") + number)

def decode(packet):
    """Returns the kind, flags, session, channel and fields of a frame; a kind of 0 for anything
    else."""
    if len(packet) < 26 or packet[-6:] != b"\xc4\4" + crc32c(packet[:-6]):
        return 0, 0, 0, 0, []  # damaged
    most = {f"max_{what}_len": len(packet) for what in ("str", "bin", "array", "map", "ext")}
    try:
        frame = msgpack.unpackb(packet, strict_map_key=False, **most)
        version, kind, flags, session, channel, *fields = frame[:-1]
        shape = SHAPES[kind]  # KeyError: of a newer version, or for publishers
        unknown = flags & 0xFF00 & ~(CONTINUES | UNFINISHED if kind == DATA else 0)
    except (ValueError, TypeError, KeyError):
        return 0, 0, 0, 0, []
    if version != 1 or unknown or len(fields) < len(shape) or any(
            type(f).__name__[0] != t or t == "i" and f < 0 for f, t in zip(fields, shape)):
        return 0, 0, 0, 0, []
    return kind, flags, session, channel, fields

def u64(*numbers):
    return b"".join(struct.pack(">BQ", 0xCF, n % 2**64) for n in numbers)

class Receiver:
    def __init__(self, send, deliver, lose, topic=None, partition=0, join=None):
        self.send, self.deliver, self.lose = send, deliver, lose
        self.topic, self.partition, self.join = topic, partition, join
        self.id, self.requests, self.joined = random.getrandbits(64), 0, time.monotonic()
        self.session = self.source = self.seq = self.offset = self.end = None  # seq: the next
        self.known = self.oldest = 0    # one past the last frame that exists; the first still held
        self.held, self.gone = {}, set()  # frames that came early; those that won't come
        self.asked = {}                 # of missing frames: when last hoped for, when due, the wait
        self.parts = None               # of an unfinished message
        self.echo = self.echoed = self.reported = self.group = 0
        self.silence, self.trip = SILENCE, 0.01

    def frame(self, packet, source, inside=False):
        kind, flags, session, channel, f = decode(packet)
        if kind == SESSION and self.topic and f[7].get(1) == self.topic.encode() and \
                self.session in (None, session):
            self.layout(f)
        elif self.session is None and (self.topic or kind not in (DATA, HEARTBEAT, SESSION)):
            return
        if self.session is None:
            self.session, self.source = session, source
        if kind == 0 or inside and kind != DATA or (session, source) != (self.session, self.source):
            return
        now = self.heard = time.monotonic()
        if channel != self.partition:
            return
        old = f[2 if kind == DATA else 0] / 1e9 > now - self.joined  # the session began before us
        if kind in (HEARTBEAT, SESSION, BYE):
            self.echo, self.echoed = f[0], now
        if kind == DATA:
            if old:
                self.begin(f[0], f[1] + bool(flags & CONTINUES))
            self.known = max(self.known, f[0] + 1)
            if len(self.held) < MOST_HELD and (self.seq is None or f[0] >= self.seq):
                self.held.setdefault(f[0], (flags, f[1], f[3]))
        elif kind == REPAIR:
            self.frame(f[2], source, inside=True)
        elif kind == SESSION and not old:
            self.begin(f[2], f[3])
        elif kind in (HEARTBEAT, BYE):
            if old:
                self.begin(f[1], f[2])
            self.known, self.oldest = max(self.known, f[1]), max(self.oldest, f[3])
            self.silence, self.group = max(SILENCE, 5 * min(f[5] / 1e9, 2)), f[6]
            self.trip = min(f[7] / 1e9, 1) or self.trip
            self.end = f[2] if kind == BYE else self.end
        elif kind == CONFIRM:
            for seq in self.named(f[2]):
                self.asked[seq][:2] = now, now + min(2 * self.trip, SILENCE / 4)
        elif kind == GONE and f[1] >> 32 == self.id & 0xFFFFFFFF:  # a request of ours
            self.oldest = max(self.oldest, f[3])
            self.gone.update(self.named(f[5]))
        self.advance()

    def layout(self, session):
        """Joins the group that carries the partition, as a SESSION says: the groups follow from
        the topic, or count from the home group."""
        groups, base = (session[7].get(10) or [1, b""])[:2]
        if session[5] <= self.partition:
            sys.exit(f"the topic has {session[5]} partitions, from 0 on")
        if groups > 1 and self.join:
            index = 1 + self.partition % groups
            home = base and ipaddress.ip_address(base[:-2])
            self.join(str(home + index) if home else named_group(self.topic, index))
            self.join = None

    def begin(self, seq, offset):
        if self.seq is None:
            self.seq, self.offset = seq, offset

    def named(self, pairs):
        """Yields which of the frames that were asked for are in a frame's ranges."""
        at = 0
        for gap, length in zip(pairs[::2], pairs[1::2]):
            if type(gap) is not int or type(length) is not int:
                return
            at += gap + length
            yield from [seq for seq in self.asked if at - length <= seq < at]

    def advance(self):
        """Delivers what comes next, and passes over what is gone."""
        while self.seq is not None and self.seq < self.known:
            if self.seq in self.held:
                self.take(*self.held.pop(self.seq))
            elif self.seq < self.oldest:
                self.parts, self.seq = None, min([self.oldest, self.known, *self.held]) - 1
            elif self.seq in self.gone:
                self.parts = None
            else:
                return
            self.seq += 1
        if self.over():
            self.lost(self.end)

    def over(self):
        return self.end is not None and self.seq is not None and self.seq >= self.known

    def lost(self, to):
        """Passes over the offsets up to one that is known to come next."""
        if to > self.offset:
            self.lose(self.offset, to)
            self.offset = to

    def take(self, flags, offset, chunks):
        chunks = [c[0] if type(c) is list and c else c for c in chunks if c is not None]
        last = len(chunks) - 1 if flags & UNFINISHED else -1
        for i, chunk in enumerate(chunks):
            if type(chunk) is int and i + 1 != last:  # a skip; the other numbers are length marks
                offset += chunk
                self.lost(offset)
            elif type(chunk) is bytes:
                if i > 0 or not flags & CONTINUES:
                    self.lost(offset)
                    self.parts = []
                if self.parts is not None:  # else its beginning is lost
                    self.parts.append(chunk)
                if i != last:
                    if self.parts is not None and offset == self.offset:
                        self.deliver(offset, b"".join(self.parts))
                        self.offset += 1
                    self.parts, offset = None, offset + 1
                    self.lost(offset)

    def tick(self, behind):
        """Sends what is due, and returns whether the session goes on. An answer may be among
        datagrams that wait to be read, if any do: they make the receiver behind."""
        now, due, seq, pairs, end = time.monotonic(), [], self.seq, [], 0
        if self.session is None or now - self.heard > self.silence:
            return self.session is None
        self.asked = {s: a for s, a in self.asked.items() if s >= seq and s not in self.held}
        while seq is not None and seq < self.known and len(self.asked) < MOST_ASKED \
                and len(due) < 400:
            if seq not in self.held:
                wait = random.random() * 5 * self.trip if self.group > 8 else 0
                ask = self.asked.setdefault(seq, [now, now + wait, max(2 * self.trip, 0.002)])
                if behind:
                    ask[0] = now
                if now - ask[0] > self.silence:
                    self.gone.add(seq)
                elif ask[1] <= now:
                    wait = min(ask[2], SILENCE / 16)
                    ask[1], ask[2] = now + wait, 2 * wait
                    due.append(seq)
            seq += 1
        self.advance()
        for seq in due:  # ranges of one frame each: they may touch
            pairs += [seq - end, 1]
            end = seq + 1
        if due:
            self.requests += 1
            request = (self.id & 0xFFFFFFFF) << 32 | self.requests
            self.ask(NACK, 0, 11, request, msgpack.packb(pairs))
        if self.over() or now - self.reported > (0.1 if self.seq is None else 0.5):
            flags = LEAVING if self.over() else WANT_SESSION if self.seq is None else 0
            self.ask(STATUS, flags, 14, 0, b"\xc4\6python" + u64(self.seq or 0, 1 << 24) + b"\x80")
            self.reported = now
        return not self.over()

    def ask(self, kind, flags, fields, request, rest):
        held = int((time.monotonic() - self.echoed) * 1e9) if self.echo else 0
        frame = struct.pack(">BBBBH", 0x90 | fields, 1, kind, 0xCD, flags) + u64(self.session) + \
            struct.pack(">BI", 0xCE, self.partition) + u64(self.id, request, self.echo, held) + rest
        self.send(frame + b"\xc4\4" + crc32c(frame), self.source)

def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", default="239.77.0.1:7700", help="or a topic's home group")
    parser.add_argument("--topic", help="follow this topic; its groups follow from its name")
    parser.add_argument("--partition", type=int, default=0)
    parser.add_argument("--iface", default="lo")
    parser.add_argument("--drop", type=float, default=0, help="lose this share of datagrams")
    args, losses = parser.parse_args(), []
    address, port = args.group.rsplit(":", 1)
    if args.topic and args.group == parser.get_default("group"):
        address = named_group(args.topic, 0)
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind(("", 0))
    sockets = [own]

    def join(address):
        shared = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        shared.bind((address, int(port)))
        shared.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack(
            "4s4si", socket.inet_aton(address), bytes(4), socket.if_nametoindex(args.iface)))
        sockets.append(shared)

    join(address)

    def lose(start, end):
        losses.append(start)
        print(f"lost: offsets {start} to {end - 1}", file=sys.stderr)

    receiver = Receiver(own.sendto, lambda _, text: sys.stdout.buffer.write(text + b"\n"), lose,
                        args.topic, args.partition, join)
    print(f"listening to {address}:{port} on {args.iface}", file=sys.stderr, flush=True)
    ready = []
    while receiver.tick(behind=ready):
        for n in range(100):
            ready = select.select(sockets, [], [], 0 if n else 0.005)[0]
            for sock in ready:
                packet, source = sock.recvfrom(65535)
                if random.random() >= args.drop:
                    receiver.frame(packet, source)
            if not ready:
                break
        sys.stdout.flush()
    if receiver.end is None:
        print(f"the end was not seen, after offset {receiver.offset}", file=sys.stderr)
    sys.exit(3 if losses or receiver.end is None else 0)

main()
