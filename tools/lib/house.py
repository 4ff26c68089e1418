# SPDX-License-Identifier: Apache-2.0
"""What the checks share: which files there are, and a C source as text, tokens and functions."""
import dataclasses
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__"}


def relative(path):
    return path.relative_to(ROOT).as_posix()


def all_files():
    """Every file of the tree that is or could be committed; works without git, too."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
        return sorted({path for path in paths if path.is_file()})
    found = []
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [name for name in subfolders if name not in SKIPPED_FOLDERS]
        found += [pathlib.Path(folder, name) for name in names]
    return sorted(found)


def files_in(*folders, suffixes):
    """The files with one of the suffixes in the folders; ends the check when there is none."""
    wanted = [path for path in all_files()
              if path.suffix in suffixes and relative(path).split("/")[0] in folders]
    if not wanted:
        cannot(f"no {' or '.join(suffixes)} file in {', '.join(folders)}")
    return wanted


def cannot(why):
    """A check that cannot find its input fails."""
    print(f"{pathlib.Path(sys.argv[0]).name}: {why}", file=sys.stderr)
    sys.exit(2)


def finish(problems, good_news):
    """Prints the problems and ends with the status that they deserve."""
    for problem in problems:
        print(problem)
    name = pathlib.Path(sys.argv[0]).name
    if problems:
        print(f"{name}: {len(problems)} to mend")
        sys.exit(1)
    print(f"{name}: {good_news}")
    sys.exit(0)


_NOISE = re.compile(
    r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' """, re.S | re.X)


def _blank(match):
    text = match.group(0)
    if text[0] in "\"'":
        return text[0] + re.sub(r"[^\n]", " ", text[1:-1]) + text[0]
    return re.sub(r"[^\n]", " ", text)


def code_only(text):
    """The text with comments and the insides of literals blanked; offsets and lines stay."""
    return _NOISE.sub(_blank, text)


def without_preprocessor(code):
    """Blanks preprocessor lines, continued ones too."""
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                  code, flags=re.M)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


@dataclasses.dataclass
class Function:
    name: str
    line: int
    line_count: int
    parameter_count: int
    nesting: int
    start: int
    end: int


def _matching_open(code, close):
    depth = 0
    for at in range(close, -1, -1):
        if code[at] == ")":
            depth += 1
        elif code[at] == "(":
            depth -= 1
            if depth == 0:
                return at
    return 0


def _is_block(code, brace):
    """Whether this brace opens statements, and not an initialiser or a compound literal."""
    before = code[max(0, brace - 1000):brace].rstrip()  # a condition is shorter
    if not before or before[-1] in ";{}:":
        return True
    word = re.search(r"\w+$", before)
    if word:
        return word.group(0) in ("else", "do")
    if before[-1] != ")":
        return False
    head = before[:_matching_open(before, len(before) - 1)].rstrip()
    word = re.search(r"\w+$", head)
    return bool(word) and word.group(0) not in ("return", "sizeof", "case")


def _nesting(code, start, end):
    """The deepest nesting of blocks in the body that starts at the brace `start`."""
    stack, depth, deepest = [], 0, 0
    for at in range(start + 1, end):
        if code[at] == "{":
            block = _is_block(code, at)
            stack.append(block)
            depth += block
            deepest = max(deepest, depth)
        elif code[at] == "}" and stack:
            depth -= stack.pop()
    return deepest


def _parameters(inside):
    if inside.strip() in ("", "void"):
        return 0
    depth, count = 0, 1
    for letter in inside:
        depth += (letter in "([{") - (letter in ")]}")
        count += letter == "," and depth == 0
    return count


def _signature(head):
    """(name, parameter count) of the text in front of a brace, or None if it is no function."""
    head = re.sub(r"__attribute__\s*\(\(.*?\)\)", " ", head, flags=re.S).rstrip()
    if not head.endswith(")") or re.search(r"(?<![=!<>])=(?!=)", head):
        return None
    opening = _matching_open(head, len(head) - 1)
    name = re.search(r"(\w+)\s*$", head[:opening])
    if not name:
        return None
    inside = head[opening + 1:-1]
    if name.group(1) == "TEST":
        return inside.strip(), 1
    return name.group(1), _parameters(inside)


def functions(text):
    """The functions that a C source defines."""
    code = without_preprocessor(code_only(text))
    found, depth, opened, head_start = [], 0, 0, 0
    for at, letter in enumerate(code):
        if letter == "{":
            if depth == 0:
                opened = at
            depth += 1
        elif letter == "}":
            depth = max(depth - 1, 0)
            if depth == 0:
                signature = _signature(code[head_start:opened])
                if signature:
                    first, last = line_of(code, opened), line_of(code, at)
                    found.append(Function(signature[0], first, last - first + 1, signature[1],
                                          _nesting(code, opened, at), opened, at))
                    head_start = at + 1
        elif letter == ";" and depth == 0:
            head_start = at + 1
    return found
