"""Names that a reader takes for one another: 王芳 and 王 芳, clerk1 and clerkl, admin and аdmin (a Cyrillic а).

Two names look alike when one of their keys is the same: width, case, blanks, accents, invisible marks, letters of other
alphabets and signs that look like an ideograph do not tell names apart (after Unicode TS 39's skeletons, for what names
here are written with: ideographs, Latin letters, digits).
"""

from __future__ import annotations

import unicodedata

from qrecords.model.radicals import as_ideographs

_PAIRS = (
    # Cyrillic
    ("АВЕЅІЈКМНОРСТУХҮԚԜѴЗӀ", "ABESIJKMHOPCTYXYQWV3I"),
    ("аеѕіјорсухһԁԛԝѵӏкүгпм", "aesijopcyxhdqwvlkyrnm"),
    # Greek
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
    ("οανρυικητχγω", "oavpuikntxyw"),
    # Armenian
    ("օսհոցՏՕՍԼ", "ouhngSOUL"),
    # Latin letters of phonetics and other languages
    ("ɑɡıɩǀʟɪʀʙɢʜɴƽꜱᴀᴄᴏᴜᴠᴡᴢᴋᴍᴛᴇᴅᴊᴘøØđĐłŁ", "agiilLIRBGHNssAcouvwzkMTEDJPoOdDlL"),
    # Cherokee, Lisu
    ("ᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷᏢᎡᏚᎢᏙᏔᏃ", "ABCDEGHiJKLMPRSTVWZ"),
    ("ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "BPDTGKJCZFMNLSRVHWXYAEIOU"),
    # Kana, Bopomofo and signs that look like ideographs
    ("ロ囗ニハエカタトーノメミチヘへ", "口口二八工力夕卜一丿乂三千八八"),
    ("ㄈㄏㄗㄚㄠㄨㄦㄧㄐㄒㄙㄎㄔㄍ", "匚厂卩丫幺乂儿一丩丅厶丂彳巜"),
    ("—–―─━‐‑−-○◯•‧∙⋅・●", "一一一一一一一一一〇〇······"),
)
_ALIKE = str.maketrans("".join(a for a, _ in _PAIRS), "".join(b for _, b in _PAIRS))
_LIKE_L, _LIKE_O = str.maketrans("I1|!", "llll"), str.maketrans("0O〇", "ooo")
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters that show nothing
_JOINED = (("rn", "m"), ("vv", "w"), ("VV", "W"))


def looks(name: str) -> frozenset[str]:
    """Return the keys of a name: folded, and as it looks in writing, small letters and capitals."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", as_ideographs(name)) if not _vanishes(c))
    same = unicodedata.normalize("NFKC", plain).translate(_ALIKE)
    folded = same.casefold()
    return frozenset({f"={folded}", *(f"~{_drawn(text)}" for text in (same, folded, same.upper()))})


def _vanishes(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) in {"Mn", "Me", "Cf", "Cc"} or char in _BLANK


def _drawn(text: str) -> str:
    for two, one in _JOINED:
        text = text.replace(two, one)
    return text.translate(_LIKE_L).translate(_LIKE_O)
