"""Makes the roster fixtures of this folder with programs that offices use.

    python3 -m venv VENV && VENV/bin/pip install openpyxl==3.1.5
    VENV/bin/python make.py            # needs LibreOffice Calc (soffice) on the path

Every person is synthetic: born before 1911, numbers drawn from a fixed seed, check digits right.
"""

import csv
import datetime
import io
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import zipfile

import openpyxl
from openpyxl.utils import get_column_letter

HERE = pathlib.Path(__file__).parent
HEADER = ["姓名", "公民身份号码", "残疾人证号", "手机号", "联系人关系", "户籍地", "就业状况", "合理便利需求", "同意书", "备注"]
REGIONS = [
    ("370102", "山东省济南市历下区"), ("330106", "浙江省杭州市西湖区"), ("510107", "四川省成都市武侯区"),
    ("230102", "黑龙江省哈尔滨市道里区"), ("650102", "新疆维吾尔自治区乌鲁木齐市天山区"), ("530102", "云南省昆明市五华区"),
    ("441900", "广东省东莞市"), ("110105", "北京市朝阳区"),
]
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"
GIVEN = ["样一", "样二", "示例", "虚构", "明例", "无名", "甲", "乙", "测样", "试行"]
NEEDS = ["", "轮椅", "手语", "大字、读屏", "盲文,陪同", "无", "其他"]


def check_digit(body):
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return "10X98765432"[sum(int(d) * w for d, w in zip(body, weights)) % 11]


def citizen_id(rng, area=None, birth=None):
    area = area or rng.choice(REGIONS)[0]
    birth = birth or datetime.date(1901, 1, 1) + datetime.timedelta(days=rng.randrange(3600))
    body = f"{area}{birth:%Y%m%d}{rng.randrange(1, 1000):03d}"
    return body + check_digit(body)


def people(seed, count, names=None):
    """Rows in the order of HEADER, all values as text."""
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        code, full = rng.choice(REGIONS)
        number = citizen_id(rng)
        card = number + str(rng.randint(1, 7)) + str(rng.randint(1, 4)) if rng.random() < 0.6 else ""
        phone = f"1{rng.choice('3578')}{rng.randrange(10**9):09d}" if rng.random() < 0.9 else ""
        name = names[i % len(names)] if names else SURNAMES[i % len(SURNAMES)] + GIVEN[rng.randrange(len(GIVEN))]
        rows.append([
            name, number, card, phone,
            rng.choice(["本人", "监护人", "村居"]) if phone else "",
            rng.choice([code, full]), rng.choice(["是", "否", "已就业", "未就业"]), rng.choice(NEEDS),
            f"是 2026-02-{rng.randint(1, 28):02d}", rng.choice(["", "", "下午班"]),
        ])
    return rows


def book(rows, name, header=HEADER, sheet="学员名单", first_sheet=None, convert=lambda field, value: value, above=()):
    wb = openpyxl.Workbook()
    ws = wb.active
    if first_sheet:
        ws.title = first_sheet
        ws.append(["填写说明"])
        ws.append(["姓名要与身份证一致。"])
        ws = wb.create_sheet(sheet)
    else:
        ws.title = sheet
    for line in above:
        ws.append(line)
    ws.append(header)
    for row in rows:
        ws.append([convert(field, value) if value != "" else None for field, value in zip(header, row)])
    for row in ws.iter_rows():
        for cell in row:
            if isinstance(cell.value, str) and not cell.value.startswith("="):
                cell.number_format = "@"
    wb.save(HERE / name)
    stable(HERE / name)
    return wb


