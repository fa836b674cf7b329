#!/usr/bin/python3
"""A plugin of protoc that writes plain C++ classes for messages, for where there is no libprotobuf.

The classes have the functions of protoc's own that ShadowTutor uses, under the same names and in headers of
the same names, so that the same sources compile against either. They stand on src/messages/plain_message.h,
which reads and writes Protobuf's bytes. Unlike protoc's they skip fields that they do not know instead of
keeping them.

Of proto3 they have: fields of all scalar types, enums and messages, `optional`, `oneof` of messages, and
`repeated` of strings, bytes and messages. For anything else this plugin ends with a sentence.

    protoc --plugin=protoc-gen-plain=tools/protoc_gen_plain.py --proto_path=proto --plain_out=FOLDER FILE
"""

import sys

try:
    from google.protobuf.compiler import plugin_pb2
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
except ImportError:
    sys.exit("protoc_gen_plain.py: Protobuf is missing (Debian: apt-get install python3-protobuf)")

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

# Of each scalar type: its C++ type, what kind of value it travels as, and how it is made of that and
# becomes it.
SCALARS = {
    Field.TYPE_DOUBLE: ("double", FIXED64, "BitCast<double>({})", "BitCast<uint64_t>({})"),
    Field.TYPE_FLOAT: ("float", FIXED32, "BitCast<float>({})", "BitCast<uint32_t>({})"),
    Field.TYPE_INT64: ("int64_t", VARINT, "static_cast<int64_t>({})", "static_cast<uint64_t>({})"),
    Field.TYPE_UINT64: ("uint64_t", VARINT, "{}", "{}"),
    Field.TYPE_INT32: ("int32_t", VARINT, "static_cast<int32_t>({})", "static_cast<uint64_t>({})"),
    Field.TYPE_UINT32: ("uint32_t", VARINT, "static_cast<uint32_t>({})", "{}"),
    Field.TYPE_SINT64: ("int64_t", VARINT, "UnZigZag({})", "ZigZag({})"),
    Field.TYPE_SINT32: ("int32_t", VARINT, "static_cast<int32_t>(UnZigZag(static_cast<uint32_t>({})))",
                        "static_cast<uint32_t>(ZigZag({}))"),
    Field.TYPE_FIXED64: ("uint64_t", FIXED64, "{}", "{}"),
    Field.TYPE_FIXED32: ("uint32_t", FIXED32, "{}", "{}"),
    Field.TYPE_SFIXED64: ("int64_t", FIXED64, "static_cast<int64_t>({})", "static_cast<uint64_t>({})"),
    Field.TYPE_SFIXED32: ("int32_t", FIXED32, "static_cast<int32_t>({})", "static_cast<uint32_t>({})"),
    Field.TYPE_BOOL: ("bool", VARINT, "({}) != 0", "uint64_t{{{}}}"),
    Field.TYPE_ENUM: (None, VARINT, "static_cast<{type}>({})", "static_cast<uint64_t>({})"),
}
KINDS = {VARINT: "Varint", FIXED64: "Fixed64", BYTES: "Bytes", FIXED32: "Fixed32"}


class Unsupported(Exception):
    """What the .proto file has and plain classes do not."""


def camel(name):
    return "".join(word.capitalize() for word in name.split("_"))


