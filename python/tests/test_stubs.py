"""The stub file has the names and arguments of the module, and nothing else."""

import ast
import pathlib
import re

import shadowtutor as st
from shadowtutor import _core

STUBS = ast.parse((pathlib.Path(st.__file__).parent / "_core.pyi").read_text())


def stubbed(body):
    return {
        node.name: node
        for node in body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name != "_Link"
    }


def arguments_of_stub(node):
    names = [a.arg for a in node.args.args + node.args.kwonlyargs]
    return [name for name in names if name != "self"]


def arguments_of_module(function):
    head = function.__doc__.split("\n")[0]
    inside = head[head.index("(") + 1 : head.rindex(") ->")]
    return [name for name in re.findall(r"(?:^|, )(\w+):", inside) if name != "self"]


def test_the_stubs_are_the_modules():
    stubs = stubbed(STUBS.body)
    public = {name for name in vars(_core) if not name.startswith("_")}
    assert public == set(stubs)
    for name, node in stubs.items():
        made = getattr(_core, name)
        if isinstance(node, ast.FunctionDef):
            assert arguments_of_stub(node) == arguments_of_module(made), name
            continue
        members = stubbed(node.body)
        expected = {member for member in vars(made) if not member.startswith("_")}
        assert {member for member in members if not member.startswith("_")} == expected, name
        for member, stub in members.items():
            if isinstance(vars(made).get(member), property) or member == "__exit__":
                continue
            assert arguments_of_stub(stub) == arguments_of_module(getattr(made, member)), (name, member)


def test_everything_public_is_explained():
    for name in st.__all__:
        made = getattr(st, name)
        assert name == "__version__" or made.__doc__.strip(), name
        if isinstance(made, type) and made.__module__.endswith("_core"):
            for member, value in vars(made).items():
                if not member.startswith("_"):
                    assert value.__doc__.strip() if isinstance(value, property) else getattr(made, member).__doc__, (name, member)
