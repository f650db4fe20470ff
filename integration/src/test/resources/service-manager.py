"""Runs one service as systemd does one with FileDescriptorStoreMax=: what it sends with FDSTORE=1 is kept while it is
not running, closed once its other end hangs up, and passed to it when it is started again. A real systemd is no use to
the tests: it takes the whole machine's cgroups into its hands.

usage: service-manager.py NOTIFY-SOCKET LOG PROGRAM ARGUMENT...

Reads commands from its standard input and answers each with one line: start, kill SIGNAL (answered when the service
has ended), and stored. At the end of its input it kills the service and forgets everything.
"""

import array
import os
import select
import signal
import socket
import sys

path, log, *program = sys.argv[1:]
os.set_blocking(0, False)
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(path)
poll = select.poll()
poll.register(0, select.POLLIN)
poll.register(manager, select.POLLIN)
stored = []  # (descriptor, name), in the order in which they came
service = None  # (pid, descriptor of the process)


def drop(descriptor):
    poll.unregister(descriptor)
    os.close(descriptor)
    stored[:] = [each for each in stored if each[0] != descriptor]


def receive():
    data, control, _, _ = manager.recvmsg(1 << 16, socket.CMSG_SPACE(64 * 4), socket.MSG_CMSG_CLOEXEC)
    descriptors = array.array("i")
    for level, kind, content in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    message = dict(line.split("=", 1) for line in data.decode().splitlines() if "=" in line)
    name = message.get("FDNAME", "stored")
    if message.get("FDSTOREREMOVE") == "1":
        for descriptor in [each[0] for each in stored if each[1] == name]:
            drop(descriptor)
    for descriptor in descriptors:
        valid = len(name) <= 255 and name.isascii() and name.isprintable() and ":" not in name
        if message.get("FDSTORE") == "1" and valid:
            stored.append((descriptor, name))
            poll.register(descriptor, 0)  # Errors and hang-ups are told of anyway.
        else:
            os.close(descriptor)


def start():
    global service
    pid = os.fork()
    if pid == 0:
        os.setsid()
        names = [name for _, name in stored]
        # Out of the way first, so that none is put over another one.
        high = [os.dup2(descriptor, 1000 + i) for i, (descriptor, _) in enumerate(stored)]
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        for i, descriptor in enumerate(high):
            os.dup2(descriptor, 3 + i)
        os.closerange(3 + len(high), 4096)
        os.environ["NOTIFY_SOCKET"] = path
        if names:
            os.environ["LISTEN_PID"] = str(os.getpid())
            os.environ["LISTEN_FDS"] = str(len(names))
            os.environ["LISTEN_FDNAMES"] = ":".join(names)
        os.execvp(program[0], program)
    service = (pid, os.pidfd_open(pid))
    poll.register(service[1], select.POLLIN)
    print("started", pid, flush=True)


def ended():
    global service
    poll.unregister(service[1])
    os.close(service[1])
    os.waitpid(service[0], 0)
    service = None
    print("ended", flush=True)


buffer = b""
while True:
    events = dict(poll.poll())
    if manager.fileno() in events:
        receive()
        continue
    for descriptor in [each[0] for each in stored]:
        if events.get(descriptor, 0) & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
            drop(descriptor)
    if service and service[1] in events:
        ended()
    if 0 in events:
        data = os.read(0, 4096)
        if not data:
            break
        buffer += data
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            word, *rest = line.decode().split()
            if word == "start":
                start()
            elif word == "kill":
                os.kill(service[0], int(rest[0]))
            else:
                print("stored", *(name for _, name in stored), flush=True)
if service:
    os.kill(service[0], signal.SIGKILL)
    os.waitpid(service[0], 0)
