"""XML in any encoding that it declares."""

from __future__ import annotations

import codecs
import re
from xml.etree import ElementTree

_DECLARED = re.compile(rb"""\s*<\?xml[^>]{1,200}?encoding\s*=\s*["']([A-Za-z][\w.:-]{0,39})["']""")
# Python's names for encodings of several bytes, which the XML parser does not know by itself.
# Files that declare GB 2312 often have characters of its successors.
_DECODED = {
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "hz": "hz", "big5": "big5hkscs",
    "big5hkscs": "big5hkscs", "cp950": "cp950", "shift_jis": "cp932", "cp932": "cp932",
    "euc_jp": "euc_jp", "iso2022_jp": "iso2022_jp", "euc_kr": "cp949", "cp949": "cp949",
    "johab": "johab",
}  # fmt: skip
_ALIASES = {"x-gbk": "gbk", "windows-936": "gbk", "gb_2312-80": "gbk", "windows-31j": "cp932"}


def parse_xml(data: bytes) -> ElementTree.Element:
    """The root of an XML file.

    Raises ``ElementTree.ParseError``, ``ValueError`` or ``LookupError`` where the file is damaged
    or in an unknown encoding.
    """
    if declared := _DECLARED.match(data):
        name = declared[1].decode().lower()
        if decoded := _DECODED.get(codecs.lookup(_ALIASES.get(name, name)).name):
            return ElementTree.fromstring(data.decode(decoded))
    return ElementTree.fromstring(data)
