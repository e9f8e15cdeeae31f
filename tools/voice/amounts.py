"""Which words a number is read with, as the terminal reads it: here only to put numbers together and measure them."""

DIGITS = "零一二三四五六七八九"
SMALL = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
         "seventeen eighteen nineteen").split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()


def words(amount, language):
    """The words of an amount below 100,000 that is written as 12.50."""
    yuan, _, hundredths = amount.partition(".")
    return (mandarin if language == "zh-CN" else english)(int(yuan), hundredths.ljust(2, "0"))


def mandarin(yuan, hundredths):
    read = []
    if yuan == 2:
        read = ["两"]
    elif yuan or hundredths == "00":
        read = mandarin_number(yuan)
    if read:
        read[-1] += "元"
    for digit, unit in zip(hundredths, "角分"):
        if digit != "0":
            read.append(DIGITS[int(digit)].replace("二", "两") + unit)
        elif unit == "角" and hundredths[1] != "0" and read:
            read.append("零")
    return read


def mandarin_number(number):
    if number < 10:
        return [DIGITS[number]]
    read, skipped = [], False
    for value, unit in ((10_000, "万"), (1_000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // value % 10
        if not digit:
            skipped = True
            continue
        if skipped and read:
            read.append("零")
        skipped = False
        if unit == "十" and digit == 1 and not read:
            read.append("十")
        else:
            read.append(("两" if digit == 2 and unit in "万千百" and unit else DIGITS[digit]) + unit)
    return read


def english(yuan, hundredths):
    read = english_number(yuan)
    decimals = hundredths.rstrip("0")
    if decimals:
        read += ["point", *(SMALL[int(digit)] for digit in decimals)]
    return [*read, "yuan"]


def english_number(number):
    for value, unit in ((1_000, "thousand"), (100, "hundred")):
        if number >= value:
            rest = number % value
            return [*english_number(number // value), unit, *(english_number(rest) if rest else [])]
    if number < 20:
        return [SMALL[number]]
    return [TENS[number // 10], *([SMALL[number % 10]] if number % 10 else [])]
