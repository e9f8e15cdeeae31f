#!/usr/bin/python3
"""Writes manual pages from what programs say about themselves with --experimental-dump-help.

    tools/packaging/man.py --out FOLDER PROGRAM...    one page for each command and each of its subcommands, below
                                                      FOLDER/man1, and FOLDER/zh_CN/man1 where it speaks Chinese

They are made when the packages are, so that no page can differ from its program; each is then set by groff, and read back:
exit status 1 when groff warns, or when a command, an option or an exit status of the program is not on the page.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

LANGUAGES = {"": "C.UTF-8", "zh_CN": "zh_CN.UTF-8"}
TITLES = {
    "": {"name": "NAME", "synopsis": "SYNOPSIS", "description": "DESCRIPTION", "options": "OPTIONS", "commands": "COMMANDS",
         "status": "EXIT STATUS", "also": "SEE ALSO", "default": "default", "values": "one of"},
    "zh_CN": {"name": "名称", "synopsis": "概要", "description": "描述", "options": "选项", "commands": "命令",
              "status": "退出状态", "also": "参见", "default": "默认", "values": "可取"},
}
STATUS = re.compile(r"^(Exit status|退出状态|退出码)\s*[:：]\s*")


def dump(program, language):
    """What a program says of its commands, in one language."""
    environment = dict(os.environ, LANG=language, LC_ALL=language, LANGUAGE="")
    done = subprocess.run(
        [program, "--experimental-dump-help"], env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["command"]


def commands(command, before=()):
    """A command and all below it that people are shown, each with its words."""
    words = (*before, command["commandName"])
    yield words, command
    for inner in shown_below(command):
        yield from commands(inner, words)


def shown_below(command):
    inner = command.get("subcommands") or []
    return [each for each in inner if each["commandName"] != "help" and each.get("shouldDisplay", True)]


def shown(command):
    return [argument for argument in command.get("arguments") or [] if argument.get("shouldDisplay", True)]


def escape(text):
    """Text as groff takes it: no escapes of its own, no line that looks like a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return "\n".join("\\&" + line if line.startswith((".", "\\(aq")) else line for line in text.split("\n"))


def spelled(name):
    return ("--" if name["kind"] == "long" else "-") + name["name"]


def value(argument):
    return f"\\fI{escape(argument.get('valueName') or 'value')}\\fR"


def usage(argument):
    if argument["kind"] == "positional":
        text = value(argument)
    else:
        text = f"\\fB{escape(spelled(argument['preferredName']))}\\fR"
        if argument["kind"] == "option":
            text += " " + value(argument)
    if argument.get("isRepeating"):
        text += " ..."
    return f"[{text}]" if argument.get("isOptional") else text


def heading(argument):
    if argument["kind"] == "positional":
        return value(argument)
    names = ", ".join(f"\\fB{escape(spelled(name))}\\fR" for name in argument["names"])
    return names + (" " + value(argument) if argument["kind"] == "option" else "")


def paragraphs(text):
    """The paragraphs of a text, each with whether it is to be left as it is: an example, a list, a table."""
    for block in re.split(r"\n\s*\n", (text or "").strip("\n")):
        lines = block.split("\n")
        # A line that leads to an example stands right before it.
        while lines and lines[0] and not lines[0].startswith("  "):
            plain = []
            while lines and not lines[0].startswith("  "):
                plain.append(lines.pop(0))
            yield "\n".join(plain), False
        if any(lines):
            yield "\n".join(lines), True


def prose(blocks):
    for text, is_literal in blocks:
        if is_literal:
            yield f".PP\n.nf\n{escape(text)}\n.fi\n"
        else:
            yield f".PP\n{escape(text)}\n"


def split_status(text):
    """The paragraphs of a discussion, and those of them that tell the exit status, without their title."""
    rest, status = [], []
    for paragraph, is_literal in paragraphs(text):
        if STATUS.match(paragraph) or (status and is_literal):
            status.append((STATUS.sub("", paragraph), is_literal))
        else:
            rest.append((paragraph, is_literal))
    return rest, [pair for pair in status if pair[0]]


def explanation(argument, titles):
    parts = [argument.get("abstract") or "", argument.get("discussion") or ""]
    if argument.get("allValues"):
        parts.append(f"({titles['values']}: {', '.join(argument['allValues'])})")
    if argument.get("defaultValue") and argument["kind"] != "flag":
        parts.append(f"({titles['default']}: {argument['defaultValue']})")
    return " ".join(part for part in parts if part)


