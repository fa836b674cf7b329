"""The types in _core.pyi are those of the module: every name and argument, and no other."""

import ast
import pathlib
import re

import shadowtutor as st
from shadowtutor import _core

TYPES = ast.parse((pathlib.Path(st.__file__).parent / "_core.pyi").read_text())


def declared(body):
    return {
        node.name: node
        for node in body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name != "_Link"
    }


def declared_arguments(node):
    names = [a.arg for a in node.args.args + node.args.kwonlyargs]
    return [name for name in names if name != "self"]


def documented_arguments(function):
    head = function.__doc__.split("\n")[0]
    inside = head[head.index("(") + 1 : head.rindex(") ->")]
    return [name for name in re.findall(r"(?:^|, )(\w+):", inside) if name != "self"]


def test_the_types_are_the_modules():
    types = declared(TYPES.body)
    public = {name for name in vars(_core) if not name.startswith("_")}
    assert public == set(types)
    for name, node in types.items():
        made = getattr(_core, name)
        if isinstance(node, ast.FunctionDef):
            assert declared_arguments(node) == documented_arguments(made), name
            continue
        members = declared(node.body)
        expected = {member for member in vars(made) if not member.startswith("_")}
        assert {member for member in members if not member.startswith("_")} == expected, name
        for member, declaration in members.items():
            if isinstance(vars(made).get(member), property) or member == "__exit__":
                continue
            arguments = documented_arguments(getattr(made, member))
            assert declared_arguments(declaration) == arguments, (name, member)


def test_everything_public_is_explained():
    for name in st.__all__:
        made = getattr(st, name)
        assert name == "__version__" or made.__doc__.strip(), name
        if isinstance(made, type) and made.__module__.endswith("_core"):
            for member, value in vars(made).items():
                if not member.startswith("_"):
                    assert value.__doc__.strip() if isinstance(value, property) else getattr(made, member).__doc__, (name, member)
