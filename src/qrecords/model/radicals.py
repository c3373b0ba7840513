"""Radicals and strokes of CJK that stand for an ideograph: U+2ED3 (⻓) looks like 长; PDFs often give it instead.

Unicode's property Equivalent_Unified_Ideograph, version 14.0.0 (EquivalentUnifiedIdeograph.txt; Unicode License), but
for those NFKC knows, the Kangxi radicals among them. U+2E80 alone of the supplement has no equivalent.
"""

from __future__ import annotations

_PAIRS = (
    # CJK Radicals Supplement
    ("⺁⺂⺃⺄⺅⺆⺇⺈⺉⺊⺋⺌⺍⺎⺏⺐⺑⺒⺓⺔", "厂乛乚乙亻冂𠘨刀刂卜㔾小小兀尣尢𡯂巳幺彑"),
    ("⺕⺖⺗⺘⺙⺛⺜⺝⺞⺠⺡⺢⺣⺤⺥⺦⺧⺨⺩⺪", "彐忄心扌攵旡日月歺民氵氺灬爫爫丬牛犭王𤴔"),
    ("⺫⺬⺭⺮⺯⺰⺱⺲⺳⺴⺵⺶⺷⺸⺹⺺⺻⺼⺽⺾", "目示礻𥫗糹纟罓罒㓁冗𦉫羊𦍌𦍋耂肀聿肉𦥑艹"),
    ("⺿⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻊⻋⻌⻍⻎⻏⻐⻑⻒", "艹艹虎衤覀西见角𧢲讠贝𧾷车辶辶辶邑钅長镸"),
    ("⻓⻔⻕⻖⻗⻘⻙⻚⻛⻜⻝⻞⻟⻠⻡⻢⻣⻤⻥⻦", "长门𨸏阝雨青韦页风飞食𩙿飠饣𩠐马骨鬼鱼鸟"),
    ("⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲", "卤麦黄黾斉齐歯齿竜龙龜亀"),
    # CJK Strokes
    ("㇆㇏㇐㇑㇒㇓㇔㇕㇖㇗㇘㇙㇚㇛㇜㇝㇞㇟㇠㇡", "𠃌乀一丨丿丿丶𠃍乛𠃊𠃎𠄌亅𡿨𠃋乀𠃑乚乙𠄎"),
)
_IDEOGRAPHS = str.maketrans("".join(a for a, _ in _PAIRS), "".join(b for _, b in _PAIRS))


def as_ideographs(text: str) -> str:
    """Return text with every radical and stroke replaced by the ideograph it stands for."""
    return text if text.isascii() else text.translate(_IDEOGRAPHS)