class PlainField:
    """A field: how it is declared, read and written."""

    def __init__(self, message, field):
        where = f"{message.name}.{field.name}"
        self.name, self.member = field.name, field.name + "_"
        self.repeated = field.label == Field.LABEL_REPEATED
        self.message = field.type == Field.TYPE_MESSAGE
        self.text = field.type in (Field.TYPE_STRING, Field.TYPE_BYTES)
        self.utf8 = field.type == Field.TYPE_STRING
        self.named = field.type_name.rsplit(".", 1)[-1]  # the message or enum
        in_oneof = field.HasField("oneof_index") and not field.proto3_optional
        self.oneof = message.oneof_decl[field.oneof_index].name if in_oneof else None
        self.optional = field.proto3_optional
        if self.message or self.text:
            self.type, self.kind = self.named if self.message else "std::string", BYTES
        elif field.type in SCALARS:
            self.type, self.kind, self.taken, self.put = SCALARS[field.type]
            self.type = self.type or self.named
        else:
            raise Unsupported(f"{where} is a group; plain classes have none")
        if self.oneof and not self.message:
            raise Unsupported(f"{where} is in a oneof and no message; plain classes have oneofs of messages only")
        if self.repeated and not (self.message or self.text):
            raise Unsupported(f"{where} is a repeated number; plain classes have repeated texts and messages only")
        self.tag = field.number << 3 | self.kind
        if self.oneof:
            others = [f.name for f in message.field if f.HasField("oneof_index") and f.oneof_index == field.oneof_index]
            self.index = others.index(field.name) + 1  # in the variant, after std::monostate
            self.member = self.oneof + "_"

    def declaration(self):
        if self.repeated:
            return f"std::vector<{self.type}> {self.member};"
        if self.message or self.optional:
            return f"std::optional<{self.type}> {self.member};"
        if self.text:
            return f"std::string {self.member};"
        return f"{self.type} {self.member} = {{}};"

    def accessors(self):
        name, member, cpp = self.name, self.member, self.type
        if self.oneof:
            return [
                f"bool has_{name}() const {{ return {member}.index() == {self.index}; }}",
                f"const {cpp}& {name}() const {{",
                f"  return has_{name}() ? *std::get_if<{self.index}>(&{member}) : {cpp}::default_instance();",
                "}",
                f"{cpp}* mutable_{name}() {{",
                f"  return has_{name}() ? std::get_if<{self.index}>(&{member}) : &{member}.emplace<{self.index}>();",
                "}",
                f"void clear_{name}() {{",
                f"  if (has_{name}()) {member} = {{}};",
                "}",
            ]
        lines = [f"void clear_{name}() {{ {member} = {{}}; }}"]
        if self.repeated:
            lines += [
                f"int {name}_size() const {{ return static_cast<int>({member}.size()); }}",
                f"const std::vector<{cpp}>& {name}() const {{ return {member}; }}",
                f"std::vector<{cpp}>* mutable_{name}() {{ return &{member}; }}",
                f"{cpp}* add_{name}() {{ return &{member}.emplace_back(); }}",
            ]
            if self.text:
                lines.append(f"void add_{name}(std::string value) {{ {member}.push_back(std::move(value)); }}")
            return lines
        if self.message or self.optional:
            lines.append(f"bool has_{name}() const {{ return {member}.has_value(); }}")
        if self.message:
            return lines + [
                f"const {cpp}& {name}() const {{ return {member} ? *{member} : {cpp}::default_instance(); }}",
                f"{cpp}* mutable_{name}() {{ return {member} ? &*{member} : &{member}.emplace(); }}",
            ]
        if not self.text:
            value = f"{member}.value_or({cpp}{{}})" if self.optional else member
            return lines + [f"{cpp} {name}() const {{ return {value}; }}",
                            f"void set_{name}({cpp} value) {{ {member} = value; }}"]
        if self.optional:
            lines += [f"const std::string& {name}() const {{ return {member} ? *{member} : empty_text(); }}",
                      f"std::string* mutable_{name}() {{ return {member} ? &*{member} : &{member}.emplace(); }}"]
        else:
            lines += [f"const std::string& {name}() const {{ return {member}; }}",
                      f"std::string* mutable_{name}() {{ return &{member}; }}"]
        return lines + [
            f"void set_{name}(std::string value) {{ {member} = std::move(value); }}",
            f"void set_{name}(const void* bytes, size_t size) {{",
            f"  {member} = std::string(static_cast<const char*>(bytes), size);",
            "}",
        ]

    def read(self):
        if self.message:
            target = "add" if self.repeated else "mutable"
            return f"from.Read(*{target}_{self.name}());"
        if self.text:
            setter = "add" if self.repeated else "set"
            return f"{setter}_{self.name}(std::string(from.{'Text' if self.utf8 else 'Bytes'}()));"
        return f"{self.member} = {self.taken.format(f'from.{KINDS[self.kind]}()', type=self.type)};"

    def write(self):
        function = "Write" if self.message else KINDS[self.kind]
        if self.repeated:
            return [f"for (const {self.type}& value : {self.member}) to.{function}({self.tag}, value);"]
        if self.message or (self.optional and self.text):
            return [f"if (has_{self.name}()) to.{function}({self.tag}, {self.name}());"]
        if self.text:
            return [f"if (!{self.member}.empty()) to.Bytes({self.tag}, {self.member});"]
        value = self.put.format(f"{self.name}()")
        present = f"has_{self.name}()" if self.optional else f"{value} != 0"
        return [f"if ({present}) to.{function}({self.tag}, {value});"]