def page(words, command, language, release):
    """One page, as groff's man macros have it."""
    titles, name = TITLES[language], "-".join(words)
    rest, status = split_status(command.get("discussion"))
    arguments = shown(command)
    below = shown_below(command)
    yield f'.TH {escape(name.upper())} 1 "" "Yika {release}" "Yika"\n'
    yield f".SH {titles['name']}\n{escape(name)} \\- {escape(command.get('abstract') or name)}\n"
    yield f".SH {titles['synopsis']}\n\\fB{escape(' '.join(words))}\\fR\n"
    yield "".join(usage(argument) + "\n" for argument in arguments)
    if below:
        yield f"\\fI{'子命令' if language else 'subcommand'}\\fR\n"
    if rest:
        yield f".SH {titles['description']}\n"
        yield from prose(rest)
    if arguments:
        yield f".SH {titles['options']}\n"
        for argument in arguments:
            yield f".TP\n{heading(argument)}\n{escape(explanation(argument, titles)) or chr(92) + '&'}\n"
    if below:
        yield f".SH {titles['commands']}\n"
        for inner in below:
            yield f".TP\n\\fB{escape(name + '-' + inner['commandName'])}\\fR(1)\n{escape(inner.get('abstract') or '')}\n"
    if status:
        yield f".SH {titles['status']}\n"
        yield from prose(status)
    also = ["-".join(words[:-1])] if len(words) > 1 else []
    also += [f"{name}-{inner['commandName']}" for inner in below]
    yield f".SH {titles['also']}\n"
    yield ", ".join([f"\\fB{escape(other)}\\fR(1)" for other in also] + ["\\fByikad\\fR(8)"]) + "\n"


def faults(path, words, command):
    """What is wrong with a page that was written: what groff says of it, and what is missing on it."""
    done = subprocess.run(
        ["groff", "-man", "-ww", "-rLL=400n", "-Kutf8", "-Tutf8", "-P-c", path], capture_output=True, text=True)
    for line in done.stderr.splitlines():
        yield f"{path}: {line}"
    # Nothing is broken into lines at this width but what was; a minus may be set as any of these.
    text = re.sub(r"[‐−]", "-", re.sub(r".\x08", "", done.stdout))
    # The synopsis has each option's first name; all of them, and what they do, are in a section of their own.
    sections = re.split(r"(?m)^(?=\S)", text)
    options = "".join(part for part in sections if part.split("\n")[0] in {each["options"] for each in TITLES.values()})
    for argument in shown(command):
        for name in [spelled(name) for name in argument.get("names") or []]:
            if not re.search(rf"(?m)^ +(\S+, )*{name}(,| |$)", options):
                yield f"{path}: {name} is not among the options"
    wanted = ["-".join(words) + "-" + inner["commandName"] for inner in shown_below(command)]
    wanted += [word for word in (command.get("discussion") or "").split() if word.startswith("--")]
    for word in wanted:
        if word not in text:
            yield f"{path}: {word} is missing"
    if STATUS.search(command.get("discussion") or "") and not re.search(r"^(EXIT STATUS|退出状态)$", text, re.MULTILINE):
        yield f"{path}: the exit status is missing"


def write(program, out, release):
    """All pages of a program; how many there are, and what is wrong with them."""
    count, wrong, english = 0, [], None
    for language, locale in LANGUAGES.items():
        told = dump(program, locale)
        if told == english:
            # It has no words of that language.
            continue
        english = english or told
        folder = out / language / "man1"
        folder.mkdir(parents=True, exist_ok=True)
        for words, command in commands(told):
            path = folder / ("-".join(words) + ".1")
            path.write_text("".join(page(words, command, language, release)), encoding="utf-8")
            wrong += faults(path, words, command)
            count += 1
    return count, wrong


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--release", default="", help="the version that the pages name")
    parser.add_argument("programs", nargs="+", type=pathlib.Path)
    chosen = parser.parse_args()
    count, wrong = 0, []
    for program in chosen.programs:
        made, faulty = write(program.absolute(), chosen.out, chosen.release)
        count += made
        wrong += faulty
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"man: {count} pages, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
