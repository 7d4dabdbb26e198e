"""Runs a program in a pseudo terminal of 24 lines and 80 columns and copies what it draws to standard output.

pseudoTerminal.py TEXT1 TEXT2 PROGRAM ARGUMENT...

When TEXT1 has been drawn the terminal grows to 30 by 130; when TEXT2 has been drawn after that, Ctrl-C is typed.
Ends with the program's exit code.
"""
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

first, second, *program = sys.argv[1:]


def resize(descriptor, rows, columns):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


master, slave = pty.openpty()
resize(slave, 24, 80)
child = subprocess.Popen(
    program,
    stdin=slave,
    stdout=slave,
    stderr=slave,
    start_new_session=True,
    preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
)
os.close(slave)

waiting = [(first.encode(), lambda: resize(master, 30, 130)), (second.encode(), lambda: os.write(master, b"\x03"))]
seen = b""
while True:
    try:
        drawn = os.read(master, 65536)
    except OSError:
        # Linux says so when the last program has closed the terminal.
        break
    if drawn == b"":
        break
    sys.stdout.buffer.write(drawn)
    seen += drawn
    if waiting and waiting[0][0] in seen:
        waiting.pop(0)[1]()
        seen = b""
sys.stdout.flush()
sys.exit(child.wait())