def stable(path):
    """Writes the archive again with fixed times, so that a second run gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == "docProps/core.xml":
                data = re.sub(rb">\d{4}-\d\d-\d\dT[^<]*Z<", b">2026-01-01T00:00:00Z<", data)
            if info.filename in ("meta.xml", "Thumbnails/thumbnail.png"):
                continue
            fresh = zipfile.ZipInfo(info.filename, (2026, 1, 1, 0, 0, 0))
            fresh.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(fresh, data)
    path.write_bytes(out.getvalue())


def patch(source, name, change=None, add=None):
    """A copy of a workbook with some parts changed or added."""
    with zipfile.ZipFile(HERE / source) as old, zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = old.read(info)
            if change:
                data = change(info.filename, data)
            new.writestr(zipfile.ZipInfo(info.filename, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
        for path, data in (add or {}).items():
            new.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


def text(rows, name, encoding, delimiter=",", header=HEADER, end="\r\n"):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(header)
    writer.writerows(rows)
    (HERE / name).write_bytes(out.getvalue().encode(encoding))


def soffice(source, target_name, to="xlsx", infilter=None):
    with tempfile.TemporaryDirectory() as folder:
        command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", to, "--outdir", folder]
        if infilter:
            command.append(f"--infilter={infilter}")
        subprocess.run([*command, str(source)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        made = pathlib.Path(folder) / (pathlib.Path(source).stem + "." + to)
        shutil.copy(made, HERE / target_name)
    if to in ("xlsx", "ods"):
        stable(HERE / target_name)


def good():
    def typed(field, value):
        """As people type: numbers where a program makes numbers of them, dates as dates."""
        if field == "手机号":
            return int(value)
        if field == "户籍地" and value.isdigit():
            return int(value)
        if field == "同意书" and int(value[-2:]) % 2:
            return datetime.date.fromisoformat(value[2:])
        return value

    order = [5, 0, 1, 3, 4, 2, 8, 7, 6, 9]
    rows = people("openpyxl", 30)
    shuffled = [HEADER[i] for i in order]
    synonyms = {"姓名": "学员姓名*", "公民身份号码": "身份证号码(18 位)", "手机号": "联系电话", "户籍地": "户籍所在地"}
    wb_header = [synonyms.get(h, h) for h in shuffled]
    by_synonym = {synonyms.get(h, h): h for h in HEADER}
    book([[row[i] for i in order] for row in rows], "good-openpyxl.xlsx", wb_header, first_sheet="填写说明",
         convert=lambda field, value: typed(by_synonym[field], value), above=[["二〇二六年春季班学员名单"], []])

    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "roster.csv"
        with open(source, "w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(HEADER + ["班主任"])
            writer.writerows(row + ["某老师"] for row in people("libreoffice", 30))
        columns = "/".join(f"{i}/2" for i in range(1, 12))
        soffice(source, "good-libreoffice.xlsx", infilter=f"CSV:44,34,76,1,{columns}")

    text(people("gb18030", 30), "good-gb18030.csv", "gb18030")
    text(people("utf8-bom", 6), "good-utf8-bom.csv", "utf-8-sig", delimiter=";", end="\n")
    rare = ["𠮷样一", "㐂示例", "𬱖乙", "买买提·样本", "欧阳样二", "龘虚构"]
    text(people("extension-b", 6, rare), "extension-b-gb18030.csv", "gb18030", delimiter="\t")
    book(people("extension-b", 6, rare), "extension-b.xlsx")


def broken():
    """One fault a row. The note names the code that is expected."""
    rng = random.Random("broken")
    base = lambda: ["样本甲", citizen_id(rng), "", "13900000000", "本人", "370102", "否", "", "是 2026-02-01", ""]
    rows = []

    def row(code, **changes):
        values = base()
        for field, value in changes.items():
            values[{"name": 0, "id": 1, "card": 2, "phone": 3, "contact": 4, "region": 5, "employed": 6, "needs": 7, "consent": 8}[field]] = value
        values[9] = code
        rows.append(values)
        return values

    full_width = citizen_id(rng).translate({ord("0") + i: 0xFF10 + i for i in range(10)})
    number = citizen_id(rng)
    row("required", name="")
    row("name-space", name="样 本")
    row("name-invisible", name="样\u200b本")
    row("name-digits", name="样本1")
    row("name-full-width", name="样本Ａ")
    row("name-dot", name="样本•甲")
    row("name-normal-form", name="样\uf9dc")
    row("name-length", name="样" * 51)
    row("name-charset", name="样<本>")
    row("formula", name='="样"&"本"')
    row("required", id="")
    row("id-full-width", id=full_width)
    row("id-spaces", id=f"{number[:6]} {number[6:14]} {number[14:]}")
    row("id-apostrophe", id="'" + citizen_id(rng))
    row("id-lost-precision", id=110105190808080000)
    row("id-lost-precision", id="1.10105E+17")
    row("id-15-digits", id="110105080808001")
    wrong = citizen_id(rng, area="370102", birth=datetime.date(1905, 5, 5))
    row("id-checksum", id=wrong[:17] + ("1" if wrong[17] != "1" else "2"))
    body = "51010719010229459"
    row("id-birth-date", id=body + check_digit(body))
    body = "99010119060606017"
    row("id-area", id=body + check_digit(body))
    body = "11010519080808000"
    row("id-sequence", id=body + check_digit(body))
    row("id-length", id=citizen_id(rng)[:17])
    row("id-charset", id=citizen_id(rng)[:10] + "O" + "1234567")
    row("below-age", id=citizen_id(rng, area="370102", birth=datetime.date(2015, 1, 1)))
    row("card-other-person", card=citizen_id(rng) + "42")
    bad_card = row("card-category")
    bad_card[2] = bad_card[1] + "81"
    row("card-length", card="12345")
    for code, tail in [("card-charset", "４2"), ("card-level", "45"), ("card-reissue", "42B0")]:
        values = row(code)
        values[2] = values[1] + tail
    values = row("card-citizen-id")
    values[2] = values[1][:17] + ("1" if values[1][17] != "1" else "2") + "42"
    row("phone", phone="12800000000")
    row("phone", phone="0531-1234567")
    row("contact", contact="邻居")
    row("contact-without-phone", contact="监护人", phone="")
    row("required", region="")
    row("unknown-region", region="某省某市某县")
    row("region-level", region="370000")
    row("required", employed="")
    row("employed-word", employed="待定")
    row("consent-missing", consent="否")
    row("consent-date", consent="是")
    row("consent-in-future", consent="是 2026-12-31")
    row("consent-date", consent="是 2026-02-30")
    row("cell-error", region="#N/A")
    twin = row("duplicate")
    row("duplicate")[1] = twin[1]
    book(rows, "broken.xlsx")

    rows = [
        ["样例", "110101190001010014", "", "13800000000", "本人", "北京市东城区", "否", "轮椅", "是 2026-01-01", "样例"],
        base(), [""] * 10, base(), [""] * 10, ["样例二", "", "", "", "", "", "", "", "", "样例"], base(),
    ]
    rows[3][9] = "第一行\n第二行, 有“逗号”和\"引号\""
    text(rows, "counts.csv", "utf-8")


def hostile():
    rows = people("hostile", 3)
    book(rows, "plain.xlsx")
    sheet = "xl/worksheets/sheet1.xml"

    def into(path, find, replace):
        def change(name, data):
            assert name != path or find in data, (path, find)
            return data.replace(find, replace, 1) if name == path else data
        return change

    filler = b"<row r=\"9\"><c r=\"A9\" t=\"inlineStr\"><is><t>" + b"0" * 3000 + b"</t></is></c></row>"
    patch("plain.xlsx", "bomb.xlsx", into(sheet, b"</sheetData>", filler * ((72 << 20) // len(filler)) + b"</sheetData>"))
    # Only LibreOffice writes shared strings; openpyxl writes every text in its cell.
    strings = "xl/sharedStrings.xml"
    patch("good-libreoffice.xlsx", "doctype.xlsx", into(strings, b"<sst", b'<!DOCTYPE sst [<!ENTITY a "aaaa">]><sst'))
    patch("good-libreoffice.xlsx", "unique-count.xlsx", into(strings, b'uniqueCount="', b'uniqueCount="99999999999'))
    patch("plain.xlsx", "macros.xlsm", add={"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"})
    patch("plain.xlsx", "external-link.xlsx", add={"xl/externalLinks/externalLink1.xml": b"<externalLink/>"})
    patch("plain.xlsx", "ole.xlsx", add={"xl/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0"})
    patch("plain.xlsx", "twice.xlsx", into(sheet, b"</sheetData>", b'<row r="2"><c r="A2"><v>1</v></c></row></sheetData>'))

    wb = openpyxl.load_workbook(HERE / "plain.xlsx")
    wb.active["XFD1048576"] = "远"
    wb.save(HERE / "corner.xlsx")
    stable(HERE / "corner.xlsx")

    # A formula with its value (LibreOffice computes it) and without one (openpyxl never does).
    def formulas(name):
        wb = openpyxl.load_workbook(HERE / "plain.xlsx")
        wb.active["F2"] = '="370"&"102"'
        wb.active["A3"] = '="样"&"本"'
        wb.save(HERE / name)
        stable(HERE / name)

    formulas("formula-no-value.xlsx")
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "formula.xlsx"
        shutil.copy(HERE / "formula-no-value.xlsx", source)
        soffice(source, "formula-value.xlsx", to="ods")
        source = pathlib.Path(folder) / "again.ods"
        shutil.move(HERE / "formula-value.xlsx", source)
        soffice(source, "formula-value.xlsx")
        soffice(HERE / "plain.xlsx", "plain.ods", to="ods")
        soffice(HERE / "plain.xlsx", "plain.xls", to="xls")

    lines = ["姓名,公民身份号码,户籍地,同意书"] + [",".join([r[0], r[1], r[5], r[8]]) for r in rows]
    gb = [line.encode("gb18030") for line in lines]
    (HERE / "mixed.csv").write_bytes(b"\r\n".join(gb[:2] + [lines[2].encode()] + gb[3:]))
    (HERE / "undecodable.csv").write_bytes(b"\r\n".join(gb[:3] + [gb[3] + b"\xff\xff"]))
    (HERE / "nul.csv").write_bytes("\n".join(lines).encode() + b"\n\x00")
    (HERE / "replaced.csv").write_bytes("\n".join(lines + ["\ufffd,,,"]).encode())
    (HERE / "utf16.csv").write_bytes("\r\n".join(lines).encode("utf-16"))
    (HERE / "open-quote.csv").write_bytes(("\n".join(lines) + '\n"样本,').encode())
    (HERE / "web-page.xls").write_bytes("<html><table><tr><td>姓名</td></tr></table></html>".encode())
    (HERE / "no-consent.csv").write_bytes("姓名,身份证号,户籍地,班级\n样本,1,2,3\n".encode())
    (HERE / "double-header.csv").write_bytes("姓名,身份证号,证件号码,户籍地,同意书\n样本,1,2,3,4\n".encode())


if __name__ == "__main__":
    good()
    broken()
    hostile()
