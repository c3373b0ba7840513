"""A hash as characters people read to each other: one for each byte, so that two who look at it compare eight words.

They are characters of the Thousand Character Classic (千字文), in which none stands twice.
"""

from __future__ import annotations

CHARACTERS = (
    "天地玄黄宇宙洪荒日月盈辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜金生丽水玉出昆冈剑号巨珠称夜光果珍李菜重芥姜海咸河"
    "淡鳞潜羽翔龙师火帝鸟官人皇始制文字乃服衣裳推位让国有虞陶唐吊民周发殷汤坐朝问道垂拱平章爱育黎首臣伏一体率宾归王鸣凤在竹白驹食场化"
    "被草木赖及万方盖此身四大五常恭惟养岂敢女慕贞洁男效才良知过必改得能莫忘谈彼短己长信使可覆器欲难量墨丝染诗赞羔羊景行维贤克念作圣德"
    "建名立形端表正空谷传声虚堂习听因积福缘善庆尺璧非宝寸阴是竞资父事君曰严与敬孝当竭力忠则尽命临深履薄夙兴温似兰斯馨如松之盛川流不息"
)
READ = 8  # bytes that are read out: what a witness must at least copy from the paper


def hash_words(sha256: str) -> str:
    """Return the beginning of a hash in characters, in pairs."""
    told = "".join(CHARACTERS[byte] for byte in bytes.fromhex(sha256[: READ * 2]))
    return " ".join(told[n : n + 2] for n in range(0, READ, 2))


def in_groups(sha256: str) -> str:
    """Return a hash in groups of four, as one copies it."""
    return " ".join(sha256[n : n + 4] for n in range(0, len(sha256), 4))
