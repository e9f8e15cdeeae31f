"""States of the screen, one or more for each phase; and one for each of the terminal's own texts."""

import pathlib
import re

HEALTH = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "Health"


def text(zh, en):
    return {"zh": zh, "en": en}


def state(role, phase, **more):
    base = {
        "role": role, "terminal": 7, "name": "一食堂 3 号窗口" if role == "canteen" else "一食堂门口 A",
        "phase": phase, "isTraining": False, "means": ["card"], "dishes": [], "isOnline": True, "queued": 0,
        "conditions": [],
    }
    if role == "canteen":
        base |= {"operatorNumber": 1024, "meal": text("午餐", "Lunch"), "means": ["card", "code"]}
    return base | more


def result(code, title, next_step, **more):
    return {"code": code, "title": text(*title), "nextStep": text(*next_step), **more}


DISHES = [
    {"number": number, "name": text(zh, en), "priceFen": price} for number, zh, en, price in [
        (1, "米饭", "Rice", 50), (2, "馒头", "Steamed bun", 60), (3, "红烧肉", "Braised pork", 800),
        (4, "番茄炒蛋", "Egg with tomato", 350), (5, "宫保鸡丁", "Kung pao chicken", 650),
        (6, "清炒时蔬", "Seasonal greens", 250), (7, "麻婆豆腐", "Mapo tofu", 400), (8, "紫菜蛋花汤", "Seaweed egg soup", 150),
        (9, "牛肉面", "Beef noodles", 1200), (10, "豆浆", "Soy milk", 200), (11, "水煮鱼片", "Poached fish", 1500),
        (12, "酸奶", "Yoghurt", 450), (13, "煎饼", "Pancake", 500),
        (14, "小笼包", "Soup dumplings", 700), (15, "鱼香肉丝", "Shredded pork", 650), (16, "土豆丝", "Potato shreds", 250),
        (17, "兰州拉面", "Lanzhou noodles", 1000), (18, "玉米", "Corn", 300), (19, "茶叶蛋", "Tea egg", 150),
        (20, "扬州炒饭", "Yangzhou fried rice", 900), (21, "凉皮", "Cold noodles", 600), (88, "水果拼盘", "Fruit plate", 1000),
    ]
]
PAID = result("YK-B00", ("支付成功", "paid"), ("请取餐", "enjoy your meal"), amountFen=1250, balanceFen=8750, subsidyFen=300)
OFFLINE_PAID = result(
    "YK-B00", ("支付成功", "paid"), ("请取餐", "enjoy your meal"), amountFen=123450, allowanceFen=6000)
REFUSED = result(
    "YK-B05", ("余额不足", "the balance is not enough"), ("在手机应用中充值", "top up in the app"), amountFen=1250)
LIMIT = result(
    "YK-B07", ("超过本餐次限额", "over this meal's limit"), ("减少金额，或换其他方式付款", "take less, or pay in another way"),
    amountFen=8800)
AGAIN = result(
    "YK-B10", ("卡片移开过早，尚未扣款", "the card left too early; nothing was paid yet"),
    ("请再刷同一张卡", "show the same card again"))
ACTIVATED = result("YK-A00", ("卡片激活成功", "card activated"), ("请取走卡片", "take the card"))
NO_ACCOUNT = result(
    "YK-A02", ("尚未开户", "no account was opened for this holder"), ("先在手机应用中开通账户", "open the account in the app first"))
LOST = result(
    "YK-A04", ("卡片已挂失", "the card was reported lost"),
    ("在手机应用中解挂，或到卡务中心办理", "report it found in the app, or go to the card centre"))
REMOVED = result(
    "YK-A10", ("卡片移开过早，激活未完成", "the card left while it was being activated"),
    ("请重新放卡，激活会继续完成", "lay the card down again; activation goes on from there"))
NO_NETWORK = {
    "code": "YK-N01", "severity": "degraded", "title": text("无法连接账务系统", "the ledger cannot be reached"),
    "nextStep": text("检查网线和交换机", "check the cable and the switch"),
}
OLD_HOTLIST = {
    "code": "YK-N05", "severity": "degraded", "title": text("挂失名单过旧", "the hotlist is old"),
    "nextStep": text("恢复网络后会自动更新", "it updates itself once the network is back"),
}
NO_JOURNAL = {
    "code": "YK-J01", "severity": "out-of-service", "title": text("流水无法写入", "the journal cannot be written"),
    "nextStep": text("更换存储，再重启终端", "replace the disk, then restart the terminal"),
}
CASH = {"amountFen": 1250, "dishes": DISHES}