class PlainMessage:
    """A message: its class and the two functions in the source."""

    def __init__(self, message):
        if message.nested_type or message.enum_type or message.extension_range:
            raise Unsupported(f"message {message.name} has messages, enums, maps or extensions in it; plain classes "
                              "have messages and enums beside each other only")
        self.name = message.name
        self.fields = [PlainField(message, field) for field in message.field]
        self.needs = {field.named for field in self.fields if field.message}
        self.oneofs = {}
        for field in self.fields:
            if field.oneof:
                self.oneofs.setdefault(field.oneof, []).append(field)

    def header(self):
        lines = [f"class {self.name} : public shadowtutor::messages::PlainMessage<{self.name}> {{", " public:"]
        for oneof, fields in self.oneofs.items():
            cases = [f"k{camel(field.name)} = {field.tag >> 3}" for field in fields]
            lines += [f"  enum {camel(oneof)}Case : int {{ {', '.join(cases)}, {oneof.upper()}_NOT_SET = 0 }};",
                      f"  {camel(oneof)}Case {oneof}_case() const {{",
                      f"    constexpr {camel(oneof)}Case kCases[] = {{",
                      f"        {', '.join([f'{oneof.upper()}_NOT_SET'] + [f'k{camel(f.name)}' for f in fields])}}};",
                      f"    return kCases[{oneof}_.index()];",
                      "  }",
                      f"  void clear_{oneof}() {{ {oneof}_ = {{}}; }}", ""]
        for field in self.fields:
            lines += ["  " + line for line in field.accessors()] + [""]
        lines += ["  void Merge(shadowtutor::messages::WireReader& from);", "  void Write(shadowtutor::messages::WireWriter& to) const;"]
        members = [f"std::variant<std::monostate, {', '.join(f.type for f in fields)}> {oneof}_;"
                   for oneof, fields in self.oneofs.items()]
        members += [field.declaration() for field in self.fields if not field.oneof]
        if members:
            lines += ["", " private:"] + ["  " + member for member in members]
        return lines + ["};", ""]

    def source(self):
        lines = [f"void {self.name}::Merge(shadowtutor::messages::WireReader& from) {{", "  while (from.Next()) {",
                 "    switch (from.tag()) {"]
        for field in self.fields:
            lines += [f"      case {field.tag}:", f"        {field.read()}", "        break;"]
        lines += ["      default:", "        from.Skip();", "    }", "  }", "}", "",
                  f"void {self.name}::Write([[maybe_unused]] shadowtutor::messages::WireWriter& to) const {{"]
        for field in sorted(self.fields, key=lambda field: field.tag):
            lines += ["  " + line for line in field.write()]
        return lines + ["}", ""]


def in_order(messages):
    """The messages, each after those that it holds."""
    placed, result, waiting = set(), [], list(messages)
    while waiting:
        ready = [message for message in waiting if message.needs <= placed]
        if not ready:
            names = ", ".join(sorted(message.name for message in waiting))
            raise Unsupported(f"messages hold themselves, or one of another file ({names}); plain classes cannot")
        result += ready
        placed |= {message.name for message in ready}
        waiting = [message for message in waiting if message not in ready]
    return result


def files_of(proto):
    """Yields the name and the text of the header and of the source."""
    if proto.syntax != "proto3" or proto.dependency or proto.extension:
        raise Unsupported(f"{proto.name} is not proto3, imports other files or has extensions; plain classes need proto3 "
                          "in one file")
    messages = in_order([PlainMessage(message) for message in proto.message_type])
    base = proto.name.removesuffix(".proto") + ".pb"
    guard = "".join(c if c.isalnum() else "_" for c in base).upper() + "_H_"
    begin = [f"namespace {proto.package.replace('.', '::')} {{",
             # Beside protoc's own classes in one program, these are others.
             "inline namespace plain {", ""]
    end = ["}  // namespace plain", f"}}  // namespace {proto.package.replace('.', '::')}"]
    head = [f"// Written by tools/protoc_gen_plain.py from {proto.name}; edit that."]
    lines = head + [f"#ifndef {guard}", f"#define {guard}", ""]
    lines += [f"#include <{name}>" for name in ("cstddef", "cstdint", "optional", "string", "utility", "variant", "vector")]
    lines += ["", '#include "messages/plain_message.h"', ""] + begin
    for enum in proto.enum_type:
        lines += [f"enum {enum.name} : int {{"] + [f"  {v.name} = {v.number}," for v in enum.value] + ["};", ""]
    for message in messages:
        lines += message.header()
    yield base + ".h", "\n".join(lines + end + ["", f"#endif  // {guard}", ""])
    lines = head + [f'#include "{base}.h"', "", '#include "core/bit_cast.h"', ""] + begin
    lines += ["using shadowtutor::messages::UnZigZag;", "using shadowtutor::messages::ZigZag;", "using shadowtutor::BitCast;", ""]
    for message in messages:
        lines += message.source()
    yield base + ".cc", "\n".join(lines + end + [""])


def main():
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = plugin_pb2.CodeGeneratorResponse()
    response.supported_features = plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    try:
        for proto in request.proto_file:
            if proto.name in request.file_to_generate:
                for name, text in files_of(proto):
                    response.file.add(name=name, content=text)
    except Unsupported as error:
        del response.file[:]
        response.error = f"protoc_gen_plain.py: {error}"
    sys.stdout.buffer.write(response.SerializeToString())


if __name__ == "__main__":
    main()
