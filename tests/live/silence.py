# SPDX-License-Identifier: MIT
"""A file system with one file, whose reading never answers: whoever reads it waits, and so does whoever reads the memory that it is mapped to.

    with Silence(directory) as path: ...    # at the end all readers get an error

The first `errors` readings get one at once. `asked` is set when somebody waits. With `content` the file has that, and can be executed: until hush(),
after which nothing at all is answered; `heard` is then what was asked.

FUSE without a library: the kernel asks in structs of linux/fuse.h, and what is to be answered here is little."""

import errno
import os
import stat
import struct
import subprocess
import threading

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT, OPENDIR, INTERRUPT = 1, 2, 3, 14, 15, 17, 18, 25, 26, 27, 36
ROOT, FILE, SIZE = 1, 2, 1 << 20
UNANSWERED = FORGET, READ, INTERRUPT


def attributes(node, size):
    mode = stat.S_IFDIR | 0o755 if node == ROOT else stat.S_IFREG | 0o555
    return struct.pack('<6Q10I', node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(opcode, node, size):
    """The payload, or a positive errno."""
    if opcode == INIT:
        return struct.pack('<4I2H9I', 7, 31, 4096, 0, 0, 0, 4096, 0, 0, 0, 0, 0, 0, 0, 0)
    if opcode == LOOKUP:
        return struct.pack('<4Q2I', FILE, 0, 3600, 3600, 0, 0) + attributes(FILE, size)
    if opcode == GETATTR:
        return struct.pack('<QII', 3600, 0, 0) + attributes(node, size)
    if opcode in (OPEN, OPENDIR):
        return struct.pack('<QII', 1, 0, 0)
    if opcode in (RELEASE, FLUSH):
        return b''
    return errno.ENOSYS


class Silence:
    def __init__(self, directory, errors=0, content=None):
        self.directory, self.errors, self.asked = directory, errors, threading.Event()
        self.content, self.size, self.heard = content, len(content) if content else SIZE, None

    def hush(self):
        self.heard = []

    def __enter__(self):
        self.directory.mkdir()
        self.fd = os.open('/dev/fuse', os.O_RDWR | os.O_CLOEXEC)
        os.set_inheritable(self.fd, True)
        subprocess.run(['mount', '-i', '-t', 'fuse', '-o', f'fd={self.fd},rootmode=40000,user_id=0,group_id=0,allow_other', 'silence', self.directory],
                       check=True, close_fds=False)
        os.set_inheritable(self.fd, False)
        self.server = threading.Thread(target=self.serve)
        self.server.start()
        return self.directory / 'file'

    def serve(self):
        while True:
            try:
                request = os.read(self.fd, 1 << 17)
            except OSError as e:
                if e.errno == errno.ENODEV:
                    return
                continue
            _, opcode, unique, node = struct.unpack_from('<IIQQ', request)
            if self.heard is not None:
                self.heard.append(opcode)
                continue
            a = answer(opcode, node, self.size)
            if opcode == READ and self.content:
                offset, size = struct.unpack_from('<QI', request, 48)
                a = self.content[offset:offset + size]
            elif opcode == READ and self.errors > 0:
                self.errors -= 1
                a = errno.EIO
            elif opcode in UNANSWERED:
                if opcode == READ:
                    self.asked.set()
                continue
            error, payload = (-a, b'') if isinstance(a, int) else (0, a)
            os.write(self.fd, struct.pack('<IiQ', 16 + len(payload), error, unique) + payload)

    def __exit__(self, *_):
        subprocess.run(['umount', '--force', self.directory], check=False, stderr=subprocess.DEVNULL)  # which ends what waits
        subprocess.run(['umount', '--lazy', self.directory], check=False, stderr=subprocess.DEVNULL)
        self.server.join()
        os.close(self.fd)
