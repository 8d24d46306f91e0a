# SPDX-License-Identifier: Apache-2.0
"""What a power cut may leave of a data directory, worked out from the calls that recorder.c wrote down.

Everything the server does to the disk is in that log, SQLite's writes among them, so catalog and files are cut at the
same moment. The rules are those of test/faulty_disk.h:
  - what was synced is there: a file's bytes by a sync of it, a name by a sync of its directory, each without the other;
  - of a file's other bytes each 512-byte sector may be there or not; its size may come without them;
  - of a directory's other changes any may be there or not, those of one name in their order;
  - what a failed sync was to save is never saved by a later one, unless it is written again.
The index in shared memory (-shm) is left out: it is never synced, and SQLite makes it anew.
"""
import os
import pathlib

SECTOR = 512


class File:
    def __init__(self, content=b""):
        self.durable = bytearray(content)
        self.pending = []  # (offset, bytes) or (size, None)

    def change(self, content, offset, data, keep=lambda: True):
        if data is None:
            size = offset
            del content[size:]
            content.extend(bytes(size - len(content)))
            return
        # The size grows whether or not the sectors come.
        content.extend(bytes(max(0, offset + len(data) - len(content))))
        at = 0
        while at < len(data):
            end = min(len(data), (offset + at) // SECTOR * SECTOR + SECTOR - offset)
            if keep():
                content[offset + at:offset + end] = data[at:end]
            at = end

    def sync(self):
        for offset, data in self.pending:
            self.change(self.durable, offset, data)
        self.pending = []

    def after_cut(self, random):
        content = bytearray(self.durable)
        if random is None:
            return bytes(content)
        for offset, data in self.pending:
            share = random.choice([0, 0.5, 1])
            if data is None and random.random() >= share:
                continue
            self.change(content, offset, data, lambda: random.random() < share)
        return bytes(content)


class Directory:
    def __init__(self):
        self.durable = {}
        self.live = {}
        self.pending = []  # (name, File, Directory or None)

    def set(self, name, node):
        self.pending.append((name, node))
        if node is None:
            del self.live[name]
        else:
            self.live[name] = node

    def sync(self):
        for name, node in self.pending:
            self.durable[name] = node
        self.pending = []

    def after_cut(self, random):
        entries = dict(self.durable)
        stopped = set()
        share = random.choice([0, 0.5, 1]) if random else 0
        for name, node in self.pending if random else []:
            if random.random() >= share:
                stopped.add(name)
            if name not in stopped:
                entries[name] = node
        return {name: node for name, node in entries.items() if node is not None}


class Disk:
    """The data directory as the calls so far have left it: live, and durable."""

    def __init__(self, root):
        self.root = str(root)
        self.top = self.load(pathlib.Path(root))

    def load(self, path):
        if path.is_file():
            return File(path.read_bytes())
        directory = Directory()
        for child in path.iterdir():
            if not child.name.endswith("-shm"):
                directory.live[child.name] = self.load(child)
        directory.durable = dict(directory.live)
        return directory

    def moved(self, root):
        """The same directory, which the calls to come know by another path."""
        self.root = str(root)
        return self

    def find(self, path):
        node = self.top
        for name in pathlib.PurePath(path).relative_to(self.root).parts:
            node = node.live.get(name)
            if node is None:
                return None
        return node

    def set(self, path, node):
        self.find(os.path.dirname(path)).set(os.path.basename(path), node)

    def apply(self, call):
        path = call.path.split(" -> ")[0]
        if call.name == "send" or not path.startswith(self.root + "/") and path != self.root:
            return
        if path.endswith("-shm") or path.endswith(" (deleted)"):
            return
        node = self.find(path)
        if call.name == "sync":
            if call.errno == 0:
                node.sync()
            else:
                node.pending = []
        elif call.name == "write":
            if call.data:
                node.pending.append((call.offset, call.data))
        elif call.errno != 0:
            return
        elif call.name == "truncate":
            node.pending.append((call.offset, None))
        elif call.name == "create":
            self.set(path, File())
        elif call.name == "mkdir":
            self.set(path, Directory())
        elif call.name == "link":
            self.set(call.path.split(" -> ")[1], node)
        elif call.name == "unlink":
            self.set(path, None)
        else:
            raise AssertionError(f"the model does not know what {call} leaves")

    def write_after_cut(self, target, random):
        """One state that the disk may come back with. Without `random`: the one in which nothing came by luck."""
        contents = {}  # a file has one content, whatever its names

        def write(node, path):
            if isinstance(node, Directory):
                path.mkdir(mode=0o750)
                for name, child in sorted(node.after_cut(random).items()):
                    write(child, path / name)
                return
            if id(node) not in contents:
                contents[id(node)] = path
                path.write_bytes(node.after_cut(random))
            else:
                os.link(contents[id(node)], path)

        write(self.top, pathlib.Path(target))