# Name, state, and the number of pictures that the sign shows.
FACE = [
    ("idle", state("canteen", "idle"), 1),
    ("idle-offline", state("canteen", "idle", isOnline=False, queued=128, conditions=[NO_NETWORK, OLD_HOTLIST]), 1),
    ("amount", state("canteen", "amount", amountFen=1250, entry="8+4.5"), 1),
    ("amount-large", state("canteen", "amount", amountFen=999999), 1),
    ("present", state("canteen", "present", amountFen=1250), 2),
    ("present-card", state("canteen", "present", amountFen=800, means=["card"], isOnline=None), 1),
    ("present-all", state("canteen", "present", amountFen=123450, means=["card", "code", "face"], isOnline=False,
                          queued=9, conditions=[NO_NETWORK]), 3),
    ("present-refund", state("canteen", "present", amountFen=1250, means=["card"], task=text("退款", "refund")), 1),
    ("working", state("canteen", "working", amountFen=1250), 1),
    ("pin", state("canteen", "pin", amountFen=8800, pinDigits=3), 0),
    ("done", state("canteen", "done", result=PAID), 1),
    ("done-offline", state("canteen", "done", result=OFFLINE_PAID, isOnline=False, queued=17, conditions=[NO_NETWORK]), 1),
    ("refused", state("canteen", "refused", result=REFUSED), 1),
    ("refused-limit", state("canteen", "refused", result=LIMIT, isOnline=False, conditions=[NO_NETWORK]), 1),
    ("again", state("canteen", "again", amountFen=1250, result=AGAIN), 1),
    ("closed", state("canteen", "closed", operatorNumber=None), 1),
    ("out-of-service", state("canteen", "out-of-service", conditions=[NO_JOURNAL, NO_NETWORK], isOnline=False, queued=40), 1),
    ("training-present", state("canteen", "present", amountFen=1250, isTraining=True), 2),
    ("training-done", state("canteen", "done", result=PAID, isTraining=True), 1),
    ("kiosk-idle", state("activation", "idle"), 1),
    ("kiosk-working", state("activation", "working", progressPercent=68), 1),
    ("kiosk-done", state("activation", "done", result=ACTIVATED), 1),
    ("kiosk-refused", state("activation", "refused", result=NO_ACCOUNT), 1),
    ("kiosk-refused-long", state("activation", "refused", result=LOST, isOnline=False, queued=3, conditions=[NO_NETWORK]), 1),
    ("kiosk-again", state("activation", "again", result=REMOVED), 1),
    ("kiosk-out-of-service", state("activation", "out-of-service", conditions=[NO_JOURNAL]), 1),
]

CASHIER = [
    ("cashier-idle", state("canteen", "idle", dishes=DISHES, result=PAID), 1),
    ("cashier-amount", state("canteen", "amount", entry="8+4.5", result=PAID, **CASH), 1),
    ("cashier-no-dishes", state("canteen", "amount", amountFen=1250, entry="12.5"), 1),
    ("cashier-present", state("canteen", "present", result=REFUSED, **CASH), 1),
    ("cashier-working", state("canteen", "working", **CASH), 1),
    ("cashier-pin", state("canteen", "pin", pinDigits=4, **CASH), 1),
    ("cashier-done", state("canteen", "done", dishes=DISHES, result=OFFLINE_PAID, isOnline=False, queued=17,
                           conditions=[NO_NETWORK]), 1),
    ("cashier-refused", state("canteen", "refused", dishes=DISHES, result=LIMIT), 1),
    ("cashier-again", state("canteen", "again", result=AGAIN, **CASH), 1),
    ("cashier-closed", state("canteen", "closed", operatorNumber=None, dishes=DISHES), 1),
    ("cashier-void", state("canteen", "present", task=text("撤销上一笔", "void the last sale"), result=PAID, **CASH), 1),
    ("cashier-out-of-service", state("canteen", "out-of-service", conditions=[NO_JOURNAL, NO_NETWORK], dishes=DISHES), 1),
    ("cashier-training", state("canteen", "amount", entry="8+4.5", isTraining=True, conditions=[OLD_HOTLIST], **CASH), 1),
]


def notices():
    """Code, title and next step of every outcome, as Sources/Health words them."""
    sales = (HEALTH / "SaleOutcomes.swift").read_text(encoding="utf-8")
    taps = (HEALTH / "Outcomes.swift").read_text(encoding="utf-8")
    pair = r'Text\(\s*"([^"]*)",\s*"([^"]*)"\s*\)'
    for number, title_zh, title_en, next_zh, next_en in re.findall(
            r'= sale\(\s*(\d+), "[^"]*",\s*' + pair + r",\s*" + pair, sales):
        yield f"YK-B{int(number):02}", (title_zh, title_en), (next_zh, next_en)
    for code, title_zh, title_en, next_zh, next_en in re.findall(
            r'Notice\(\s*"(YK-A\d\d)",.*?title: ' + pair + r",\s*nextStep: " + pair, taps, re.S):
        yield code, (title_zh, title_en), (next_zh, next_en)


def worded(code, title, next_step):
    """How the screen shows it: the card again where it was lost on the way, else a refusal, which has the least room."""
    role = "canteen" if code.startswith("YK-B") else "activation"
    phase = "again" if code in ("YK-B07", "YK-B08", "YK-A09", "YK-A10") else "refused"
    more = {"amountFen": 1250} if role == "canteen" else {}
    return f"words-{code}", state(role, phase, result=result(code, title, next_step, **more)), 1


WORDS = [worded(*notice) for notice in notices()]
assert len(WORDS) > 45, "the texts of Sources/Health could not be read"
