#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""stmboot-virtual from outside: terminal, signals, control FIFO, files, faults, bad usage."""

import os
import select
import signal
import stat
import subprocess
import sys
import tempfile
import termios
import time
import tty
import unittest

VIRTUAL = os.path.abspath(sys.argv.pop(1))
PATIENCE = 10  # seconds; only a failure takes so long


class Client:
    """A program that has the terminal open."""

    def __init__(self, path, speed=termios.B115200):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        settings = termios.tcgetattr(self.fd)
        settings[4] = settings[5] = speed
        termios.tcsetattr(self.fd, termios.TCSANOW, settings)

    def talk(self, data, size):
        os.write(self.fd, data)
        return self.read(size)

    def read(self, size, patience=PATIENCE):
        answer = b""
        end = time.monotonic() + patience
        while len(answer) < size:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                break
            answer += os.read(self.fd, size - len(answer))
        return answer

    def close(self):
        os.close(self.fd)


class Server:
    def __init__(self, directory, *arguments):
        self.link = os.path.join(directory, "tty")
        self.process = subprocess.Popen([VIRTUAL, f"--pty={self.link}", *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.path = self.process.stdout.readline().strip()
        self.clients = []

    def wait_for(self, text):
        for line in self.process.stderr:
            if text in line:
                return
        raise AssertionError(f"never said: {text}")

    def client(self, *arguments):
        self.clients.append(Client(self.link, *arguments))
        return self.clients[-1]

    def end(self):
        for client in self.clients:
            client.close()
        self.clients = []
        self.process.send_signal(signal.SIGTERM)  # nothing to one that has ended
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.wait(PATIENCE)


class Pty(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def serve(self, *arguments):
        server = Server(self.directory.name, *arguments)
        self.addCleanup(server.end)
        server.wait_for("in the ROM")
        return server

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def test_terminal_is_raw_before_a_client_comes(self):
        server = self.serve("STM32G431")
        self.assertEqual(os.path.realpath(server.link), server.path)
        fd = os.open(server.path, os.O_RDWR | os.O_NOCTTY)
        flags = termios.tcgetattr(fd)[tty.LFLAG]
        os.close(fd)
        self.assertEqual(flags & (termios.ECHO | termios.ICANON), 0)

    def test_session_outlives_a_client(self):
        server = self.serve("STM32G431")
        first = Client(server.link)
        self.assertEqual(first.talk(b"\x7f", 1), b"\x79")
        first.close()
        self.assertEqual(server.client().talk(b"\x02\xfd", 5), b"\x79\x01\x04\x68\x79")

    def test_rate_of_the_client_is_the_rate_of_the_wire(self):
        server = self.serve("STM32G431")
        client = server.client(termios.B57600)
        self.assertEqual(client.talk(b"\x7f", 1), b"\x79")
        self.assertEqual(client.talk(b"\x02\xfd", 5), b"\x79\x01\x04\x68\x79")
        faster = server.client(termios.B115200)
        os.write(faster.fd, b"\x02\xfd")
        self.assertNotIn(b"\x79", faster.read(5, 0.3))

    def test_fixed_rate_takes_longer(self):
        times = []
        for rate in ("--baud=9600", "--no-wire-time"):
            server = self.serve(rate, "STM32G431")
            client = server.client()
            self.assertEqual(client.talk(b"\x7f", 1), b"\x79")
            self.assertEqual(client.talk(b"\x11\xee", 1), b"\x79")
            self.assertEqual(client.talk(b"\x08\0\0\0\x08", 1), b"\x79")
            start = time.monotonic()
            self.assertEqual(client.talk(b"\xff\0", 257), b"\x79" + b"\xff" * 256)
            times.append(time.monotonic() - start)
            server.end()
        self.assertGreater(times[0], times[1])

    def test_wire_starts_when_the_client_wrote(self):
        """An answer that is there before the wire could have brought it, had it started late."""
        wire = 7 * 11 / 1200
        for tells, earlier in (("when", True), ("a time to come", False), ("nothing", False)):
            with open(self.path("clock"), "wb") as file:
                file.write(bytes(8))
            server = self.serve("--baud=1200", f"--client-clock={self.path('clock')}", "STM32G431")
            client = server.client()
            self.assertEqual(client.talk(b"\x7f", 1), b"\x79")
            times = []
            for _ in range(5):
                written = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
                time.sleep(wire)
                if tells == "a time to come":
                    written += 10 ** 12
                if tells != "nothing" or not times:
                    with open(self.path("clock"), "r+b") as file:
                        file.write(written.to_bytes(8, sys.byteorder))
                start = time.monotonic()
                self.assertEqual(client.talk(b"\x02\xfd", 5), b"\x79\x01\x04\x68\x79")
                times.append(time.monotonic() - start)
            if earlier:
                self.assertLess(min(times), wire)
            else:
                self.assertGreaterEqual(min(times[1:]), wire)
            server.end()

    def test_signals(self):
        server = self.serve("STM32G431")
        client = server.client()
        self.assertEqual(client.talk(b"\x7f", 1), b"\x79")
        server.process.send_signal(signal.SIGUSR1)
        server.wait_for("in reset")
        server.wait_for("in the ROM")
        self.assertEqual(client.talk(b"\x7f", 1), b"\x79")
        server.process.send_signal(signal.SIGUSR2)
        server.process.send_signal(signal.SIGUSR1)
        server.wait_for("hung")

    def test_control(self):
        fifo = self.path("control")
        server = self.serve(f"--control={fifo}", "STM32G431")
        self.assertTrue(stat.S_ISFIFO(os.stat(fifo).st_mode))

        def say(*lines):
            with open(fifo, "w", encoding="ascii") as file:
                file.write("".join(line + "\n" for line in lines))

        client = server.client()
        self.assertEqual(client.talk(b"\x7f", 1), b"\x79")
        say("fault=nack@0")
        time.sleep(0.1)
        self.assertEqual(client.talk(b"\x02\xfd", 1), b"\x1f")
        say("power=0")
        server.wait_for("off")
        say("power=1")
        server.wait_for("in the ROM")
        say("reset=1")
        server.wait_for("in reset")
        say("boot0=0", "reset=0")
        server.wait_for("hung")
        say("nonsense", "reset", "reset=2", "fault=nack", "x" * 1000)
        server.wait_for('"nonsense" is not understood')
        server.wait_for('"fault=nack" is not understood')
        self.assertEqual(server.end(), 0)
        self.assertFalse(os.path.exists(fifo))
        self.assertFalse(os.path.lexists(server.link))

    def test_parity(self):
        fifo = self.path("control")
        server = self.serve(f"--control={fifo}", "STM32G431")
        with open(fifo, "w", encoding="ascii") as file:
            file.write("parity=none\n")
        time.sleep(0.1)
        client = server.client()
        self.assertEqual(client.talk(b"\x7f", 1), b"\x79")
        os.write(client.fd, b"\x00\xff")
        self.assertNotIn(b"\x79", client.read(15, 0.3))

    def test_file_too_short_for_a_clock(self):
        with open(self.path("clock"), "wb") as file:
            file.write(bytes(7))
        result = subprocess.run([VIRTUAL, f"--client-clock={self.path('clock')}", "g4"],
                                capture_output=True, text=True, check=False, timeout=PATIENCE)
        self.assertEqual(result.returncode, 1)
        self.assertIn("clock: Invalid argument", result.stderr)

    def test_faults_given_at_the_start(self):
        server = self.serve("--fault=nack@0", "--fault=flip-to-host@1:0", "STM32G431")
        client = server.client()
        self.assertEqual(client.talk(b"\x7f", 1), b"\x79")
        self.assertEqual(client.talk(b"\x02\xfd", 1), b"\x1e")
        self.assertEqual(client.talk(b"\x02\xfd", 5), b"\x79\x01\x04\x68\x79")

    def test_image_and_dump(self):
        image = bytes(range(256)) * 16
        with open(self.path("image"), "wb") as file:
            file.write(image)
        server = self.serve(f"--image={self.path('image')}", f"--dump={self.path('dump')}",
                            "--flash-size=64K", "0x410")
        self.assertEqual(server.end(), 0)
        with open(self.path("dump"), "rb") as file:
            self.assertEqual(file.read(), image + b"\xff" * (65536 - len(image)))

    def test_link_replaces_nothing_but_a_link(self):
        link = self.path("tty")
        with open(link, "w", encoding="ascii") as file:
            file.write("precious")
        result = subprocess.run([VIRTUAL, f"--pty={link}", "F405"], capture_output=True,
                                text=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("File exists", result.stderr)
        with open(link, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")

    def test_usage(self):
        def run(*arguments):
            return subprocess.run([VIRTUAL, *arguments], capture_output=True, text=True,
                                  check=False, timeout=PATIENCE)

        for arguments in ((), ("F405", "F103"), ("nothing",), ("--baud=fast", "F405"),
                          ("--fault=nack", "F405"), ("--fault=boom@1", "F405"),
                          ("--fault=nack@", "F405"), ("--fault=@1", "F405"),
                          ("--fault=nack@1:", "F405"), ("--boot0=up", "F405"),
                          ("--timing=slow", "F405"), ("--parity=odd", "F405"),
                          ("--flash-size=12345", "F405"), ("--flash-size=8G", "F405"),
                          ("--image=/nonexistent", "F405"), ("--nonsense", "F405"),
                          ("--control=/nonexistent/fifo", "F405"), ("0x486",)):
            result = run(*arguments)
            self.assertEqual(result.returncode, 1, arguments)
            self.assertNotEqual(result.stderr, "", arguments)
        for arguments, text in ((("--help",), "SIGUSR1"), (("--list",), "0x413"),
                                (("--version",), "stmboot-virtual")):
            result = run(*arguments)
            self.assertEqual(result.returncode, 0)
            self.assertIn(text, result.stdout)
            self.assertEqual(result.stderr, "")
        self.assertLess(max(map(len, run("--help").stdout.splitlines())), 80)


if __name__ == "__main__":
    unittest.main()
