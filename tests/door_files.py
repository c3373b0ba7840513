"""Files as they may be brought to the door: harmless ones, and one for each way a file can act by itself."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
import openpyxl
import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image

OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
TYPES, WORD, BOOK = "[Content_Types].xml", "word/document.xml", "xl/workbook.xml"
WORD_RELS, BOOK_RELS = "word/_rels/document.xml.rels", "xl/_rels/workbook.xml.rels"
OFFICE_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def alert() -> Dictionary:
    """Return an action that runs a script."""
    return Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


def pdf(change: Callable[[Pdf], object] = lambda made: None, **how: object) -> bytes:
    """Return a page with a picture on it, changed."""
    drawn, out = BytesIO(), BytesIO()
    Image.linear_gradient("L").resize((300, 400)).save(drawn, "PDF")
    with pikepdf.open(drawn) as made:
        change(made)
        made.save(out, **how)  # type: ignore[arg-type]
    return out.getvalue()


def annotated(**entries: object) -> bytes:
    """Return a page with one annotation."""

    def change(made: Pdf) -> None:
        note = Dictionary(Type=Name.Annot, Rect=Array([9, 9, 99, 99]), **entries)
        made.pages[0].obj.Annots = Array([made.make_indirect(note)])

    return pdf(change)


def linked(**action: object) -> bytes:
    """Return a page with a link that does something."""
    return annotated(Subtype=Name.Link, A=Dictionary(**action))


def in_root(**entries: object) -> bytes:
    def change(made: Pdf) -> None:
        for key, value in entries.items():
            made.Root[f"/{key}"] = made.make_indirect(value)

    return pdf(change)


def attached(made: Pdf) -> None:
    made.attachments["x.txt"] = b"x"


def file_note(made: Pdf) -> None:
    stream = made.make_stream(b"x", Type=Name.EmbeddedFile)
    spec = Dictionary(Type=Name.Filespec, F=String("x"), EF=Dictionary(F=stream))
    made.pages[0].obj.Annots = Array([made.make_indirect(Dictionary(Subtype=Name.FileAttachment, FS=spec))])


def oddly_named(made: Pdf) -> None:
    """Name resources and texts as actions are called."""
    page = made.pages[0].obj
    font = made.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    page.Resources.Font = Dictionary(JS=font, AA=font, JavaScript_=font)
    made.docinfo["/Title"] = String("/S /JavaScript /Launch /EmbeddedFiles")
    made.docinfo["/Keywords"] = String("5 0 obj")


def external_stream(made: Pdf) -> None:
    made.pages[0].obj.Extra = made.make_stream(b"", F=String("outside.bin"))


def superseded() -> bytes:
    """Return a file whose newer part replaces an object that acts: a viewer that mends it may find the older."""
    data = pdf()
    return data + b"\n77 0 obj\n<</S/JavaScript/JS(app.alert\\(1\\))>>\nendobj\n77 0 obj\nnull\nendobj\n%%EOF\n"


def appended() -> bytes:
    """Return a file with an incremental update that puts a script in."""
    data = pdf()
    with pikepdf.open(BytesIO(data)) as made:
        root, size, pages = made.Root.objgen[0], int(made.trailer.Size), made.Root.Pages.objgen[0]
    before = data[data.rindex(b"startxref") + 9 :].split()[0]
    head = b"\n%d 0 obj\n" % root
    added = head + b"<</Type/Catalog/Pages %d 0 R/OpenAction<</S/Java#53cript/JS(x)>>>>\nendobj\n" % pages
    table = len(data) + len(added)
    xref = b"xref\n%d 1\n%010d 00000 n \n" % (root, len(data) + 1)
    trailer = b"trailer\n<</Size %d/Root %d 0 R/Prev %s>>\nstartxref\n%d\n%%%%EOF\n" % (size, root, before, table)
    return data + added + xref + trailer


def escaped() -> bytes:
    return pdf(lambda made: made.Root.__setitem__("/OpenAction", alert())).replace(b"/JavaScript", b"/J#61vaScrip#74")


def picture(kind: str) -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").save(out, kind)
    return out.getvalue()


def word(changes: dict[str, bytes | Callable[[bytes], bytes]] | None = None, *, source: bytes = b"") -> bytes:
    """Return a Word file with parts added or changed."""
    if not source:
        made, out = docx.Document(), BytesIO()
        made.add_paragraph("示例")
        made.save(out)
        source = out.getvalue()
    return repacked(source, changes or {})


def book(changes: dict[str, bytes | Callable[[bytes], bytes]] | None = None, formula: str = "=1+1") -> bytes:
    made, out = openpyxl.Workbook(), BytesIO()
    made.active["A1"] = formula
    made.save(out)
    return repacked(out.getvalue(), changes or {})


def repacked(source: bytes, changes: dict[str, bytes | Callable[[bytes], bytes]]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(source)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        parts = {name: old.read(name) for name in old.namelist()}
        for name, change in changes.items():
            parts[name] = change if isinstance(change, bytes) else change(parts[name])
        for name, data in parts.items():
            new.writestr(name, data)
    return out.getvalue()


def related(kind: str, target: str, *, outside: bool = True) -> Callable[[bytes], bytes]:
    """Return what adds a relationship."""
    mode = ' TargetMode="External"' if outside else ""
    relation = f'<Relationship Id="rId900" Type="{OFFICE_RELATION}/{kind}" Target="{target}"{mode}/>'
    return lambda old: old.replace(b"</Relationships>", relation.encode() + b"</Relationships>")


def typed(content_type: str) -> Callable[[bytes], bytes]:
    entry = f'<Override PartName="/word/extra.xml" ContentType="{content_type}"/>'.encode()
    return lambda old: old.replace(b"</Types>", entry + b"</Types>")


def in_body(xml: str) -> dict[str, bytes | Callable[[bytes], bytes]]:
    return {WORD: lambda old: old.replace(b"<w:sectPr", xml.encode() + b"<w:sectPr", 1)}


def with_field(*pieces: str) -> dict[str, bytes | Callable[[bytes], bytes]]:
    """Return a field whose instruction is written in these pieces."""
    runs = "".join(f"<w:r><w:instrText>{piece}</w:instrText></w:r>" for piece in pieces)
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    return in_body(f"<w:p>{mark.format('begin')}{runs}{mark.format('end')}</w:p>")


def _put_together() -> dict[str, bytes | Callable[[bytes], bytes]]:
    begin, end = ('<w:r><w:fldChar w:fldCharType="' + kind + '"/></w:r>' for kind in ("begin", "end"))
    quoted = f"{begin}<w:r><w:instrText>QUOTE 68 68 69</w:instrText></w:r>{end}"
    return in_body(f"<w:p>{begin}{quoted}<w:r><w:instrText> c:\\x</w:instrText></w:r>{end}</w:p>")


HARMLESS: dict[str, Callable[[], bytes]] = {
    "plain.pdf": pdf,
    "address.pdf": lambda: linked(S=Name.URI, URI=String("https://example.invalid/docs/JavaScript")),
    "words.pdf": lambda: pdf(oddly_named),
    "packed.pdf": lambda: pdf(oddly_named, object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "goes-to-page.pdf": lambda: in_root(OpenAction=Dictionary(S=Name.GoTo, D=Array([0, Name.Fit]))),
    "next-page.pdf": lambda: linked(S=Name.Named, N=Name.NextPage),
    "picture.png": lambda: picture("PNG"),
    "picture.jpg": lambda: picture("JPEG"),
    "picture.tif": lambda: picture("TIFF"),
    "plain.docx": word,
    "link.docx": lambda: word({WORD_RELS: related("hyperlink", "https://example.invalid/")}),
    "page-number.docx": lambda: word(with_field(" PAGE ")),
    "says-dde.docx": lambda: word(in_body("<w:p><w:r><w:t>DDEAUTO 与 INCLUDETEXT</w:t></w:r></w:p>")),
    "plain.xlsx": book,
    "says-webservice.xlsx": lambda: book(formula='="WEBSERVICE(1)"'),
}

ACTING: dict[str, tuple[Callable[[], bytes], str]] = {
    "open-script.pdf": (lambda: in_root(OpenAction=alert()), "脚本"),
    "named-script.pdf": (
        lambda: in_root(Names=Dictionary(JavaScript=Dictionary(Names=Array([String("a"), alert()])))), "脚本"
    ),
    "packed-script.pdf": (
        lambda: pdf(
            lambda made: made.Root.__setitem__("/OpenAction", made.make_indirect(alert())),
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        ), "脚本"
    ),
    "escaped-script.pdf": (escaped, "脚本"),
    "updated-script.pdf": (appended, "脚本"),
    "superseded-script.pdf": (superseded, "脚本"),
    "page-action.pdf": (
        lambda: pdf(
            lambda made: made.pages[0].obj.__setitem__(
                "/AA", Dictionary(O=Dictionary(S=Name.URI, URI=String("https://example.invalid")))
            )
        ), "自行的动作"
    ),
    "field-action.pdf": (lambda: annotated(Subtype=Name.Widget, AA=Dictionary(K=alert())), "自行的动作"),
    "opens-address.pdf": (
        lambda: in_root(OpenAction=Dictionary(S=Name.URI, URI=String("https://example.invalid"))), "自行的动作"
    ),
    "launch.pdf": (lambda: linked(S=Name.Launch, F=String("cmd.exe")), "启动程序"),
    "submit.pdf": (lambda: linked(S=Name.SubmitForm, F=String("https://example.invalid")), "提交数据"),
    "import-data.pdf": (lambda: linked(S=Name.ImportData, F=String("a.fdf")), "导入数据"),
    "other-file.pdf": (lambda: linked(S=Name.GoToR, F=String("b.pdf"), D=String("a")), "别的文件"),
    "inner-file.pdf": (lambda: linked(S=Name.GoToE, D=String("a")), "别的文件"),
    "script-address.pdf": (lambda: linked(S=Name.URI, URI=String("javascript:alert(1)")), "别的文件"),
    "attachment.pdf": (lambda: pdf(attached), "附件"),
    "file-note.pdf": (lambda: pdf(file_note), "附件"),
    "rich-media.pdf": (lambda: annotated(Subtype=Name.RichMedia), "音视频"),
    "movie.pdf": (lambda: annotated(Subtype=Name.Movie), "音视频"),
    "screen.pdf": (lambda: annotated(Subtype=Name.Screen), "音视频"),
    "three-d.pdf": (lambda: annotated(Subtype=Name("/3D")), "三维"),
    "xfa.pdf": (lambda: in_root(AcroForm=Dictionary(XFA=String("x"), Fields=Array())), "XFA"),
    "external-stream.pdf": (lambda: pdf(external_stream), "外部文件"),
    "owner-locked.pdf": (lambda: pdf(encryption=pikepdf.Encryption(owner="x", user="", R=6)), "加了密"),
    "locked.pdf": (lambda: pdf(encryption=pikepdf.Encryption(owner="x", user="y", R=4)), "加了密"),
    "torn.pdf": (lambda: pdf()[:200], "损坏"),
    "really-a-picture.pdf": (lambda: picture("PNG"), "内容却是图片"),
    "really-a-pdf.png": (lambda: in_root(OpenAction=alert()), "内容却是 PDF"),
    "torn.jpg": (lambda: b"no picture", "损坏"),
    "macro.docx": (lambda: word({"word/vbaProject.bin": OLE}), "宏"),
    "renamed-macro.docx": (lambda: word({"word/media/photo.png": OLE}), "宏"),
    "macro-type.docx": (lambda: word({TYPES: typed("application/vnd.ms-office.vbaProject")}), "宏"),
    "macro-enabled.docx": (
        lambda: word({TYPES: typed("application/vnd.ms-word.document.macroEnabled.main+xml")}), "宏"
    ),
    "activex.docx": (lambda: word({TYPES: typed("application/vnd.ms-office.activeX+xml")}), "控件"),
    "object.docx": (lambda: word({"word/embeddings/oleObject1.bin": OLE}), "嵌入的文件"),
    "program.docx": (lambda: word({"word/media/photo.jpeg": b"MZ" + bytes(99)}), "程序"),
    "inner-book.docx": (lambda: word({"word/embeddings/a.xlsx": book()}), "嵌入的文件"),
    "image.docx": (lambda: word({WORD_RELS: related("image", "https://example.invalid/a.png")}), "外部图片"),
    "linked-image.docx": (
        lambda: word(
            in_body(
                '<w:p><w:r><a:blip xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
                f' xmlns:r="{OFFICE_RELATION}" r:link="rId1"/></w:r></w:p>'
            )
        ), "外部图片"
    ),
    "template.docx": (
        lambda: word({WORD_RELS: related("attachedTemplate", "https://example.invalid/a.dotm")}), "外部模板"
    ),
    "frame.docx": (lambda: word({WORD_RELS: related("frame", "https://example.invalid/")}), "外部内容"),
    "alt-chunk.docx": (lambda: word({WORD_RELS: related("aFChunk", "a.html", outside=False)}), "嵌入的文件"),
    "dde.docx": (lambda: word(with_field('DDEAUTO c:\\x "y"')), "DDE"),
    "dde-in-pieces.docx": (lambda: word(with_field("D", "DE", " x")), "DDE"),
    "dde-quoted.docx": (lambda: word(_put_together()), "拼成的域"),
    "dde-simple.docx": (
        lambda: word(in_body('<w:p><w:fldSimple w:instr=" dde x y "><w:r><w:t>1</w:t></w:r></w:fldSimple></w:p>')), "DDE"
    ),
    "include-text.docx": (lambda: word(with_field("INCLUDETEXT \\\\server\\a.docx")), "INCLUDETEXT"),
    "include-picture.docx": (lambda: word(with_field(" includepicture https://example.invalid")), "INCLUDEPICTURE"),
    "link-field.docx": (lambda: word(with_field("LINK Excel.Sheet x")), "LINK"),
    "macro-button.docx": (lambda: word(with_field("MACROBUTTON Go x")), "MACROBUTTON"),
    "mail-merge.docx": (
        lambda: word({"word/settings.xml": lambda old: old.replace(b"</w:settings>", b"<w:mailMerge/></w:settings>")}),
        "邮件合并",
    ),
    "entities.docx": (lambda: word({"word/extra.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}), "DTD"),
    "not-a-word-file.docx": (book, "内容却不是"),
    "torn.docx": (lambda: word()[:500], "打不开"),
    "macro.xlsx": (lambda: book({"xl/vbaProject.bin": OLE}), "宏"),
    "macro-sheet.xlsx": (lambda: book({TYPES: typed("application/vnd.ms-excel.macrosheet+xml")}), "宏表"),
    "link.xlsx": (lambda: book({BOOK_RELS: related("externalLink", "externalLinks/externalLink1.xml", outside=False)}),
                  "外部链接"),
    "dde.xlsx": (lambda: book({"xl/externalLinks/externalLink1.xml": b"<externalLink><ddeLink/></externalLink>"}), "DDE"),
    "dde-formula.xlsx": (lambda: book(formula="=cmd|'/c calc'!A0"), "DDE"),
    "webservice.xlsx": (lambda: book(formula='=_xlfn.WEBSERVICE("https://example.invalid")'), "公式"),
    "auto-open.xlsx": (
        lambda: book(
            {BOOK: lambda old: old.replace(b"<definedNames", b"<definedNames").replace(
                b"</sheets>", b'</sheets><definedNames><definedName name="Auto_Open">Sheet1!$A$1</definedName></definedNames>'
            )}
        ), "宏"
    ),
    "connection.xlsx": (
        lambda: book({TYPES: typed("application/vnd.openxmlformats-officedocument.spreadsheetml.connections+xml")}),
        "外部数据连接",
    ),
    "object.xlsx": (lambda: book({"xl/embeddings/oleObject1.bin": OLE}), "嵌入的文件"),
}  # fmt: skip


def written(folder: Path, names: list[str]) -> list[Path]:
    """Write files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(HARMLESS[name]() if name in HARMLESS else ACTING[name][0]())
    return [folder / name for name in names]
